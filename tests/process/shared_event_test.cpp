#include "hocket/process/shared_event.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <vector>

#include "hocket/core/errors.hpp"
#include "hocket/threading.hpp"
#include "process/forked_child.hpp"
#include "process/there_and_back.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::await_asleep;
using testing::ForkedChild;

TEST(SharedEvent, LetsWaitersOfOtherProcessesGoOn) {
    SharedEvent event;
    EXPECT_FALSE(event.is_set());
    EXPECT_FALSE(event.wait_for(1ms));
    std::vector<ForkedChild> waiters;
    for (int i = 0; i < 3; ++i) waiters.emplace_back([&] { testing::there_and_back(event).wait(); });
    for (const auto& waiter : waiters) await_asleep(waiter.pid());
    event.set();
    event.clear();  // who waited when it was set goes on all the same
    for (auto& waiter : waiters) EXPECT_EQ(waiter.wait(), 0);
    EXPECT_FALSE(event.is_set());
}

TEST(SharedEvent, StaysSet) {
    SharedEvent event;
    event.set();
    event.set();
    event.wait();
    EXPECT_TRUE(event.wait_for(0s));
    event.clear();
    EXPECT_FALSE(event.wait_until(std::chrono::steady_clock::now()));
}

TEST(SharedEvent, AWaitIsCancelled) {
    SharedEvent event;
    std::atomic<pid_t> waiter = 0;
    Thread thread([&] {
        waiter = ::gettid();
        event.wait();
    });
    while (waiter == 0) ::sched_yield();
    await_asleep(waiter);
    thread.cancel("enough");
    try {
        thread.join();
        ADD_FAILURE();
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "enough");
    }
}

}  // namespace
}  // namespace hocket
