#include "hocket/process/shared_lock.hpp"

#include <gmock/gmock.h>
#include <pthread.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <random>
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
using ::testing::AllOf;
using testing::await_asleep;
using testing::ForkedChild;
using ::testing::HasSubstr;

// A child that takes the lock and then waits to be killed.
template <class L>
ForkedChild holder_of(L& lock) {
    SharedEvent taken;
    ForkedChild child([&] {
        lock.lock();
        taken.set();
        ::pause();
    });
    taken.wait();
    return child;
}

TEST(SharedLock, ExcludesAnotherProcess) {
    SharedLock lock;
    ForkedChild holder = holder_of(lock);
    EXPECT_FALSE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock_for(1ms));
    EXPECT_FALSE(lock.owned());
    EXPECT_THAT(lock.description(), HasSubstr("of process " + std::to_string(holder.pid())));
}

TEST(SharedLock, WakesTheOneWhoWaits) {
    SharedLock lock;
    SharedEvent taken;
    const pid_t waiter = ::getpid();
    ForkedChild holder([&] {
        std::scoped_lock guard(lock);
        taken.set();
        await_asleep(waiter);
    });
    taken.wait();
    {
        std::scoped_lock guard(lock);
        EXPECT_TRUE(lock.owned());
    }
    EXPECT_EQ(holder.wait(), 0);
}

TEST(SharedLock, OfADeadOwnerIsFreeAndSaysSo) {
    SharedLock lock("jobs");
    ForkedChild holder = holder_of(lock);
    const pid_t pid = holder.pid();
    holder.kill();
    EXPECT_TRUE(lock.owner_died());
    for (int i = 0; i < 2; ++i) {
        try {
            std::scoped_lock guard(lock);
            ADD_FAILURE();
        } catch (const OwnerDiedError& error) {
            EXPECT_THAT(error.what(), AllOf(HasSubstr("process " + std::to_string(pid)), HasSubstr("'jobs'"),
                                            HasSubstr("recover()")));
        }
        EXPECT_FALSE(lock.owned());
    }
    EXPECT_THROW((void)lock.try_lock(), OwnerDiedError);
    EXPECT_THROW((void)lock.try_lock_for(1s), OwnerDiedError);
    EXPECT_THAT(lock.description(), HasSubstr("left behind"));
    {
        const auto guard = lock.recover();
        EXPECT_TRUE(lock.owned());
        EXPECT_FALSE(lock.owner_died());
    }
    std::scoped_lock guard(lock);
    EXPECT_THROW((void)lock.recover(), DeadlockError);
}

TEST(SharedLock, WaitersAreToldWhenItsOwnerDies) {
    SharedLock lock;
    ForkedChild holder = holder_of(lock);
    SharedValue<int> told(0);
    std::vector<ForkedChild> waiters;
    for (int i = 0; i < 2; ++i) {
        waiters.emplace_back([&] {
            try {
                lock.lock();
            } catch (const OwnerDiedError&) {
                ++std::atomic_ref(*told);
            }
        });
    }
    for (const auto& waiter : waiters) await_asleep(waiter.pid());
    holder.kill();
    for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), 0);
    EXPECT_EQ(*told, 2);
}

TEST(SharedLock, OfADeadThreadIsFreeToo) {
    SharedLock lock;
    Thread([&] { lock.lock(); }).join();
    EXPECT_THROW(lock.lock(), OwnerDiedError);
}

TEST(SharedLock, IsAbandonedAgainWhenItsRecovererDies) {
    SharedLock lock;
    holder_of(lock).kill();
    SharedEvent taken;
    ForkedChild recoverer([&] {
        const auto guard = lock.recover();
        taken.set();
        ::pause();
    });
    taken.wait();
    recoverer.kill();
    EXPECT_THROW(lock.lock(), OwnerDiedError);
}

TEST(SharedLock, TakenTwiceByOneThreadIsADeadlock) {
    SharedLock lock;
    std::scoped_lock guard(lock);
    SharedLock again = testing::there_and_back(lock);
    EXPECT_THROW(again.lock(), DeadlockError);
    EXPECT_FALSE(again.try_lock());
    EXPECT_FALSE(again.try_lock_for(1ms));
}

