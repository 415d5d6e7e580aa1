#include "hocket/sync/condition.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "hocket/aio.hpp"
#include "hocket/threading.hpp"
#include "report_capture.hpp"
#include "sync/graph_links.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(Condition, NotifiesTheLongestWaitingFirst) {
    std::vector<int> order;
    run([](std::vector<int>& order) -> Task<void> {
        Condition condition;
        const auto waits = [&](int number) -> Task<void> {
            auto guard = co_await condition.async_lock();
            co_await condition.async_wait(guard);
            order.push_back(number);
        };
        const auto body = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 4; ++i) group.create_task(waits(i));
            co_await yield_now();
            {
                std::scoped_lock guard(condition);
                condition.notify(2);
            }
            for (int i = 0; i < 10; ++i) co_await yield_now();
            EXPECT_EQ(order, (std::vector<int>{0, 1}));
            std::scoped_lock guard(condition);
            condition.notify_all();
        };
        co_await task_group(body);
    }(order));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(Condition, ATimedWaitHasTheLockAfterwards) {
    Condition condition;
    std::unique_lock guard(condition);
    EXPECT_FALSE(condition.wait_for(guard, 1ms));
    EXPECT_FALSE(condition.wait_until(guard, std::chrono::system_clock::now()));
    EXPECT_FALSE(condition.wait_for(guard, 1ms, [] { return false; }));
    std::thread([&] { EXPECT_FALSE(condition.try_lock()); }).join();
    EXPECT_NO_THROW(condition.notify());
}

