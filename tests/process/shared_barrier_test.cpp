#include "hocket/process/shared_barrier.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <vector>

#include "hocket/process/shared_array.hpp"
#include "hocket/process/shared_event.hpp"
#include "hocket/threading.hpp"
#include "process/forked_child.hpp"
#include "process/there_and_back.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ForkedChild;

TEST(SharedBarrier, LetsNobodyGoBeforeAllHaveCome) {
    constexpr int kParties = 3, kRounds = 200;
    SharedBarrier barrier(kParties);
    SharedArray<int> round_of(kParties);
    SharedArray<int> places(kParties);
    std::vector<ForkedChild> children;
    for (int me = 0; me < kParties; ++me) {
        children.emplace_back([&, me] {
            SharedBarrier sent = testing::there_and_back(barrier);
            std::atomic_ref<int> mine(round_of[static_cast<std::size_t>(me)]);
            for (int round = 1; round <= kRounds; ++round) {
                mine.store(round);
                const std::size_t place = sent.wait();
                ++std::atomic_ref(places[place]);
                for (int& other : round_of) EXPECT_GE(std::atomic_ref(other), round);
                sent.wait();
            }
        });
    }
    for (auto& child : children) EXPECT_EQ(child.wait(), 0);
    for (const int count : places) EXPECT_EQ(count, kRounds);
    EXPECT_FALSE(barrier.broken());
    EXPECT_EQ(barrier.n_waiting(), 0u);
    EXPECT_EQ(barrier.parties(), 3u);
}

TEST(SharedBarrier, BreaksWhenTimeIsUpAndIsReset) {
    SharedBarrier barrier(2);
    ForkedChild other([&] { EXPECT_THROW(barrier.wait(), BrokenBarrierError); });
    while (barrier.n_waiting() != 1) ::sched_yield();
    barrier.abort();
    EXPECT_EQ(other.wait(), 0);
    EXPECT_TRUE(barrier.broken());
    EXPECT_THROW(barrier.wait(), BrokenBarrierError);
    barrier.reset();
    EXPECT_THROW(barrier.wait_for(1ms), BrokenBarrierError);
    EXPECT_TRUE(barrier.broken());
    barrier.reset();
    ForkedChild again([&] { barrier.wait(); });
    barrier.wait();
    EXPECT_EQ(again.wait(), 0);
    EXPECT_THROW(SharedBarrier(0), std::invalid_argument);
}

TEST(SharedBarrier, BreaksWhenAPartyDiesThatWaits) {
    SharedBarrier barrier(3);
    ForkedChild waiting([&] { barrier.wait(); });
    while (barrier.n_waiting() != 1) ::sched_yield();
    ForkedChild killer([&] {
        while (barrier.n_waiting() != 2) ::sched_yield();
        waiting.kill_only();
    });
    EXPECT_THROW(barrier.wait(), BrokenBarrierError);
}

TEST(SharedBarrier, BreaksWhenAPartyDiesBetweenTwoRounds) {
    SharedBarrier barrier(2);
    SharedEvent met;
    ForkedChild other([&] {
        barrier.wait();
        met.set();
        ::pause();
    });
    barrier.wait();
    met.wait();
    other.kill();
    EXPECT_THROW(barrier.wait(), BrokenBarrierError);
}

TEST(SharedBarrier, IsNotBrokenByOneThatLetGoOfIt) {
    SharedBarrier barrier(2);
    ForkedChild first([&] {
        std::optional<SharedBarrier> mine = testing::there_and_back(barrier);
        mine->wait();
    });
    barrier.wait();
    EXPECT_EQ(first.wait(), 0);
    ForkedChild second([&] {
        // Longer than it takes to notice a death.
        SharedEvent never;
        EXPECT_FALSE(never.wait_for(1200ms));
        barrier.wait();
    });
    barrier.wait();
    EXPECT_EQ(second.wait(), 0);
}

TEST(SharedBarrier, OneWhoIsCancelledLeavesItsPlace) {
    SharedBarrier barrier(2);
    Thread thread([&] { barrier.wait(); });
    while (barrier.n_waiting() != 1) ::sched_yield();
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_EQ(barrier.n_waiting(), 0u);
    std::array<std::size_t, 2> places{};
    Thread other([&] { places[0] = barrier.wait(); });
    places[1] = barrier.wait();
    other.join();
    EXPECT_EQ(places[0] + places[1], 1u);
}

}  // namespace
}  // namespace hocket
