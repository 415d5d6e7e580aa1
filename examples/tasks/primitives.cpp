// Lock, Event, Condition and Semaphore between tasks: the same objects that threads use, with async_ before the verbs
// that wait. Who waits is served first come, first served; one that is cancelled has taken nothing. And what happens
// when something that belongs to a loop is used elsewhere.
#include <hocket/aio.hpp>
#include <hocket/http.hpp>
#include <hocket/sync.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

using Order = std::vector<int>;

void print(const std::string& what, const Order& order) {
    std::cout << what << ':';
    for (const int number : order) std::cout << ' ' << number;
    std::cout << '\n';
}

hk::Task<void> lock_in_turn(hk::Lock& lock, Order& served, int number) {
    const auto guard = co_await lock.async_lock();
    served.push_back(number);
    co_await hk::yield_now();  // held across it: the others wait
}

// Starts five that wait for what is not to be had yet, and cancels the third one.
template <class Wait>
hk::Task<std::vector<hk::Future<void>>> five_of_which_one_is_cancelled(Wait wait) {
    std::vector<hk::Future<void>> tasks;
    for (int i = 1; i <= 5; ++i) tasks.push_back(hk::create_task(wait(i)));
    co_await hk::yield_now();  // they wait
    tasks[2].cancel();
    co_await hk::yield_now();  // it has gone
    co_return tasks;
}

hk::Task<void> locks() {
    hk::Lock lock;
    Order served;
    const auto wait = [&](int number) { return lock_in_turn(lock, served, number); };
    lock.lock();
    const auto tasks = co_await five_of_which_one_is_cancelled(wait);
    lock.unlock();
    co_await hk::async_wait(tasks);
    print("lock", served);
    std::cout << (lock.try_lock() ? "free again\n" : "lost\n");
    lock.unlock();
}

hk::Task<void> wait_for_event(hk::Event& event, Order& woken, int number) {
    co_await event.async_wait();
    woken.push_back(number);
}

hk::Task<void> events() {
    hk::Event event;
    Order woken;
    const auto wait = [&](int number) { return wait_for_event(event, woken, number); };
    const auto tasks = co_await five_of_which_one_is_cancelled(wait);
    event.set();
    co_await hk::async_wait(tasks);
    print("event", woken);
}

hk::Task<void> wait_for_signal(hk::Condition& condition, int& signals, Order& woken, int number) {
    auto guard = co_await condition.async_lock();
    const auto signalled = [&] { return signals > 0; };
    co_await condition.async_wait(guard, signalled);
    --signals;
    woken.push_back(number);
}

hk::Task<void> conditions() {
    hk::Condition condition;
    int signals = 0;
    Order woken;
    const auto wait = [&](int number) { return wait_for_signal(condition, signals, woken, number); };
    const auto tasks = co_await five_of_which_one_is_cancelled(wait);
    {
        const auto guard = co_await condition.async_lock();
        signals = 2;
        condition.notify(2);
    }
    for (int i = 0; i < 10; ++i) co_await hk::yield_now();
    print("condition, two signals", woken);
    {
        const auto guard = co_await condition.async_lock();
        signals = 2;
        condition.notify_all();
    }
    co_await hk::async_wait(tasks);
    print("condition, all", woken);
}

hk::Task<void> enter(hk::Semaphore& two, int& inside, int& most, Order& order, int number) {
    co_await two.async_acquire();
    order.push_back(number);
    most = std::max(most, ++inside);
    co_await hk::sleep(1ms);
    --inside;
    two.release();
}

hk::Task<void> semaphores() {
    hk::Semaphore two(2);
    int inside = 0, most = 0;
    Order order;
    const auto wait = [&](int number) { return enter(two, inside, most, order, number); };
    two.acquire();
    two.acquire();
    const auto tasks = co_await five_of_which_one_is_cancelled(wait);
    two.release(2);
    co_await hk::async_wait(tasks);
    print("semaphore", order);
    std::cout << "at most " << most << " inside, " << two.value() << " free at the end\n";
}

// ---- elsewhere

hk::Task<void> add(hk::Lock& lock, int& number) {
    for (int i = 0; i < 1000; ++i) {
        const auto guard = co_await lock.async_lock();
        ++number;
    }
}

hk::Task<int> status_of(http::Client& client, std::string url) {
    const http::Response response = co_await client.get(url);
    co_return response.status();
}

void elsewhere() {
    // A lock belongs to nobody: tasks of two loops and a thread share it.
    hk::Lock lock;
    int number = 0;
    hk::LoopThread one, other;
    const hk::Future<void> first = one.submit(add(lock, number));
    const hk::Future<void> second = other.submit(add(lock, number));
    for (int i = 0; i < 1000; ++i) {
        const std::scoped_lock guard(lock);
        ++number;
    }
    first.result();
    second.result();
    std::cout << "two loops and a thread: " << number << '\n';

    // What has connections belongs to the loop that has used it first, and says so on another.
    http::Server server;
    one.submit(server.listen("127.0.0.1", 0)).result();
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    http::Client client;
    std::cout << "status " << hk::run(status_of(client, url)) << '\n';
    try {
        hk::run(status_of(client, url));
    } catch (const hk::InvalidStateError& error) {
        std::cout << error.what() << '\n';
    }
    one.submit(server.close()).result();

    // A task needs a loop that runs.
    try {
        (void)hk::create_task(add(lock, number));
    } catch (const hk::InvalidStateError& error) {
        std::cout << error.what() << '\n';
    }
}

hk::Task<void> all() {
    co_await locks();
    co_await events();
    co_await conditions();
    co_await semaphores();
}

int main() {
    hk::run(all());
    elsewhere();
}
