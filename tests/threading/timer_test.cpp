#include "hocket/threading/timer.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/threading/periodic_timer.hpp"
#include "hocket/threading/this_thread.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(Timer, CallsAfterTheDelay) {
    const auto start = std::chrono::steady_clock::now();
    TimePoint called;
    Timer timer(5ms, [&] { called = std::chrono::steady_clock::now(); });
    timer.join();
    EXPECT_GE(called - start, 5ms);
    EXPECT_FALSE(timer.is_alive());
}

TEST(Timer, CancelledInTimeItDoesNotCall) {
    bool called = false;
    Timer timer(1h, [&] { called = true; });
    timer.cancel();
    timer.join();
    EXPECT_FALSE(called);
}

TEST(Timer, ItsDestructorCancelsAndWaitsForARunningCallback) {
    Event running, never;
    bool cleaned_up = false;
    {
        Timer timer(0ms, [&] {
            running.set();
            try {
                never.wait();
            } catch (const CancelledError&) {
                cleaned_up = true;
            }
        });
        running.wait();
    }
    EXPECT_TRUE(cleaned_up);
}

TEST(Timer, ReportsWhatTheCallbackThrew) {
    const test::ReportCapture reports;
    {
        Timer timer(0ms, [] { throw std::runtime_error("in the callback"); });
        while (timer.is_alive()) this_thread::yield();
    }
    ASSERT_EQ(reports.count(), 1u);
    EXPECT_NE(reports.text().find("in the callback"), std::string::npos) << reports.text();
}

TEST(PeriodicTimer, DoesNotDrift) {
    const auto start = std::chrono::steady_clock::now();
    PeriodicTimer ticks(2ms);
    for (std::uint64_t tick = 1; tick <= 20; ++tick) {
        EXPECT_EQ(ticks.wait_for_tick(), tick);
        EXPECT_GE(std::chrono::steady_clock::now() - start, 2ms * tick);
    }
}

TEST(PeriodicTimer, GivesALateWaiterEveryTickUnlessItSaysSo) {
    PeriodicTimer ticks(1ms);
    std::uint64_t last = ticks.wait_for_tick();
    this_thread::sleep_for(10ms);
    for (int i = 0; i < 5; ++i) {
        const std::uint64_t tick = ticks.wait_for_tick();
        EXPECT_EQ(tick, last + 1);
        last = tick;
    }
    EXPECT_GT(ticks.wait_for_tick(PeriodicTimer::Missed::skip), last + 4);
}

TEST(PeriodicTimer, GivesEachThreadEveryTick) {
    PeriodicTimer ticks(1ms);
    std::vector<std::vector<std::uint64_t>> seen(3);
    std::vector<Thread> all;
    for (auto& mine : seen) {
        all.emplace_back([&ticks, &mine] {
            for (int i = 0; i < 20; ++i) mine.push_back(ticks.wait_for_tick());
        });
    }
    for (Thread& thread : all) thread.join();
    for (const auto& mine : seen) {
        for (std::size_t i = 1; i < mine.size(); ++i) EXPECT_EQ(mine[i], mine[i - 1] + 1);
    }
}

TEST(PeriodicTimer, StopEndsTheWaits) {
    PeriodicTimer ticks(1h);
    std::uint64_t tick = 99;
    Thread thread([&] { tick = ticks.wait_for_tick(); });
    ticks.stop();
    thread.join();
    EXPECT_EQ(tick, 0u);
    EXPECT_EQ(ticks.wait_for_tick(), 0u);
}

TEST(PeriodicTimer, AWaitCanBeCancelled) {
    PeriodicTimer ticks(1h);
    Thread thread([&] { ticks.wait_for_tick(); });
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
}

TEST(PeriodicTimer, RefusesAPeriodOfNothing) { EXPECT_THROW(PeriodicTimer(0ms), std::invalid_argument); }

Task<std::vector<std::uint64_t>> three_ticks(PeriodicTimer& ticks) {
    std::vector<std::uint64_t> seen;
    for (int i = 0; i < 3; ++i) seen.push_back(co_await ticks.async_wait_for_tick());
    co_return seen;
}

TEST(PeriodicTimer, TicksForTasks) {
    PeriodicTimer ticks(1ms);
    const auto seen = run(three_ticks(ticks));
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[1], seen[0] + 1);
    EXPECT_EQ(seen[2], seen[0] + 2);
}

Task<bool> cancelled_tick(PeriodicTimer& ticks) {
    Future<std::uint64_t> waiting = create_task(
        [](PeriodicTimer& timer) -> Task<std::uint64_t> { co_return co_await timer.async_wait_for_tick(); }(ticks));
    co_await yield_now();
    waiting.cancel();
    try {
        co_await waiting;
    } catch (const CancelledError&) {
        co_return true;
    }
    co_return false;
}

TEST(PeriodicTimer, ATasksWaitCanBeCancelled) {
    PeriodicTimer ticks(1h);
    EXPECT_TRUE(run(cancelled_tick(ticks)));
}

TEST(PeriodicTimer, StopEndsTheWaitsOfTasks) {
    PeriodicTimer ticks(1h);
    Thread stopper([&] { ticks.stop(); });
    EXPECT_EQ(run(three_ticks(ticks)), (std::vector<std::uint64_t>{0, 0, 0}));
    stopper.join();
}

Task<void> join_in_task(Thread& thread, Event& may_end) {
    may_end.set();
    co_await thread.async_join();
}

TEST(Thread, IsJoinedByATask) {
    Event may_end;
    Thread thread([&] {
        may_end.wait();
        throw std::runtime_error("to the task");
    });
    EXPECT_THROW(run(join_in_task(thread, may_end)), std::runtime_error);
    EXPECT_FALSE(thread.is_alive());
}

}  // namespace
}  // namespace hocket
