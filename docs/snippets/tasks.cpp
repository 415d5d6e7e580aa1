// The snippets of docs/tasks.md.
#include <hocket/aio.hpp>

#include <cassert>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;

#undef assert
#define assert(condition)                                                           \
    do {                                                                            \
        if (!(condition)) {                                                         \
            std::cerr << __FILE__ << ":" << __LINE__ << ": " << #condition << '\n'; \
            std::exit(1);                                                           \
        }                                                                           \
    } while (false)

// [task]
hk::Task<int> answer() {
    co_await hk::sleep(10ms);
    co_return 42;
}

hk::Task<int> twice() {
    const int once = co_await answer();  // runs answer() now, in this task
    co_return 2 * once;
}
// [task]

// [gather]
hk::Task<int> total(std::vector<int> numbers) {
    auto work = [](int number) -> hk::Task<int> {
        co_await hk::sleep(10ms);
        co_return number;
    };
    std::vector<hk::Task<int>> tasks;
    for (int number : numbers) tasks.push_back(work(number));
    const std::vector<int> results = co_await hk::gather(std::move(tasks));  // all at the same time, results in order
    int sum = 0;
    for (int result : results) sum += result;
    co_return sum;
}
// [gather]

hk::Task<void> step(std::vector<std::string>& log, std::string name, std::chrono::milliseconds time) {
    co_await hk::sleep(time);
    log.push_back(name);
}

// [group]
hk::Task<void> group(std::vector<std::string>& log) {
    co_await hk::task_group([&](hk::TaskGroup& tasks) -> hk::Task<void> {
        tasks.create_task(step(log, "slow", 20ms), "slow");
        tasks.create_task(step(log, "fast", 10ms), "fast");
        co_return;
    });
    log.push_back("both have ended");  // not before
}
// [group]

// [failure]
hk::Task<void> fails() {
    co_await hk::sleep(1ms);
    throw std::runtime_error("out of luck");
}

hk::Task<std::string> failure() {
    try {
        co_await hk::task_group([](hk::TaskGroup& tasks) -> hk::Task<void> {
            tasks.create_task(fails());
            tasks.create_task([]() -> hk::Task<void> { co_await hk::sleep(1h); }());  // is cancelled
            co_return;
        });
    } catch (const hk::ExceptionGroup& group) {
        co_return group.what();
    }
    co_return "no failure";
}
// [failure]

// [timeout]
hk::Task<std::string> patience() {
    try {
        co_await hk::timeout(5ms, hk::sleep(1h));
    } catch (const hk::TimeoutError&) {
        co_return "gave up";
    }
    co_return "waited an hour";
}
// [timeout]

// [cancel]
hk::Task<void> works_until_cancelled(bool& cleaned_up) {
    // C++ allows no co_await in a catch block; the clean-up of finally() runs on every way out, shielded from the
    // cancellation.
    co_await hk::finally(hk::sleep(1h), [&]() -> hk::Task<void> {
        co_await hk::sleep(1ms);
        cleaned_up = true;
    });
}

hk::Task<bool> cancel() {
    bool cleaned_up = false;
    hk::Future<void> work = hk::create_task(works_until_cancelled(cleaned_up), "work");
    co_await hk::yield_now();
    work.cancel("no longer needed");
    try {
        co_await work;
    } catch (const hk::CancelledError& error) {
        co_return cleaned_up&& error.reason() == "no longer needed";
    }
    co_return false;
}
// [cancel]

// [scope]
hk::Task<int> as_many_as_possible(std::chrono::milliseconds time) {
    int done = 0;
    hk::CancelScope scope;
    scope.set_deadline(hk::EventLoop::current().time() + time);
    try {
        for (;; ++done) co_await hk::sleep(1ms);
    } catch (const hk::CancelledError&) {
        if (!scope.timed_out()) throw;  // somebody else's cancellation
    }
    co_return done;
}
// [scope]

// [shield]
hk::Task<int> impatient(hk::Future<int> work) {
    try {
        co_return co_await hk::timeout(1ms, hk::shield(work));
    } catch (const hk::TimeoutError&) {
        co_return -1;  // the work goes on
    }
}
// [shield]

int main() {
    assert(hk::run(twice()) == 84);
    assert(hk::run(total({1, 2, 3})) == 6);
    std::vector<std::string> log;
    hk::run(group(log));
    assert((log == std::vector<std::string>{"fast", "slow", "both have ended"}));
    assert(hk::run(failure()).find("out of luck") != std::string::npos);
    assert(hk::run(patience()) == "gave up");
    assert(hk::run(cancel()));

    // [clock]
    hk::VirtualClock clock;  // time passes only when everybody waits for it
    assert(hk::run(as_many_as_possible(50ms), {.clock = &clock}) == 49);
    // [clock]

    // [seed]
    const hk::LoopOptions replayed{.clock = &clock, .seed = 20261120};  // the same seed, the same interleaving
    assert(hk::run(total({1, 2, 3}), replayed) == 6);
    // [seed]

    hk::run([]() -> hk::Task<void> {
        hk::Future<int> work = hk::create_task(answer());
        const int result = co_await impatient(work);
        assert(result == -1);
        const int late = co_await work;
        assert(late == 42);
    }());
}
