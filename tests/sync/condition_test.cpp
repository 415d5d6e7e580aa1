#include "hocket/sync/condition.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <mutex>
#include <thread>

#include "hocket/aio.hpp"

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