TEST(SharedLock, IsGivenBackByItsOwnerOnly) {
    SharedLock lock;
    EXPECT_THROW(lock.unlock(), std::logic_error);
    std::scoped_lock guard(lock);
    Thread([&] { EXPECT_THROW(lock.unlock(), std::logic_error); }).join();
    EXPECT_TRUE(lock.owned());
}

TEST(SharedLock, ExcludesThreadsOfOneProcess) {
    SharedLock lock;
    int counter = 0;
    std::vector<Thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5'000; ++i) {
                std::scoped_lock guard(lock);
                ++counter;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counter, 20'000);
}

TEST(SharedLock, AWaitIsCancelled) {
    SharedLock lock;
    std::unique_lock guard(lock);
    std::atomic<pid_t> waiter = 0;
    Thread thread([&] {
        waiter = ::gettid();
        EXPECT_THROW(lock.lock(), CancelledError);
        EXPECT_FALSE(lock.owned());
        throw CancelledError();
    });
    while (waiter == 0) ::sched_yield();
    await_asleep(waiter);
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    guard.unlock();
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

TEST(SharedLock, ACancelledWaiterDoesNotTakeAWakeUpAlong) {
    SharedLock lock;
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::unique_lock guard(lock);
        Thread cancelled([&] { std::scoped_lock guard(lock); });
        Thread other([&] { std::scoped_lock guard(lock); });
        for (auto turns = random() % 2000; turns > 0; --turns) std::atomic_signal_fence(std::memory_order_seq_cst);
        Thread canceller([&] { cancelled.cancel(); });
        guard.unlock();
        other.join();
        canceller.join();
        try {
            cancelled.join();
        } catch (const CancelledError&) {
        }
    }
}

TEST(SharedLock, SharesTheThreadsListWithRobustMutexes) {
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_t mutexes[2];
    for (auto& mutex : mutexes) ::pthread_mutex_init(&mutex, &attributes);
    std::optional<SharedLock> locks[3];
    for (auto& lock : locks) lock.emplace();
    Thread([&] {
        locks[0]->lock();
        ::pthread_mutex_lock(&mutexes[0]);
        locks[1]->lock();
        ::pthread_mutex_lock(&mutexes[1]);
        locks[2]->lock();
        locks[0]->unlock();  // from the ends and the middle of the list
        ::pthread_mutex_unlock(&mutexes[0]);
        locks[0]->lock();
        locks[2]->unlock();
    }).join();
    EXPECT_TRUE(locks[0]->owner_died());
    EXPECT_TRUE(locks[1]->owner_died());
    EXPECT_FALSE(locks[2]->owner_died());
    EXPECT_EQ(::pthread_mutex_lock(&mutexes[0]), 0);
    EXPECT_EQ(::pthread_mutex_lock(&mutexes[1]), EOWNERDEAD);
    for (auto& mutex : mutexes) ::pthread_mutex_unlock(&mutex), ::pthread_mutex_destroy(&mutex);
    ::pthread_mutexattr_destroy(&attributes);
}

TEST(SharedRLock, CanBeTakenAgain) {
    SharedRLock lock;
    SharedRLock same = testing::there_and_back(lock);
    lock.lock();
    EXPECT_TRUE(same.try_lock());
    EXPECT_TRUE(same.try_lock_for(1ms));
    same.unlock();
    same.unlock();
    EXPECT_TRUE(lock.owned());
    ForkedChild([&] { EXPECT_FALSE(lock.try_lock()); }).wait();
    lock.unlock();
    EXPECT_FALSE(lock.owned());
}

TEST(SharedRLock, OfADeadOwnerIsTakenOnceByItsRecoverer) {
    SharedRLock lock;
    SharedEvent taken;
    ForkedChild holder([&] {
        lock.lock();
        lock.lock();
        taken.set();
        ::pause();
    });
    taken.wait();
    holder.kill();
    EXPECT_THROW(lock.lock(), OwnerDiedError);
    { const auto guard = lock.recover(); }
    EXPECT_FALSE(lock.owned());
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

}  // namespace
}  // namespace hocket
