#include "hocket/process/shared_condition.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "hocket/process/shared_event.hpp"
#include "hocket/process/shared_value.hpp"
#include "hocket/threading.hpp"
#include "process/forked_child.hpp"
#include "process/there_and_back.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::await_asleep;
using testing::ForkedChild;

TEST(SharedCondition, HandsItemsFromOneProcessToOthers) {
    SharedCondition changed;
    SharedValue<int> items(0), taken(0);
    std::vector<ForkedChild> takers;
    for (int i = 0; i < 3; ++i) {
        takers.emplace_back([&] {
            SharedCondition sent = testing::there_and_back(changed);
            for (int n = 0; n < 100; ++n) {
                std::unique_lock guard(sent);
                sent.wait(guard, [&] { return *items > 0; });
                --*items;
                ++*taken;
            }
        });
    }
    for (int n = 0; n < 300; ++n) {
        std::scoped_lock guard(changed);
        ++*items;
        changed.notify();
    }
    for (auto& taker : takers) EXPECT_EQ(taker.wait(), 0);
    EXPECT_EQ(*taken, 300);
    EXPECT_EQ(*items, 0);
}

TEST(SharedCondition, NotifyAllWakesEverybody) {
    SharedCondition condition;
    SharedValue<bool> go(false);
    std::vector<ForkedChild> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.emplace_back([&] {
            std::unique_lock guard(condition);
            condition.wait(guard, [&] { return *go; });
        });
    }
    for (const auto& waiter : waiters) await_asleep(waiter.pid());
    {
        std::scoped_lock guard(condition);
        *go = true;
        condition.notify_all();
    }
    for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), 0);
}

TEST(SharedCondition, TwoShareALock) {
    SharedLock lock;
    SharedCondition not_empty(lock), not_full(lock);
    SharedValue<int> items(0);
    constexpr int kMost = 2, kItems = 500;
    ForkedChild producer([&] {
        SharedCondition full = testing::there_and_back(not_full), empty = testing::there_and_back(not_empty);
        for (int i = 0; i < kItems; ++i) {
            std::unique_lock guard(lock);
            full.wait(guard, [&] { return *items < kMost; });
            ++*items;
            empty.notify();
        }
    });
    for (int i = 0; i < kItems; ++i) {
        std::unique_lock guard(lock);
        not_empty.wait(guard, [&] { return *items > 0; });
        EXPECT_LE(*items, kMost);
        --*items;
        not_full.notify();
    }
    EXPECT_EQ(producer.wait(), 0);
    EXPECT_THROW((void)SharedCondition::from_descriptor(not_full.descriptor()), std::invalid_argument);
    EXPECT_NO_THROW((void)SharedCondition::from_descriptor(SharedCondition().descriptor()));
}

TEST(SharedCondition, GivesARecursiveLockBackWholly) {
    SharedRLock lock;
    SharedCondition condition(lock);
    SharedValue<bool> go(false);
    const pid_t waiter = ::getpid();
    ForkedChild child([&] {
        await_asleep(waiter);
        std::scoped_lock guard(lock);
        *go = true;
        condition.notify();
    });
    std::scoped_lock outer(lock);
    std::unique_lock guard(lock);
    condition.wait(guard, [&] { return *go; });
    EXPECT_EQ(child.wait(), 0);
    guard.unlock();
    EXPECT_TRUE(lock.owned());
}

TEST(SharedCondition, EndsByItsTimeLimit) {
    SharedCondition condition;
    std::unique_lock guard(condition);
    EXPECT_FALSE(condition.wait_for(guard, 1ms));
    EXPECT_FALSE(condition.wait_for(guard, 1ms, [] { return false; }));
    EXPECT_TRUE(condition.wait_for(guard, 1ms, [] { return true; }));
    EXPECT_FALSE(condition.wait_until(guard, std::chrono::steady_clock::now()));
    EXPECT_TRUE(condition.owned());
}

TEST(SharedCondition, WantsItsLockHeld) {
    SharedCondition condition;
    std::unique_lock guard(condition, std::defer_lock);
    EXPECT_THROW(condition.wait(guard), std::logic_error);
    EXPECT_THROW(condition.notify(), std::logic_error);
}

TEST(SharedCondition, TellsWaitersThatTheOwnerDied) {
    SharedCondition condition;
    SharedEvent locked;
    std::unique_lock guard(condition);
    ForkedChild child([&] {
        std::scoped_lock guard(condition);  // once we wait
        locked.set();
        ::pause();
    });
    ForkedChild killer([&] {
        locked.wait();
        child.kill_only();
    });
    EXPECT_THROW(condition.wait(guard, [] { return false; }), OwnerDiedError);
    EXPECT_TRUE(condition.owned());
    guard.unlock();
    EXPECT_THROW(guard.lock(), OwnerDiedError);
    { const auto mending = condition.recover(); }
    EXPECT_NO_THROW(guard.lock());
}

TEST(SharedCondition, AWaitIsCancelledAndHasTheLockThen) {
    SharedCondition condition;
    std::atomic<pid_t> waiter = 0;
    Thread thread([&] {
        std::unique_lock guard(condition);
        waiter = ::gettid();
        try {
            condition.wait(guard, [] { return false; });
        } catch (const CancelledError&) {
            EXPECT_TRUE(condition.owned());
            throw;
        }
    });
    while (waiter == 0) ::sched_yield();
    await_asleep(waiter);
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_TRUE(condition.try_lock());
    condition.unlock();
}

}  // namespace
}  // namespace hocket
