#include "hocket/sync/acquire.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <ranges>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {
namespace {

template <class L>
bool free_for_others(L& lock) {
    bool free = false;
    std::thread([&] {
        free = lock.try_lock();
        if (free) lock.unlock();
    }).join();
    return free;
}

TEST(Acquire, TakesAnyKindInAnyOrderOfNamesAndOneNamedTwiceOnce) {
    Lock lock;
    RLock rlock;
    Condition condition;
    Semaphore semaphore(1);
    std::mutex mutex;
    {
        auto all = acquire(lock, rlock, condition, semaphore, mutex, lock);
        EXPECT_FALSE(free_for_others(lock));
        EXPECT_FALSE(free_for_others(rlock));
        EXPECT_FALSE(free_for_others(condition));
        EXPECT_FALSE(free_for_others(mutex));
        EXPECT_EQ(semaphore.value(), 0);
    }
    EXPECT_TRUE(free_for_others(lock));
    EXPECT_TRUE(free_for_others(rlock));
    EXPECT_TRUE(free_for_others(condition));
    EXPECT_TRUE(free_for_others(mutex));
    EXPECT_EQ(semaphore.value(), 1);
}

TEST(Acquire, TakesALockThatIsNamedByConditionsTooOnce) {
    Lock lock;
    RLock rlock;
    Condition of_lock(lock), of_lock_too(lock), of_rlock(rlock);
    {
        auto all = acquire(of_lock, lock, rlock, of_lock_too, of_rlock);  // twice would be a DeadlockError
        EXPECT_FALSE(free_for_others(lock));
        EXPECT_FALSE(free_for_others(rlock));
    }
    EXPECT_TRUE(free_for_others(lock));
    EXPECT_TRUE(free_for_others(rlock));
    run([](Lock& lock, Condition& of_lock) -> Task<void> {
        {
            auto both = co_await async_acquire(of_lock, lock);
            EXPECT_TRUE(of_lock.owned());
        }
        EXPECT_FALSE(lock.owned());
    }(lock, of_lock));
}

// The conditions lie in the opposite order of their locks: whoever names one means its lock's place.
TEST(Acquire, OrdersAConditionAsTheLockThatItUses) {
    Lock locks[2];
    Condition conditions[2]{Condition(locks[1]), Condition(locks[0])};
    auto low = acquire(conditions[1]);
    { auto high = acquire(conditions[0]); }
    low.release();
    auto high = acquire(locks[1]);
    EXPECT_THROW((void)acquire(conditions[1]), LockOrderError);
}

TEST(Acquire, AgainstTheOrderThrowsAndTakesNothing) {
    Lock locks[3];
    auto held = acquire(locks[1]);
    EXPECT_THROW((void)acquire(locks[2], locks[0]), LockOrderError);
    EXPECT_TRUE(free_for_others(locks[0]));
    EXPECT_TRUE(free_for_others(locks[2]));
    auto more = acquire(locks[2]);
    std::thread([&] { auto other = acquire(locks[0]); }).join();  // another party, another order
    held.release();                                               // not the last one taken
    EXPECT_TRUE(free_for_others(locks[1]));
    EXPECT_FALSE(free_for_others(locks[2]));
    EXPECT_THROW((void)acquire(locks[1]), LockOrderError);
    more.release();
    auto now = acquire(locks[1]);
}

TEST(Acquire, AnRLockThatTheCallerHasMayBeNamedAgain) {
    struct Pair {
        RLock low;
        Lock high;
    } pair;
    auto outer = acquire(pair.low, pair.high);
    std::optional inner = acquire(pair.low);
    auto moved = std::move(*inner);
    inner.reset();
    moved.release();
    EXPECT_TRUE(pair.low.owned());
    outer.release();
    EXPECT_FALSE(pair.low.owned());
}

TEST(Acquire, TakesARangeOfLocksOrOfPointersToThem) {
    Lock locks[3];
    std::vector<Lock*> pointers{&locks[2], &locks[0], &locks[2]};
    {
        auto all = acquire(locks);
        for (Lock& lock : locks) EXPECT_FALSE(free_for_others(lock));
    }
    {
        auto two = acquire(pointers);
        EXPECT_FALSE(free_for_others(locks[0]));
        EXPECT_TRUE(free_for_others(locks[1]));
        EXPECT_FALSE(free_for_others(locks[2]));
        EXPECT_THROW((void)acquire(std::views::counted(locks, 1)), LockOrderError);
    }
    auto none = acquire(std::vector<Semaphore*>());
    run([](Lock(&locks)[3], std::vector<Lock*>& pointers) -> Task<void> {
        {
            auto all = co_await async_acquire(locks);
            EXPECT_TRUE(locks[1].owned());
        }
        auto two = co_await async_acquire(pointers);
        EXPECT_TRUE(locks[0].owned());
        EXPECT_FALSE(locks[1].owned());
    }(locks, pointers));
    for (Lock& lock : locks) EXPECT_TRUE(free_for_others(lock));
}

TEST(Acquire, TakesAnyKindInATask) {
    run([]() -> Task<void> {
        Lock lock;
        RLock rlock;
        Condition condition;
        Semaphore semaphore(1);
        BoundedSemaphore bounded(2);
        {
            auto all = co_await async_acquire(lock, bounded, rlock, condition, semaphore, lock);
            EXPECT_TRUE(lock.owned());
            EXPECT_TRUE(rlock.owned());
            EXPECT_TRUE(condition.owned());
            EXPECT_EQ(semaphore.value(), 0);
            EXPECT_EQ(bounded.value(), 1);
        }
        EXPECT_FALSE(lock.owned());
        EXPECT_FALSE(rlock.owned());
        EXPECT_FALSE(condition.owned());
        EXPECT_EQ(semaphore.value(), 1);
        EXPECT_EQ(bounded.value(), 2);
    }());
}

TEST(Acquire, AThreadThatIsCancelledGivesBackWhatItTook) {
    struct Row {
        Lock first;
        Semaphore second{0};
        RLock third;
    } row;
    Thread thread([&] { auto all = acquire(row.third, row.first, row.second); });
    while (free_for_others(row.first)) std::this_thread::yield();
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_TRUE(free_for_others(row.first));
    EXPECT_TRUE(free_for_others(row.third));
    EXPECT_EQ(row.second.value(), 0);
}

TEST(Acquire, ATaskThatIsCancelledGivesBackWhatItTook) {
    run([]() -> Task<void> {
        Lock locks[2];
        auto guard = co_await locks[1].async_lock();
        const auto takes = [&]() -> Task<void> { auto both = co_await async_acquire(locks[0], locks[1]); };
        auto task = create_task(takes());
        co_await yield_now();
        EXPECT_FALSE(locks[0].try_lock());
        task.cancel();
        while (!task.done()) co_await yield_now();
        EXPECT_TRUE(task.cancelled());
        EXPECT_TRUE(locks[0].try_lock());
        locks[0].unlock();
        guard.unlock();
        auto both = co_await async_acquire(locks[1], locks[0]);
        EXPECT_TRUE(locks[0].owned());
        EXPECT_TRUE(locks[1].owned());
    }());
}

}  // namespace
}  // namespace hocket
