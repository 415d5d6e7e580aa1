#include "hocket/aio/loop_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/futures/wait.hpp"
#include "hocket/sync/event.hpp"
#include "hocket/threading/this_thread.hpp"
#include "report_capture.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<int> number(int n) {
    co_await yield_now();
    co_return n;
}
Task<int> fails() {
    co_await yield_now();
    throw std::runtime_error("failed");
}
Task<void> sets_and_sleeps(Event& begun) {
    begun.set();
    co_await sleep(1h);
}

TEST(LoopThread, RunsCoroutinesOfOtherThreads) {
    LoopThread background("background");
    Future<int> future = run_coroutine_threadsafe(number(5), background.loop());
    EXPECT_EQ(future.result_for(10s), 5);
    EXPECT_EQ(background.submit(number(6)).result_for(10s), 6);
}

TEST(LoopThread, RunsThemOnItsOwnNamedThread) {
    LoopThread background("background");
    const auto name = []() -> Task<std::string> { co_return this_thread::name(); };
    EXPECT_EQ(background.submit(name()).result_for(10s), "background");
}

TEST(LoopThread, DeliversExceptions) {
    LoopThread background;
    EXPECT_THROW(background.submit(fails()).result_for(10s), std::runtime_error);
}

TEST(LoopThread, ReportsAnExceptionThatNobodyLooksAt) {
    test::ReportCapture reports;
    {
        LoopThread background;
        Future<int> future = background.submit(fails(), "doomed");
        (void)hocket::wait(std::vector{future});
    }
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_NE(reports.text().find("doomed"), std::string::npos);
}

TEST(LoopThread, TheFutureCancelsTheTask) {
    LoopThread background;
    Event begun;
    Future<void> future = background.submit(sets_and_sleeps(begun));
    begun.wait();
    EXPECT_TRUE(future.cancel("no longer needed"));
    try {
        future.result_for(10s);
        FAIL();
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "no longer needed");
    }
    EXPECT_FALSE(future.cancel());
}

TEST(LoopThread, ATaskMayEndInSpiteOfItsCancellation) {
    LoopThread background;
    Event begun;
    const auto stubborn = [](Event& begun) -> Task<int> {
        begun.set();
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
        }
        co_return 3;
    };
    Future<int> future = background.submit(stubborn(begun));
    begun.wait();
    future.cancel();
    EXPECT_EQ(future.result_for(10s), 3);
}

TEST(LoopThread, StopCancelsItsTasksAndWaitsForTheirCleanUp) {
    LoopThread background;
    Event begun;
    std::atomic<bool> cleaned = false;
    const auto body = [&]() -> Task<void> {
        const auto clean_up = [&]() -> Task<void> {
            co_await sleep(1ms);
            cleaned = true;
        };
        begun.set();
        co_await finally(sleep(1h), clean_up);
    };
    Future<void> future = background.submit(body());
    begun.wait();
    background.stop();
    EXPECT_TRUE(cleaned);
    EXPECT_THROW(future.result_for(10s), CancelledError);
}

TEST(LoopThread, RefusesWorkAfterStop) {
    LoopThread background;
    background.stop();
    EXPECT_TRUE(background.loop().closed());
    EXPECT_THROW(background.submit(number(1)), InvalidStateError);
    EXPECT_THROW(background.loop().call_soon_threadsafe([] {}), InvalidStateError);
    background.stop();
}

TEST(LoopThread, CannotBeStoppedFromItsOwnThread) {
    LoopThread background;
    const auto stop = [](LoopThread& background) -> Task<void> {
        background.stop();
        co_return;
    };
    EXPECT_THROW(background.submit(stop(background)).result_for(10s), DeadlockError);
}

TEST(LoopThread, TheCoroutineInheritsTheContextOfItsCaller) {
    static ContextVar<int> request(0);
    LoopThread background;
    request.set(7);
    const auto read_and_change = []() -> Task<int> {
        const int inherited = request.get();
        request.set(8);
        co_return inherited;
    };
    EXPECT_EQ(background.submit(read_and_change()).result_for(10s), 7);
    EXPECT_EQ(request.get(), 7);
    request.set(0);
}

TEST(LoopThread, ItsFuturesMayBeAwaitedOnAnotherLoop) {
    LoopThread background;
    const auto body = [&]() -> Task<void> {
        EXPECT_EQ(co_await background.submit(number(4)), 4);
        Event begun;
        Future<void> endless = background.submit(sets_and_sleeps(begun));
        bool timed_out = false;
        try {
            co_await timeout(10ms, endless);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_TRUE(endless.cancelled());  // by its waiter
    };
    run(body());
}

TEST(LoopThread, ThatWaitsForItsWaiterIsADeadlock) {
    LoopThread background;
    Event begun;
    std::optional<Future<void>> task;
    Event known;
    // The task joins the thread that blocks on the task.
    Thread waiter([&] {
        known.wait();
        EXPECT_THROW(task->result(), DeadlockError);
    });
    const auto joins = [&]() -> Task<void> {
        begun.set();
        co_await waiter.async_join();
    };
    task = background.submit(joins());
    begun.wait();
    // The task waits for the thread by now, or will be the one that is told.
    const auto turn = []() -> Task<void> { co_await yield_now(); };
    background.submit(turn()).result_for(10s);
    known.set();
    EXPECT_TRUE(waiter.join_for(10s));
    task->result_for(10s);
}

TEST(LoopThread, LosesNoCoroutineWhenItIsStopped) {
    const test::StressTime time;
    do {
        std::atomic<int> ended = 0;
        constexpr int kThreads = 3, kEach = 200;
        std::atomic<int> accepted = 0;
        {
            LoopThread background;
            std::vector<std::jthread> threads;
            for (int t = 0; t < kThreads; ++t) {
                threads.emplace_back([&] {
                    for (int i = 0; i < kEach; ++i) {
                        try {
                            auto future = background.submit(number(i));
                            ++accepted;
                            if (i % 3 == 0) future.cancel();
                            future.add_done_callback([&](Future<int>&) { ++ended; });
                        } catch (const InvalidStateError&) {
                        }
                    }
                });
            }
            background.submit(number(1));
            background.stop();
        }
        EXPECT_EQ(ended, accepted);
    } while (time.left());
}

}  // namespace
}  // namespace hocket
