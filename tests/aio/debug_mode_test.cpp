#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/core/report.hpp"
#include "hocket/sync/lock.hpp"

// Debug mode is decided once for a process, so that each of these runs in one of its own, in which reports go to
// stderr.

namespace hocket {
namespace {

using namespace std::chrono_literals;

void turn_debug_mode_on() {
    ::setenv("HOCKET_DEBUG", "1", 1);
    ASSERT_TRUE(debug_enabled());
}

// A step that a busy machine interrupts is slow, whatever it does.
void say_nothing_of_slow_steps() {
    set_report_hook([](ReportKind kind, std::string_view text) {
        if (kind != ReportKind::slow_step) std::fprintf(stderr, "hocket: %s\n", std::string(text).c_str());
    });
}

class DebugModeDeathTest : public ::testing::Test {
protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

Task<void> computes_for_long() {
    co_await yield_now();
    std::this_thread::sleep_for(120ms);  // stands for a computation
}

Task<void> computes_nothing() { co_await yield_now(); }

TEST_F(DebugModeDeathTest, ReportsAStepThatHoldsTheLoop) {
    const auto main = [] {
        turn_debug_mode_on();
        const auto body = []() -> Task<void> { co_await create_task(computes_for_long(), "number cruncher"); };
        run(body());
        std::exit(0);
    };
    EXPECT_EXIT(main(), ::testing::ExitedWithCode(0),
                "task 'number cruncher' .*debug_mode_test.cpp:[0-9]+.*after its await at .*debug_mode_test.cpp:[0-9]+"
                ".* held its event loop for [0-9]+ ms");
}

TEST_F(DebugModeDeathTest, ReportsACallbackThatHoldsTheLoop) {
    const auto main = [] {
        turn_debug_mode_on();
        const auto body = []() -> Task<void> {
            EventLoop::current().call_soon([] { std::this_thread::sleep_for(120ms); });
            co_await yield_now();
        };
        run(body());
        std::exit(0);
    };
    EXPECT_EXIT(main(), ::testing::ExitedWithCode(0), "a callback held its event loop");
}

TEST_F(DebugModeDeathTest, ReportsATaskThatWasNeverAwaited) {
    const auto main = [] {
        turn_debug_mode_on();
        { auto forgotten = computes_for_long(); }
        std::exit(0);
    };
    EXPECT_EXIT(main(), ::testing::ExitedWithCode(0), "a Task was destroyed that was never awaited");
}

TEST_F(DebugModeDeathTest, ReportsATaskThatWaitsWithALockTakenByABlockingCall) {
    const auto main = [] {
        turn_debug_mode_on();
        say_nothing_of_slow_steps();
        Lock lock("table");
        const auto body = [&]() -> Task<void> {
            const std::scoped_lock guard(lock);
            co_await yield_now();
            co_await yield_now();
        };
        run(body());
        std::exit(0);
    };
    EXPECT_EXIT(main(), ::testing::ExitedWithCode(0),
                "^hocket: task 'main' waits while it holds lock 'table' .*, which it took by a blocking call at "
                ".*debug_mode_test.cpp:[0-9]+; [^:]*\n$");
}

TEST_F(DebugModeDeathTest, SaysNothingOfAProgramThatDoesWell) {
    const auto main = [] {
        turn_debug_mode_on();
        say_nothing_of_slow_steps();
        const auto body = []() -> Task<void> {
            co_await sleep(1ms);
            auto task = create_task(computes_nothing());
            co_await task;
            Lock lock;
            {
                auto guard = co_await lock.async_lock();
                co_await yield_now();
            }
            { const std::scoped_lock guard(lock); }
            co_await yield_now();
        };
        run(body());
        std::fputs("done", stderr);
        std::exit(0);
    };
    EXPECT_EXIT(main(), ::testing::ExitedWithCode(0), "^done$");
}

TEST(DebugMode, IsOffUnlessAskedFor) {
    if (std::getenv("HOCKET_DEBUG")) GTEST_SKIP() << "it was asked for";
    EXPECT_FALSE(debug_enabled());
}

}  // namespace
}  // namespace hocket