TEST(Condition, ATaskWhoseTimeIsUpHasTheLockAfterwards) {
    run([]() -> Task<void> {
        Condition condition;
        bool timed_out = false;
        auto guard = co_await condition.async_lock();
        try {
            co_await timeout(1ms, condition.async_wait(guard));
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_TRUE(condition.owned());
        const auto never = [] { return false; };
        timed_out = false;
        try {
            co_await timeout(1ms, condition.async_wait(guard, never));
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_TRUE(condition.owned());
        guard.unlock();
        EXPECT_TRUE(condition.try_lock());
        condition.unlock();
    }());
}

TEST(Condition, ANotificationOfOneWhoseWaitHasEndedGoesToTheNext) {
    run([]() -> Task<void> {
        Condition condition;
        int notified = 0;
        const auto waits = [&]() -> Task<void> {
            auto guard = co_await condition.async_lock();
            co_await condition.async_wait(guard);
            ++notified;
        };
        auto first = create_task(waits());
        auto second = create_task(waits());
        co_await yield_now();
        {
            auto guard = co_await condition.async_lock();
            first.cancel();
            co_await yield_now();  // the cancellation has ended the wait, and the task wants the lock
            condition.notify();
        }
        co_await second;
        EXPECT_EQ(notified, 1);
        EXPECT_TRUE(first.done() ? first.cancelled() : true);
        while (!first.done()) co_await yield_now();
        EXPECT_TRUE(first.cancelled());
    }());
}

TEST(Condition, WithoutTheLockItThrows) {
    Condition condition;
    EXPECT_THROW(condition.notify(), std::logic_error);
    EXPECT_THROW(condition.notify_all(), std::logic_error);
    std::unique_lock guard(condition, std::defer_lock);
    EXPECT_THROW(condition.wait(guard), std::logic_error);
}

TEST(Condition, GivesBackAnRLockHoweverOftenItWasTaken) {
    RLock lock;
    Condition condition(lock);
    int value = 0;
    std::thread thread;
    {
        std::scoped_lock outer(lock);
        std::scoped_lock inner(condition);
        thread = std::thread([&] {
            std::scoped_lock guard(lock);
            value = 1;
            condition.notify();
        });
        condition.wait(inner, [&] { return value == 1; });
        EXPECT_TRUE(lock.owned());
        std::thread([&] { EXPECT_FALSE(lock.try_lock()); }).join();
    }
    thread.join();
    EXPECT_FALSE(lock.owned());
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

TEST(Condition, ACancelledWaitHasTheLockWhenItThrows) {
    run([]() -> Task<void> {
        Lock lock;
        Condition condition(lock);
        bool had_it = false;
        const auto waits = [&]() -> Task<void> {
            auto guard = co_await lock.async_lock();
            try {
                co_await condition.async_wait(guard);
            } catch (const CancelledError&) {
                had_it = lock.owned();
                throw;
            }
        };
        auto task = create_task(waits());
        co_await yield_now();
        auto guard = co_await lock.async_lock();  // the other must wait for it, cancelled or not
        task.cancel();
        for (int i = 0; i < 5; ++i) co_await yield_now();
        EXPECT_FALSE(task.done());
        guard.unlock();
        co_await sleep(0s);
        while (!task.done()) co_await yield_now();
        EXPECT_TRUE(task.cancelled());
        EXPECT_TRUE(had_it);
        EXPECT_TRUE(lock.try_lock());
        lock.unlock();
    }());
}

TEST(Condition, ACancelledThreadHasTheLockWhenItThrows) {
    Condition condition;
    detail::ThreadCanceller canceller;
    bool waiting = false;
    bool had_it = false;
    std::thread thread([&] {
        detail::ThreadCanceller::install(&canceller);
        std::unique_lock guard(condition);
        waiting = true;
        try {
            condition.wait(guard);
        } catch (const CancelledError&) {
            had_it = true;
            condition.notify();  // throws without the lock
        }
        detail::ThreadCanceller::install(nullptr);
    });
    for (bool seen = false; !seen;) {
        std::scoped_lock guard(condition);
        seen = waiting;
    }
    canceller.cancel();
    thread.join();
    EXPECT_TRUE(had_it);
    EXPECT_TRUE(condition.try_lock());
    condition.unlock();
}

// The waiter must have its lock again, so that no error can be thrown into the circle that this closes.
TEST(Condition, ACircleClosedByTakingTheLockAgainIsReported) {
    const test::ReportCapture capture;
    Lock gate("gate");
    Condition condition;
    std::latch waits(1);
    std::atomic<detail::PartyId> holder_party{0}, waiter_party{0};
    bool had_lock = false;
    gate.lock();
    Thread waiter([&] {
        waiter_party = detail::current_party();
        std::unique_lock guard(condition);
        waits.count_down();
        try {
            condition.wait(guard);
        } catch (const CancelledError&) {
            had_lock = condition.owned();
        }
    });
    waits.wait();
    Thread holder([&] {
        std::scoped_lock guard(condition);  // and so the other waits for a notification
        holder_party = detail::current_party();
        holder_party.notify_all();
        std::scoped_lock wants(gate);
    });
    holder_party.wait(0);
    test::await_waiting(holder_party);
    {
        const test::Owned of_waiter(waiter_party);
        const test::Wants wants(of_waiter);  // which closes the circle as soon as the waiter wants its lock
        waiter.cancel();
        while (capture.count() == 0) std::this_thread::yield();
    }
    gate.unlock();
    holder.join();
    waiter.join();
    EXPECT_TRUE(had_lock);
    ASSERT_EQ(capture.count(), 1u) << capture.text();
    EXPECT_EQ(capture.kind(0), ReportKind::deadlock);
    EXPECT_NE(capture.text().find("gate"), std::string::npos) << capture.text();
    EXPECT_NE(capture.text().find("condition_test.cpp"), std::string::npos) << capture.text();
}

TEST(Condition, ThreadsAndTasksHandValuesToEachOther) {
    constexpr int kRounds = 2000;
    Condition condition;
    int turn = 0;
    std::thread thread([&] {
        for (int i = 0; i < kRounds; ++i) {
            std::unique_lock guard(condition);
            condition.wait(guard, [&] { return turn == 2 * i; });
            ++turn;
            condition.notify_all();
        }
    });
    run([](Condition& condition, int& turn) -> Task<void> {
        for (int i = 0; i < kRounds; ++i) {
            auto guard = co_await condition.async_lock();
            const auto mine = [&] { return turn == 2 * i + 1; };
            co_await condition.async_wait(guard, mine);
            ++turn;
            condition.notify_all();
        }
    }(condition, turn));
    thread.join();
    EXPECT_EQ(turn, 2 * kRounds);
}

}  // namespace
}  // namespace hocket
