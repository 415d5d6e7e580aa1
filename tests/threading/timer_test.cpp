#include "hocket/threading/timer.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
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
    const auto before = std::chrono::steady_clock::now();
    PeriodicTimer ticks(2ms);
    const auto after = std::chrono::steady_clock::now();
    for (int round = 0; round < 20; ++round) {
        this_thread::sleep_for(3ms);  // a timer that counts from here would fall behind
        const auto due = static_cast<std::uint64_t>((std::chrono::steady_clock::now() - after) / 2ms);
        const std::uint64_t tick = ticks.wait_for_tick(PeriodicTimer::Missed::skip);
        EXPECT_GE(tick, due);
        EXPECT_GE(std::chrono::steady_clock::now() - before, 2ms * tick);
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

TEST(PeriodicTimer, ACancelledThreadThatIsBehindStopsAllTheSame) {
    PeriodicTimer ticks(1ns);  // the next tick is always over already
    Event begun;
    Thread thread([&] {
        while (ticks.wait_for_tick() != 0) begun.set();
    });
    begun.wait();
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
}

TEST(PeriodicTimer, ACancelledWaitLosesNoTick) {
    VirtualClock clock;
    const auto body = []() -> Task<void> {
        PeriodicTimer ticks(1min);
        std::uint64_t tick = co_await ticks.async_wait_for_tick();
        EXPECT_EQ(tick, 1u);
        tick = co_await ticks.async_wait_for_tick();
        EXPECT_EQ(tick, 2u);
        bool in_time = true;
        try {
            co_await timeout(30s, ticks.async_wait_for_tick());
        } catch (const TimeoutError&) {
            in_time = false;
        }
        EXPECT_FALSE(in_time);
        co_await sleep(10min);
        for (std::uint64_t missed = 3; missed <= 12; ++missed) {
            tick = co_await ticks.async_wait_for_tick();
            EXPECT_EQ(tick, missed);
        }
        co_await sleep(10min);
        tick = co_await ticks.async_wait_for_tick(PeriodicTimer::Missed::skip);
        EXPECT_EQ(tick, 23u);
        EXPECT_EQ(EventLoop::current().time().time_since_epoch(), 23min);
    };
    run(body(), {.clock = &clock});
}

TEST(PeriodicTimer, RemembersAsManyAsItSays) {
    VirtualClock clock;
    const auto body = []() -> Task<void> {
        PeriodicTimer ticks(1min);
        const auto waits_once = [](PeriodicTimer& ticks) -> Task<void> { co_await ticks.async_wait_for_tick(); };
        co_await ticks.async_wait_for_tick();
        for (std::size_t others = 1; others < PeriodicTimer::kRemembered; ++others) {
            auto other = create_task(waits_once(ticks));
            co_await other;
        }
        const std::uint64_t next = co_await ticks.async_wait_for_tick();
        EXPECT_EQ(next, 2u);  // each of the others has let a minute pass
        for (std::size_t others = 0; others < 3 * PeriodicTimer::kRemembered; ++others) {
            auto other = create_task(waits_once(ticks));
            co_await other;
        }
        const std::uint64_t of_one_forgotten = co_await ticks.async_wait_for_tick();
        EXPECT_EQ(of_one_forgotten, 4 * PeriodicTimer::kRemembered + 1);
    };
    run(body(), {.clock = &clock});
}

TEST(PeriodicTimer, RefusesToBeWaitedForByAnotherClock) {
    PeriodicTimer steady(1ms);
    VirtualClock clock;
    const auto body = [](PeriodicTimer& steady) -> Task<void> {
        bool refused = false;
        try {
            co_await steady.async_wait_for_tick();
        } catch (const InvalidStateError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        PeriodicTimer by_loop(1h);
        const std::uint64_t tick = co_await by_loop.async_wait_for_tick();
        EXPECT_EQ(tick, 1u);
        EXPECT_THROW(by_loop.wait_for_tick(), InvalidStateError);  // would hold the clock still
        std::thread([&] { EXPECT_THROW(by_loop.wait_for_tick(), InvalidStateError); }).join();
    };
    run(body(steady), {.clock = &clock});
    EXPECT_NE(steady.wait_for_tick(), 0u);
    steady.stop();
    const auto stopped = [](PeriodicTimer& steady) -> Task<std::uint64_t> {
        co_return co_await steady.async_wait_for_tick();
    };
    EXPECT_EQ(run(stopped(steady), {.clock = &clock}), 0u);
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
