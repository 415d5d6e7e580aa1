#include "hocket/sync/acquire.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <thread>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"

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
