#include "hocket/process/shared_semaphore.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "hocket/core/errors.hpp"
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

TEST(SharedSemaphore, CountsPermits) {
    SharedSemaphore semaphore(2);
    semaphore.acquire();
    EXPECT_TRUE(semaphore.try_acquire());
    EXPECT_FALSE(semaphore.try_acquire());
    EXPECT_FALSE(semaphore.try_acquire_for(1ms));
    EXPECT_EQ(semaphore.value(), 0);
    semaphore.release(3);
    EXPECT_EQ(semaphore.value(), 3);
    EXPECT_THROW(SharedSemaphore(-1), std::invalid_argument);
    EXPECT_THROW(semaphore.release(-1), std::invalid_argument);
    EXPECT_THROW(semaphore.release(0x7fffffff), std::logic_error);
    EXPECT_EQ(semaphore.value(), 3);
}

TEST(SharedSemaphore, EachReleaseLetsOneGoOn) {
    SharedSemaphore semaphore(0), passed(0);
    std::vector<ForkedChild> waiters;
    for (int i = 0; i < 4; ++i) {
        waiters.emplace_back([&] {
            testing::there_and_back(semaphore).acquire();
            passed.release();
        });
    }
    for (const auto& waiter : waiters) await_asleep(waiter.pid());
    semaphore.release();
    passed.acquire();
    EXPECT_FALSE(passed.try_acquire());
    semaphore.release(3);
    for (int i = 0; i < 3; ++i) passed.acquire();
    for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), 0);
    EXPECT_EQ(semaphore.value(), 0);
}

TEST(SharedSemaphore, TheNextTakesTheTurnOfAWaiterThatIsKilled) {
    SharedSemaphore semaphore(0);
    ForkedChild first([&] { semaphore.acquire(); });
    await_asleep(first.pid());
    ForkedChild second([&] { semaphore.acquire(); });
    await_asleep(second.pid());
    first.kill();
    semaphore.release();
    EXPECT_EQ(second.wait(), 0);
}

TEST(SharedSemaphore, AWaitIsCancelled) {
    SharedSemaphore semaphore(0);
    std::atomic<pid_t> waiter = 0;
    Thread thread([&] {
        waiter = ::gettid();
        semaphore.acquire();
    });
    while (waiter == 0) ::sched_yield();
    await_asleep(waiter);
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    semaphore.release();
    EXPECT_TRUE(semaphore.try_acquire());
}

TEST(SharedBoundedSemaphore, BoundsWhoIsInside) {
    SharedBoundedSemaphore semaphore(2);
    SharedValue<int> inside(0), most(0);
    const auto visit = [&] {
        for (int i = 0; i < 200; ++i) {
            semaphore.acquire();
            const int now = ++std::atomic_ref(*inside);
            std::atomic_ref highest(*most);
            for (int seen = highest; seen < now && !highest.compare_exchange_weak(seen, now);) {
            }
            --std::atomic_ref(*inside);
            semaphore.release();
        }
    };
    {
        std::vector<ForkedChild> children;
        for (int i = 0; i < 4; ++i) children.emplace_back(visit);
        for (auto& child : children) EXPECT_EQ(child.wait(), 0);
    }
    EXPECT_LE(*most, 2);
    EXPECT_EQ(semaphore.value(), 2);
    EXPECT_EQ(semaphore.recovered(), 0u);
    EXPECT_THROW(semaphore.release(), std::logic_error);
}

TEST(SharedBoundedSemaphore, GetsBackThePermitsOfTheDead) {
    SharedBoundedSemaphore semaphore(3);
    SharedEvent taken;
    ForkedChild holder([&] {
        semaphore.acquire();
        semaphore.acquire();
        taken.set();
        ::pause();
    });
    taken.wait();
    semaphore.acquire();
    EXPECT_FALSE(semaphore.try_acquire());
    holder.kill_only();  // a zombie is dead
    EXPECT_TRUE(semaphore.try_acquire());
    EXPECT_EQ(semaphore.recovered(), 2u);
    EXPECT_EQ(semaphore.value(), 1);
}

TEST(SharedBoundedSemaphore, WhoWaitsFindsOutThatAnOwnerDied) {
    SharedBoundedSemaphore semaphore(1);
    SharedEvent taken;
    ForkedChild holder([&] {
        semaphore.acquire();
        taken.set();
        ::pause();
    });
    taken.wait();
    const pid_t waiter = ::getpid();
    ForkedChild killer([&] {
        await_asleep(waiter);
        holder.kill_only();
    });
    semaphore.acquire();
    EXPECT_EQ(semaphore.recovered(), 1u);
}

TEST(SharedBoundedSemaphore, APermitCanBeGivenBackByAnotherProcess) {
    SharedBoundedSemaphore semaphore(1);
    SharedEvent given_back, done;
    semaphore.acquire();
    ForkedChild child([&] {
        semaphore.release();
        given_back.set();
        done.wait();
    });
    given_back.wait();
    EXPECT_TRUE(semaphore.try_acquire());
    EXPECT_FALSE(semaphore.try_acquire());
    done.set();
    EXPECT_EQ(child.wait(), 0);
    EXPECT_FALSE(semaphore.try_acquire());
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 1);
    EXPECT_THROW(semaphore.release(), std::logic_error);
}

}  // namespace
}  // namespace hocket
