// The guards of the standard library, which for our locks know where they were made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#include "hocket/sync.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string told_by_deadlock(Lock& lock) {
    try {
        lock.lock();
    } catch (const DeadlockError& error) {
        return error.what();
    }
    return "no deadlock";
}

std::string this_file_at(unsigned line) { return "standard_guards_test.cpp:" + std::to_string(line); }

TEST(StandardGuards, TellWhereTheyWereMade) {
    Lock lock;
    {
        const std::scoped_lock guard(lock);
        EXPECT_THAT(told_by_deadlock(lock), HasSubstr("taken at " + std::string(__FILE__)));
    }
    {
        std::lock_guard guard(lock);
        EXPECT_THAT(told_by_deadlock(lock), HasSubstr(this_file_at(__LINE__ - 1)));
    }
    std::unique_lock guard(lock);
    EXPECT_THAT(told_by_deadlock(lock), HasSubstr(this_file_at(__LINE__ - 1)));
    guard.unlock();
    guard.lock();
    EXPECT_THAT(told_by_deadlock(lock), HasSubstr(this_file_at(__LINE__ - 1)));
}

TEST(StandardGuards, UniqueLockDoesWhatTheStandardSays) {
    Lock lock;
    std::unique_lock<Lock> none;
    EXPECT_FALSE(none);
    EXPECT_THROW(none.lock(), std::system_error);
    std::unique_lock deferred(lock, std::defer_lock);
    EXPECT_FALSE(deferred.owns_lock());
    EXPECT_THROW(deferred.unlock(), std::system_error);
    EXPECT_TRUE(deferred.try_lock());
    EXPECT_THROW(deferred.lock(), std::system_error);
    EXPECT_FALSE(lock.try_lock());
    std::unique_lock moved = std::move(deferred);
    EXPECT_FALSE(deferred.owns_lock());
    EXPECT_EQ(moved.mutex(), &lock);
    moved = std::unique_lock<Lock>();
    std::unique_lock tried(lock, std::try_to_lock);
    EXPECT_TRUE(tried);
    EXPECT_FALSE(std::unique_lock(lock, std::try_to_lock));
    EXPECT_FALSE(std::unique_lock(lock, 1ms));
    EXPECT_FALSE(std::unique_lock(lock, std::chrono::steady_clock::now()));
    EXPECT_EQ(tried.release(), &lock);
    std::unique_lock adopted(lock, std::adopt_lock);
    std::unique_lock<Lock> other;
    std::swap(adopted, other);
    EXPECT_TRUE(other);
    other.unlock();
    EXPECT_TRUE(other.try_lock_for(1s));
    other.unlock();
    EXPECT_TRUE(other.try_lock_until(std::chrono::steady_clock::now() + 1s));
}

TEST(StandardGuards, ScopedLockTakesSeveralAndOtherMutexesAreAsBefore) {
    Lock lock;
    RLock again;
    Condition condition;
    std::mutex mutex;
    const std::scoped_lock all(lock, again, condition, mutex);
    EXPECT_FALSE(lock.try_lock());
    EXPECT_FALSE(mutex.try_lock());
    std::shared_mutex shared;
    const std::unique_lock guard(shared);
    EXPECT_TRUE(guard.owns_lock());
}

TEST(StandardGuards, ServeAConditionVariableAny) {
    Lock lock;
    std::condition_variable_any changed;
    bool set = false;
    std::thread setter([&] {
        const std::scoped_lock guard(lock);
        set = true;
        changed.notify_one();
    });
    std::unique_lock guard(lock);
    EXPECT_TRUE(changed.wait_for(guard, 10s, [&] { return set; }));
    setter.join();
}

}  // namespace
}  // namespace hocket
