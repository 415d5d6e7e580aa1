// The snippets of docs/crossing.md, as a program.
#undef NDEBUG
#include <atomic>
#include <cassert>
#include <chrono>
#include <hocket/aio.hpp>
#include <string>
#include <thread>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;

// [to_thread]
std::size_t reads_slowly(const std::string& text) {  // a function of another library, which blocks
    std::this_thread::sleep_for(1ms);
    return text.size();
}

hk::Task<std::size_t> length_of(std::string text) { co_return co_await hk::to_thread(reads_slowly, std::move(text)); }
// [to_thread]

hk::Task<int> answer() {
    co_await hk::sleep(1ms);
    co_return 42;
}

// [loop_thread]
int ask_from_a_thread() {
    hk::LoopThread background("background");               // a loop on a thread of its own
    hk::Future<int> future = background.submit(answer());  // or run_coroutine_threadsafe(answer(), background.loop())
    return future.result();                                // blocks this thread; future.cancel() would end the task
}  // cancels what still runs there, and joins
// [loop_thread]

// [loop_pool]
int ask_every_core() {
    hk::LoopPool loops;  // one per processor
    auto futures = loops.run_on_each([](std::size_t) { return answer(); });
    int sum = 0;
    for (auto& future : futures) sum += future.result();
    return sum / static_cast<int>(loops.size());
}
// [loop_pool]

// [race]
hk::Task<std::string> first_of_two() {
    auto mirror = [](std::string name, std::chrono::milliseconds delay) -> hk::Task<std::string> {
        co_await hk::sleep(delay);
        co_return name;
    };
    std::vector<hk::Task<std::string>> mirrors;
    mirrors.push_back(mirror("near", 1ms));
    mirrors.push_back(mirror("far", 10s));
    co_return co_await hk::race(std::move(mirrors));  // the other one is cancelled and awaited
}
// [race]

// [as_completed]
hk::Task<int> as_they_come(std::vector<hk::Future<int>> futures) {
    int sum = 0;
    auto completed = hk::async_as_completed(futures);
    while (auto future = co_await completed.next()) sum += future->result();
    co_return sum;
}

hk::Task<int> two_answers() {
    std::vector<hk::Future<int>> futures{hk::create_task(answer()), hk::create_task(answer())};
    auto [done, pending] = co_await hk::async_wait(futures, hk::FIRST_COMPLETED);
    assert(!done.empty());
    co_return co_await as_they_come(futures);
}
// [as_completed]

// [at_most]
hk::Task<std::vector<int>> politely(std::vector<hk::Task<int>> requests) {
    co_return co_await hk::gather(hk::at_most(10), std::move(requests));
}
// [at_most]

int main() {
    assert(hk::run(length_of("four")) == 4);
    assert(ask_from_a_thread() == 42);
    assert(ask_every_core() == 42);
    assert(hk::run(first_of_two()) == "near");
    assert(hk::run(two_answers()) == 84);
    const auto many = []() -> hk::Task<std::size_t> {
        std::vector<hk::Task<int>> requests;
        for (int i = 0; i < 100; ++i) requests.push_back(answer());
        const auto results = co_await politely(std::move(requests));
        co_return results.size();
    };
    assert(hk::run(many()) == 100);
}
