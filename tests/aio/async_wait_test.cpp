#include "hocket/aio/async_wait.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/futures/thread_pool.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<int> number_after(Duration time, int n) {
    co_await sleep(time);
    co_return n;
}
Task<int> fails_after(Duration time) {
    co_await sleep(time);
    throw std::runtime_error("failed");
}

template <class T>
T run_virtually(Task<T> task) {
    VirtualClock clock;
    return run(std::move(task), {.clock = &clock});
}

TEST(AsyncWait, ForAllReturnsWhenAllAreDone) {
    const auto body = []() -> Task<void> {
        std::vector<Future<int>> futures{create_task(number_after(2s, 2)), create_task(fails_after(1s))};
        auto [done, pending] = co_await async_wait(futures);
        EXPECT_EQ(done.size(), 2u);
        EXPECT_TRUE(pending.empty());
        EXPECT_EQ(done[0].result(), 2);
        EXPECT_NE(done[1].exception(), nullptr);
    };
    run_virtually(body());
}

TEST(AsyncWait, ForTheFirstLeavesTheOthersRunning) {
    const auto body = []() -> Task<void> {
        std::vector<Future<int>> futures{create_task(number_after(2s, 2)), create_task(number_after(1s, 1))};
        auto result = co_await async_wait(futures, FIRST_COMPLETED);
        EXPECT_EQ(result.done.size(), 1u);
        EXPECT_EQ(result.pending.size(), 1u);
        EXPECT_EQ(co_await result.pending[0], 2);
    };
    run_virtually(body());
}

TEST(AsyncWait, ForTheFirstExceptionPassesOverGoodResults) {
    const auto body = []() -> Task<void> {
        std::vector<Future<int>> futures{create_task(number_after(1s, 1)), create_task(fails_after(2s)),
                                         create_task(number_after(3s, 3))};
        auto result = co_await async_wait(futures, FIRST_EXCEPTION);
        EXPECT_EQ(result.done.size(), 2u);
        EXPECT_NE(result.done[1].exception(), nullptr);
        EXPECT_EQ(result.pending.size(), 1u);
    };
    run_virtually(body());
}

TEST(AsyncWait, EndsWithItsTimeLimitAndCancelsNothing) {
    const auto body = []() -> Task<void> {
        for (const ReturnWhen when : {ALL_COMPLETED, FIRST_COMPLETED}) {
            std::vector<Future<int>> futures;
            futures.push_back(create_task(number_after(5s, 5)));
            auto result = co_await async_wait(futures, when, 1s);
            EXPECT_TRUE(result.done.empty());
            EXPECT_EQ(result.pending.size(), 1u);
            EXPECT_EQ(co_await futures[0], 5);
        }
    };
    run_virtually(body());
}

TEST(AsyncWait, CancelledLeavesTheWorkAlone) {
    const auto body = []() -> Task<void> {
        for (const ReturnWhen when : {ALL_COMPLETED, FIRST_COMPLETED}) {
            std::vector<Future<int>> futures;
            futures.push_back(create_task(number_after(5s, 5)));
            bool timed_out = false;
            try {
                co_await timeout(1s, async_wait(futures, when));
            } catch (const TimeoutError&) {
                timed_out = true;
            }
            EXPECT_TRUE(timed_out);
            EXPECT_EQ(co_await futures[0], 5);
        }
    };
    run_virtually(body());
}

TEST(AsyncWait, ForNothingReturnsAtOnce) {
    const auto body = []() -> Task<void> {
        std::vector<Future<int>> none;
        auto result = co_await async_wait(none, FIRST_COMPLETED);
        EXPECT_TRUE(result.done.empty() && result.pending.empty());
    };
    run_virtually(body());
}

TEST(AsyncWait, OfTasksThatWaitForEachOtherIsToldSo) {
    const auto body = []() -> Task<void> {
        std::vector<Future<void>> tasks(2);
        const auto waits_for = [](std::vector<Future<void>>& tasks, std::size_t other) -> Task<void> {
            co_await yield_now();
            std::vector<Future<void>> one;
            one.push_back(tasks[other]);
            auto result = co_await async_wait(one);
            if (result.done[0].exception()) std::rethrow_exception(result.done[0].exception());
        };
        tasks[0] = create_task(waits_for(tasks, 1));
        tasks[1] = create_task(waits_for(tasks, 0));
        co_await tasks[0];
    };
    EXPECT_THROW(run_virtually(body()), DeadlockError);
}

