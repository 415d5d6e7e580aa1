#include "hocket/sync/priority_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"
#include "sync/graph_links.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(PriorityLock, IsTakenByOneAtATime) {
    PriorityLock lock("device");
    {
        const std::scoped_lock guard(lock);
        EXPECT_TRUE(lock.owned());
        EXPECT_THAT(lock.description(), HasSubstr("priority lock 'device' (0x"));
        EXPECT_THAT(lock.description(), HasSubstr("priority_lock_test.cpp:"));
        Thread([&] {
            EXPECT_FALSE(lock.owned());
            EXPECT_FALSE(lock.try_lock());
            EXPECT_FALSE(lock.try_lock_for(1ms));
            EXPECT_FALSE(lock.try_lock_until(std::chrono::steady_clock::now() - 1s));
            EXPECT_THROW(lock.unlock(), std::logic_error);
        }).join();
    }
    EXPECT_THROW(lock.unlock(), std::logic_error);
    EXPECT_FALSE(lock.owned());
    EXPECT_TRUE(lock.try_lock_for(1h));
    lock.unlock();
}

TEST(PriorityLock, NeverHasTwoOwnersAndLosesNobody) {
    PriorityLock lock;
    long counter = 0;
    std::atomic<long> expected{0};
    const test::StressTime time;
    std::vector<Thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
        threads.emplace_back([&, seed] {
            for (unsigned i = seed; time.left(); ++i) {
                if (i % 3 == 0) {
                    if (!lock.try_lock_for(std::chrono::microseconds(i % 50))) continue;
                } else {
                    lock.lock();
                }
                ++counter;
                if (i % 8 == 0) this_thread::yield();  // so that there is a line
                lock.unlock();
                ++expected;
            }
        });
    }
    for (Thread& thread : threads) thread.join();
    EXPECT_EQ(counter, expected);
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

TEST(PriorityLock, WorksWithAConditionVariableAndAcquire) {
    PriorityLock lock, other;
    std::condition_variable_any changed;
    bool set = false;
    Thread setter([&] {
        auto both = acquire(other, lock);
        set = true;
        changed.notify_one();
    });
    {
        std::unique_lock guard(lock);
        changed.wait(guard, [&] { return set; });
    }
    setter.join();
}

// The kernel's priority of a thread, as it is at this moment: below 0 for a real-time one.
long priority_of(pid_t native_id) {
    std::ifstream file("/proc/self/task/" + std::to_string(native_id) + "/stat");
    std::string text;
    std::getline(file, text);
    text = text.substr(text.rfind(')') + 1);  // "12 (name) S ..."
    std::size_t at = 0;
    for (int field = 3; field < 18; ++field) at = text.find(' ', at + 1);
    return std::stol(text.substr(at + 1));
}

TEST(PriorityLock, LendsItsOwnerThePriorityOfWhoWaits) {
    PriorityLock lock;
    std::atomic<bool> allowed{true};
    const pid_t owner = this_thread::native_id();
    const long before = priority_of(owner);
    lock.lock();
    Thread urgent([&] {
        const sched_param parameters{.sched_priority = 3};
        if (::sched_setscheduler(0, SCHED_FIFO, &parameters) != 0) {
            allowed = false;
            return;
        }
        const std::scoped_lock guard(lock);
    });
    while (allowed && priority_of(owner) >= 0) std::this_thread::yield();
    lock.unlock();
    urgent.join();
    if (!allowed) GTEST_SKIP() << "this user may not have real-time priorities";
    EXPECT_EQ(priority_of(owner), before);
}

TEST(PriorityLock, ACircleIsADeadlockError) {
    PriorityLock lock("mine");
    lock.lock();
    EXPECT_THROW(lock.lock(), DeadlockError);
    EXPECT_FALSE(lock.try_lock_for(2ms));  // a wait that ends
    Lock other("other");
    Event has_other;
    Thread thread([&] {
        const std::scoped_lock guard(other);
        has_other.set();
        const std::scoped_lock wants(lock);
    });
    has_other.wait();
    test::await_waiting(thread.id());
    try {
        other.lock();
        FAIL() << "both wait for ever";
    } catch (const DeadlockError& error) {
        EXPECT_THAT(error.what(), HasSubstr("priority lock 'mine'"));
        EXPECT_THAT(error.what(), HasSubstr("'other'"));
    }
    lock.unlock();
    thread.join();
}

TEST(PriorityLock, ACancelledThreadDoesNotBeginToWait) {
    PriorityLock lock;
    lock.lock();
    Event cancelled;
    Thread thread([&] {
        {
            const CancelShield shield;
            cancelled.wait();
        }
        lock.lock();
    });
    thread.cancel();
    cancelled.set();
    EXPECT_THROW(thread.join(), CancelledError);
    lock.unlock();
}

TEST(PriorityLock, TakenByTheParentOfAForkItIsNotTheChildsToGiveBack) {
    PriorityLock lock("parent's");
    lock.lock();
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            lock.unlock();
        } catch (const std::system_error& error) {
            const std::string_view what = error.what();
            const bool clear = what.find("'parent's'") != what.npos && what.find("fork()") != what.npos;
            PriorityLock own;
            own.lock();
            own.unlock();
            ::_exit(clear && lock.owned() && !own.owned() ? 0 : 2);
        }
        ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    lock.unlock();
}

}  // namespace
}  // namespace hocket
