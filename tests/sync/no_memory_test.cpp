// Without memory nobody can look for circles of waits: who can fail does, who cannot waits.
#include <gtest/gtest.h>

#include <latch>
#include <new>
#include <thread>

#include "aio/allocations.hpp"
#include "hocket/sync.hpp"
#include "report_capture.hpp"
#include "sync/graph_links.hpp"

namespace hocket {
namespace {

using detail::PartyId;
using test::Owned;
using test::Wants;

class NoMemoryForTheGraph : public testing::Test {
protected:
    void SetUp() override {
        if (!test::counts_allocations()) GTEST_SKIP() << "the sanitizer has its own operator new";
    }
    const Owned of_somebody_{detail::next_party_id()};
    Lock lock_;
};

TEST_F(NoMemoryForTheGraph, LockFailsAndTakesNothing) {
    lock_.lock();
    const Wants wants(of_somebody_);
    std::thread([&] {
        EXPECT_FALSE(lock_.owned());  // the thread is known from now on, which takes memory
        const test::NoMemory none;
        EXPECT_THROW(lock_.lock(), std::bad_alloc);
    }).join();
    lock_.unlock();
    EXPECT_TRUE(lock_.try_lock());
    lock_.unlock();
}

TEST_F(NoMemoryForTheGraph, AConditionTakesItsLockAgainAllTheSame) {
    const test::ReportCapture reports;
    Condition condition(lock_);
    std::latch waits(1);
    PartyId waiting_party = 0;
    bool has_lock = false;
    std::thread waiter([&] {
        std::unique_lock guard(lock_);
        waiting_party = detail::current_party();
        waits.count_down();
        const test::NoMemory none;
        condition.wait(guard);
        has_lock = lock_.owned();
    });
    waits.wait();
    lock_.lock();
    {
        const Wants wants(of_somebody_);  // so that the waiter has a chain to follow
        condition.notify_all();
        test::await_waiting(waiting_party);
    }
    lock_.unlock();
    waiter.join();
    EXPECT_TRUE(has_lock);
    EXPECT_EQ(reports.text(), "");
}

}  // namespace
}  // namespace hocket
