// The snippets of docs/threading.md, as a program.
#undef NDEBUG
#include <algorithm>
#include <cassert>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/threading.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

namespace {

std::vector<int> squares(int count) {
    std::vector<int> result;
    for (int i = 0; i < count; ++i) result.push_back(i * i);
    return result;
}

void thread() {
    // [thread]
    std::vector<int> result;
    hk::Thread thread([&](int count) { result = squares(count); }, 4);  // runs from here on
    thread.join();
    assert((result == std::vector<int>{0, 1, 4, 9}));
    // [thread]
}

void failure() {
    // [failure]
    hk::Thread thread([] { throw std::runtime_error("out of luck"); });
    try {
        thread.join();
    } catch (const std::runtime_error& error) {
        assert(error.what() == std::string("out of luck"));
    }
    // [failure]
}

void options() {
    hk::Event never;
    // [options]
    hk::Thread thread({.name = "logger", .stack_size = 64 * 1024, .daemon = false}, [&] { never.wait(); });
    assert(thread.name() == "logger" && thread.is_alive());
    assert(!thread.join_for(1ms));  // still there
    // [options]
}

void cancel() {
    // [cancel]
    hk::Thread worker([] {
        for (;;) hk::this_thread::sleep_for(1h);
    });
    worker.cancel("no longer needed");
    try {
        worker.join();
    } catch (const hk::CancelledError& error) {
        assert(error.reason() == "no longer needed");
    }
    // [cancel]
}

void check_cancelled() {
    // [check]
    hk::Thread busy([] {
        for (unsigned long number = 0;; ++number) {
            if (number % 1024 == 0) hk::this_thread::check_cancelled();
        }
    });
    // [check]
    busy.cancel();
}

void shield() {
    bool said_goodbye = false;
    hk::Semaphore line(0);
    // [shield]
    hk::Thread client([&] {
        try {
            hk::this_thread::sleep_for(1h);
        } catch (const hk::CancelledError&) {
            const hk::CancelShield shield;  // in here, waiting works again
            said_goodbye = line.try_acquire_for(5s);
            throw;
        }
    });
    // [shield]
    client.cancel();
    line.release();
    try {
        client.join();
    } catch (const hk::CancelledError&) {
    }
    assert(said_goodbye);
}

void this_thread() {
    // [this_thread]
    hk::Thread thread({.name = "napper"}, [] {
        assert(hk::this_thread::name() == "napper");
        hk::this_thread::sleep_for(1ms);
        hk::this_thread::sleep_until(std::chrono::system_clock::now() + 1ms);
        hk::this_thread::yield();
    });
    thread.join();
    // [this_thread]
}

void list() {
    hk::Event may_end;
    hk::Thread thread({.name = "somebody"}, [&] { may_end.wait(); });
    // [threads]
    const std::vector<hk::ThreadInfo> live = hk::threads();
    assert(std::any_of(live.begin(), live.end(), [](const hk::ThreadInfo& info) { return info.name == "somebody"; }));
    // [threads]
    may_end.set();
    thread.join();
}

void timers() {
    // [timer]
    std::string log;
    hk::Timer soon(1ms, [&] { log = "rang"; });
    hk::Timer late(1h, [&] { log = "too late"; });
    late.cancel();
    soon.join();
    assert(log == "rang");
    // [timer]
}

void ticks() {
    // [ticks]
    hk::PeriodicTimer timer(2ms);
    hk::Thread other([&] {
        while (timer.wait_for_tick() != 0) continue;  // 0: the timer has been stopped
    });
    const auto first = timer.wait_for_tick();
    hk::this_thread::sleep_for(20ms);
    assert(timer.wait_for_tick() == first + 1);  // the missed ones come one by one, at once
    assert(timer.wait_for_tick(hk::PeriodicTimer::Missed::skip) > first + 2);
    timer.stop();
    other.join();
    // [ticks]
}

// [local]
hk::Local<std::string> buffer;  // or with a factory: buffer([] { return std::string(100, '.'); })

std::size_t format(int number) {
    buffer->assign(std::to_string(number));  // this thread's, made by its first use
    return buffer->size();
}
// [local]

void local() {
    hk::Thread thread([] { assert(format(1000) == 4); });
    assert(format(10) == 2);
    thread.join();
    assert(*buffer == "10");
}

// [context]
hk::ContextVar<std::string> user("user", "nobody");

std::string greeting() { return "Hello, " + user.get(); }

void serve(const std::string& name) {
    auto before = user.set(name);
    std::string said;
    hk::Thread thread([&] {
        said = greeting();      // inherited from whoever started it
        user.set("not yours");  // seen by this thread, and by what it starts
    });
    thread.join();
    assert(said == "Hello, " + name && user.get() == name);
    user.reset(std::move(before));
}
// [context]

void context() {
    serve("Ada");
    assert(user.get() == "nobody");
}

// [mixed]
hk::Task<void> from_a_coroutine(hk::Thread& thread, hk::PeriodicTimer& timer) {
    co_await timer.async_wait_for_tick();
    co_await thread.async_join();
}
// [mixed]

void mixed() {
    hk::PeriodicTimer timer(1ms);
    hk::Thread thread([&] { timer.wait_for_tick(); });
    hk::run(from_a_coroutine(thread, timer));
}

void hook() {
    // [hook]
    hk::ReportHook before = hk::set_report_hook([](hk::ReportKind kind, std::string_view text) {
        assert(kind == hk::ReportKind::lost_exception);
        assert(text.find("nobody joined") != std::string_view::npos);
    });
    {
        hk::Thread thread([] { throw std::runtime_error("nobody joined"); });
    }
    hk::set_report_hook(std::move(before));
    // [hook]
}

}  // namespace

int main() {
    thread();
    failure();
    options();
    cancel();
    check_cancelled();
    shield();
    this_thread();
    list();
    timers();
    ticks();
    local();
    context();
    mixed();
    hook();
}
