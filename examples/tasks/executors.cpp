// A thousand blocking calls from a coroutine: on a pool, on the loop's own pool, and by to_thread(), while the loop
// goes on ticking.
#include <hocket/aio.hpp>
#include <hocket/core.hpp>
#include <hocket/futures.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;

constexpr int kCalls = 1000;

hk::ContextVar<std::string> user("nobody");

int slow_double(int number) {
    std::this_thread::sleep_for(1ms);
    return 2 * number;
}

hk::Task<void> tick(int& ticks) {
    for (;; ++ticks) co_await hk::sleep(10ms);
}

bool in_order(const std::vector<int>& results) {
    for (int i = 0; i < kCalls; ++i) {
        if (results[static_cast<std::size_t>(i)] != 2 * i) return false;
    }
    return results.size() == kCalls;
}

hk::Task<std::vector<int>> on_a_pool() {
    hk::ThreadPool pool({.max_workers = 10, .max_pending = 10'000});
    std::vector<hk::Task<int>> calls;
    for (int i = 0; i < kCalls; ++i) calls.push_back(hk::run_in_executor(pool, slow_double, i));
    co_return co_await hk::gather(std::move(calls));
}

hk::Task<std::vector<int>> on_the_loops_pool() {
    std::vector<hk::Task<int>> calls;
    for (int i = 0; i < kCalls; ++i) calls.push_back(hk::to_thread(slow_double, i));
    co_return co_await hk::gather(std::move(calls));
}

std::string describe(const std::string& greeting, int number) {
    return greeting + " " + user.get() + ", number " + std::to_string(number);
}

hk::Task<void> calls(const int& ticks, std::weak_ptr<hk::Executor>& loops_pool) {
    const std::vector<int> first = co_await on_a_pool();
    std::cout << "on a pool: " << (in_order(first) ? "in order" : "wrong") << '\n';
    std::cout << "the loop went on: " << (ticks > 5 ? "yes" : "no") << '\n';

    const auto pool = std::make_shared<hk::ThreadPool>(
        hk::ThreadPoolOptions{.max_workers = 20, .name = "loop's own", .max_pending = 10'000});
    hk::EventLoop::current().set_default_executor(pool);  // without this call it makes one when it needs it
    loops_pool = pool;
    const std::vector<int> second = co_await on_the_loops_pool();
    std::cout << "on the loop's pool: " << (in_order(second) ? "in order" : "wrong") << '\n';

    user.set("Ada");  // the thread sees the caller's context
    const std::string text = co_await hk::to_thread(describe, std::string("hello"), 7);
    std::cout << text << '\n';
}

hk::Task<void> all(std::weak_ptr<hk::Executor>& loops_pool) {
    int ticks = 0;
    co_await hk::race(calls(ticks, loops_pool), tick(ticks));  // which ends the loser before it returns
}

int main() {
    std::weak_ptr<hk::Executor> loops_pool;
    hk::run(all(loops_pool));
    std::cout << (loops_pool.expired() ? "the loop's pool has gone with it\n" : "the loop's pool was left behind\n");
}
