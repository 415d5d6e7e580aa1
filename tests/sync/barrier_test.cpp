#include "hocket/sync/barrier.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(Barrier, EveryRoundHasAllPlacesAndRunsTheActionOnce) {
    constexpr int kRounds = 300;
    int actions = 0;
    Barrier barrier(4, [&] { ++actions; });
    std::atomic<std::size_t> places{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < kRounds; ++round) {
                places += barrier.wait();
                EXPECT_GT(actions, round);
            }
        });
    }
    const auto comes = [&]() -> Task<void> {
        for (int round = 0; round < kRounds; ++round) places += co_await barrier.async_wait();
    };
    const auto main = [&]() -> Task<void> { co_await gather(comes(), comes()); };
    run(main());
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(actions, kRounds);
    EXPECT_EQ(places, kRounds * (0u + 1 + 2 + 3));
    EXPECT_EQ(barrier.n_waiting(), 0u);
    EXPECT_EQ(barrier.parties(), 4u);
}

TEST(Barrier, ATimeOutBreaksItForAllUntilReset) {
    Barrier barrier(3);
    std::atomic<int> broken{0};
    std::thread other([&] {
        try {
            barrier.wait();
        } catch (const BrokenBarrierError&) {
            ++broken;
        }
    });
    while (barrier.n_waiting() == 0) std::this_thread::yield();
    EXPECT_THROW(barrier.wait_for(1ms), BrokenBarrierError);
    other.join();
    EXPECT_EQ(broken, 1);
    EXPECT_TRUE(barrier.broken());
    EXPECT_THROW(barrier.wait(), BrokenBarrierError);
    barrier.reset();
    EXPECT_FALSE(barrier.broken());
    EXPECT_EQ(barrier.n_waiting(), 0u);
}

TEST(Barrier, AbortAndResetEndTheWaits) {
    run([]() -> Task<void> {
        Barrier barrier(2);
        for (const bool abort : {true, false}) {
            const auto waits = [&]() -> Task<bool> {
                try {
                    (void)co_await barrier.async_wait();
                } catch (const BrokenBarrierError&) {
                    co_return true;
                }
                co_return false;
            };
            auto task = create_task(waits());
            co_await yield_now();
            EXPECT_EQ(barrier.n_waiting(), 1u);
            abort ? barrier.abort() : barrier.reset();
            const bool told = co_await task;
            EXPECT_TRUE(told);
            EXPECT_EQ(barrier.broken(), abort);
            barrier.reset();
        }
    }());
}

TEST(Barrier, AnActionThatThrowsBreaksIt) {
    Barrier barrier(2, [] { throw std::runtime_error("action"); });
    std::atomic<int> broken{0};
    std::thread other([&] {
        try {
            barrier.wait();
        } catch (const BrokenBarrierError&) {
            ++broken;
        }
    });
    while (barrier.n_waiting() == 0) std::this_thread::yield();
    EXPECT_THROW(barrier.wait(), std::runtime_error);
    other.join();
    EXPECT_EQ(broken, 1);
    EXPECT_TRUE(barrier.broken());
}

TEST(Barrier, OneWhoIsCancelledLeavesAndTheOthersGoOnWaiting) {
    run([]() -> Task<void> {
        Barrier barrier(2);
        const auto waits = [&]() -> Task<std::size_t> { co_return co_await barrier.async_wait(); };
        auto first = create_task(waits());
        co_await yield_now();
        first.cancel();
        while (!first.done()) co_await yield_now();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(barrier.n_waiting(), 0u);
        auto second = create_task(waits());
        co_await yield_now();
        const std::size_t mine = co_await barrier.async_wait();
        const std::size_t other = co_await second;
        EXPECT_EQ(mine, 1u);
        EXPECT_EQ(other, 0u);
    }());
}

TEST(Barrier, NeedsAParty) { EXPECT_THROW(Barrier(0), std::invalid_argument); }

}  // namespace
}  // namespace hocket