TEST(AsyncAsCompleted, GivesFuturesInTheOrderOfTheirEnds) {
    const auto body = []() -> Task<std::vector<int>> {
        std::vector<Future<int>> futures{create_task(number_after(3s, 3)), create_task(number_after(1s, 1)),
                                         create_task(number_after(2s, 2))};
        std::vector<int> order;
        auto completed = async_as_completed(futures);
        while (auto future = co_await completed.next()) order.push_back(future->result());
        co_return order;
    };
    EXPECT_EQ(run_virtually(body()), (std::vector<int>{1, 2, 3}));
}

TEST(AsyncAsCompleted, TakesJobsOfAPool) {
    const auto body = []() -> Task<int> {
        ThreadPool pool(2);
        std::vector<Future<int>> futures;
        for (int i = 0; i < 1000; ++i) futures.push_back(pool.submit([i] { return i; }));
        int sum = 0;
        auto completed = async_as_completed(futures);
        while (auto future = co_await completed.next()) sum += future->result();
        co_return sum;
    };
    EXPECT_EQ(run(body()), 499500);
}

TEST(AsyncAsCompleted, LeftEarlyLeavesTheWorkAlone) {
    const auto body = []() -> Task<void> {
        std::vector<Future<int>> futures{create_task(number_after(2s, 2)), create_task(number_after(1s, 1))};
        {
            auto completed = async_as_completed(futures);
            auto first = co_await completed.next();
            EXPECT_EQ(first->result(), 1);
        }
        EXPECT_EQ(co_await futures[0], 2);
    };
    run_virtually(body());
}

// Runs n for a second, and remembers how many did at once.
Task<int> counted(int& running, int& most, int n) {
    most = std::max(most, ++running);
    co_await sleep(1s);
    --running;
    if (n < 0) throw std::runtime_error("negative");
    co_return n;
}

TEST(GatherAtMost, RunsNoMoreThanSoManyAtOnce) {
    const auto body = []() -> Task<void> {
        int running = 0, most = 0;
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(counted(running, most, i));
        const TimePoint begun = EventLoop::current().time();
        auto results = co_await gather(at_most(10), std::move(tasks));
        EXPECT_EQ(EventLoop::current().time() - begun, 10s);
        EXPECT_EQ(most, 10);
        EXPECT_EQ(results.size(), 100u);
        EXPECT_EQ(results[99], 99);
    };
    run_virtually(body());
}

TEST(GatherAtMost, CancelsTheOthersAfterAFailure) {
    const auto body = []() -> Task<void> {
        int running = 0, most = 0;
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 10; ++i) tasks.push_back(counted(running, most, i == 3 ? -1 : i));
        bool failed = false;
        try {
            co_await gather(at_most(2), std::move(tasks));
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed);
        EXPECT_EQ(EventLoop::current().all_tasks().size(), 1u);
    };
    run_virtually(body());
}

TEST(GatherAtMost, GivesAllOutcomes) {
    const auto body = []() -> Task<void> {
        int running = 0, most = 0;
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 10; ++i) tasks.push_back(counted(running, most, i == 3 ? -1 : i));
        auto outcomes = co_await gather(return_exceptions, at_most(2), std::move(tasks));
        for (int i = 0; i < 10; ++i) EXPECT_EQ(outcomes[static_cast<std::size_t>(i)].has_value(), i != 3);
    };
    run_virtually(body());
}

TEST(GatherAtMost, BeginsNoMoreWhenItIsCancelled) {
    const auto body = []() -> Task<void> {
        for (const bool outcomes : {false, true}) {
            int running = 0, most = 0;
            int begun = 0;
            const auto one = [](int& running, int& most, int& begun) -> Task<int> {
                ++begun;
                co_return co_await counted(running, most, 1);
            };
            std::vector<Task<int>> tasks;
            for (int i = 0; i < 1000; ++i) tasks.push_back(one(running, most, begun));
            bool timed_out = false;
            CancelScope scope;
            scope.set_deadline(EventLoop::current().time() + 1500ms);
            try {
                if (outcomes) {
                    (void)co_await gather(return_exceptions, at_most(2), std::move(tasks));
                } else {
                    (void)co_await gather(at_most(2), std::move(tasks));
                }
            } catch (const CancelledError&) {
                timed_out = true;
            }
            EXPECT_TRUE(timed_out);
            EXPECT_EQ(begun, 4);
        }
    };
    run_virtually(body());
}

TEST(GatherAtMost, RefusesZero) { EXPECT_THROW(at_most(0), std::invalid_argument); }

}  // namespace
}  // namespace hocket
