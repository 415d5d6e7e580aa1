#include "hocket/sync/barrier.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/sync/event.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"

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

// The last to come runs the action until after the other's deadline.
TEST(Barrier, OneWhoseTimeRunsOutDuringTheActionGetsItsResult) {
    for (const bool fails : {false, true}) {
        std::atomic<bool> ended{false};
        TimePoint deadline{};
        Barrier barrier(2, [&] {
            Event deadline_has_passed;  // which is what its waiter waits for
            EXPECT_FALSE(deadline_has_passed.wait_until(deadline + 5ms));
            ended = true;
            if (fails) throw std::runtime_error("action");
        });
        bool broken = false, ended_before = false;
        // Another round if this machine was too slow to bring both together.
        while (!ended) {
            barrier.reset();
            deadline = std::chrono::steady_clock::now() + 30ms;
            std::thread other([&] {
                try {
                    EXPECT_EQ(barrier.wait_until(deadline), 0u);
                    broken = false;
                } catch (const BrokenBarrierError&) {
                    broken = true;
                }
                ended_before = ended;
            });
            while (barrier.n_waiting() == 0 && !barrier.broken()) std::this_thread::yield();
            try {
                EXPECT_EQ(barrier.wait(), 1u);
                EXPECT_FALSE(fails);
            } catch (const BrokenBarrierError&) {
                EXPECT_FALSE(ended);
            } catch (const std::runtime_error&) {
                EXPECT_TRUE(fails);
            }
            other.join();
        }
        EXPECT_TRUE(ended_before) << "it went on while the action ran";
        EXPECT_EQ(broken, fails);
        EXPECT_EQ(barrier.broken(), fails);
    }
}

TEST(Barrier, OneWhoWasCancelledIsNotCountedEvenBeforeItHasGoneOn) {
    run([]() -> Task<void> {
        Barrier barrier(2);
        const auto waits = [&]() -> Task<std::size_t> { co_return co_await barrier.async_wait(); };
        auto first = create_task(waits());
        co_await yield_now();
        first.cancel();
        auto second = create_task(waits());
        for (int i = 0; i < 5; ++i) co_await yield_now();
        EXPECT_TRUE(first.cancelled());
        EXPECT_FALSE(second.done());
        const std::size_t mine = co_await barrier.async_wait();
        const std::size_t other = co_await second;
        EXPECT_EQ(mine + other, 1u);
    }());
}

// Threads with a limit that some rounds exceed, and tasks that are cancelled: a round ends for all in the same way.
TEST(Barrier, TimeOutsAndCancellationsRaceWithTheLastToCome) {
    constexpr std::size_t kParties = 3;
    struct Round {
        std::atomic<int> passed{0}, broken{0}, acted{0};
    };
    const test::StressTime time;
    std::atomic<long> complete{0};
    unsigned seed = 0;
    while (time.left()) {
        ++seed;
        Round round;
        Barrier barrier(kParties, [&] { ++round.acted; });
        const auto enters = [&](auto wait) {
            try {
                (void)wait();
                EXPECT_EQ(round.acted, 1) << "it went on before the action had run";
                ++round.passed;
            } catch (const BrokenBarrierError&) {
                ++round.broken;
            }
        };
        std::thread thread(
            [&] { enters([&] { return barrier.wait_for(std::chrono::microseconds(seed * 7 % 150)); }); });
        const auto task = [&]() -> Task<void> {
            try {
                (void)co_await barrier.async_wait();
                ++round.passed;
            } catch (const BrokenBarrierError&) {
                ++round.broken;
            }
        };
        const auto main = [&]() -> Task<void> {
            auto cancelled = create_task(task());
            auto stays = create_task(task());
            co_await yield_now();
            if (seed % 2) cancelled.cancel();
            auto instead = create_task(task());
            while (!cancelled.done()) co_await yield_now();
            // One too many waits for a second round, if nobody was cancelled, or at the very moment of completion.
            const auto one_is_left = [&] { return cancelled.cancelled() && round.passed == 2; };
            while (round.passed + round.broken < 3 && !one_is_left()) co_await yield_now();
            barrier.abort();
            co_await stays;
            co_await instead;
        };
        run(main());
        thread.join();
        EXPECT_TRUE(round.acted == 0 ? round.passed == 0 : round.passed >= 2) << round.passed << " " << round.broken;
        complete += round.acted;
    }
    EXPECT_GT(complete, 0);
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

TEST(Barrier, AThreadThatIsCancelledLeavesInEachWayOfWaiting) {
    const auto in_each_way = [](auto wait) {
        Barrier barrier(2);
        Thread thread([&] { wait(barrier); });
        while (barrier.n_waiting() == 0) std::this_thread::yield();
        thread.cancel();
        EXPECT_THROW(thread.join(), CancelledError);
        EXPECT_EQ(barrier.n_waiting(), 0u);
        EXPECT_FALSE(barrier.broken());
    };
    in_each_way([](Barrier& barrier) { (void)barrier.wait(); });
    in_each_way([](Barrier& barrier) { (void)barrier.wait_for(1h); });
    in_each_way([](Barrier& barrier) { (void)barrier.wait_until(std::chrono::system_clock::now() + 1h); });
}

TEST(Barrier, OneWhoComesCancelledDoesNotArrive) {
    Barrier barrier(1);
    Event cancelled;
    Thread thread([&] {
        {
            const CancelShield shield;
            cancelled.wait();
        }
        (void)barrier.wait();  // would complete the round
    });
    thread.cancel();
    cancelled.set();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_EQ(barrier.wait(), 0u);
}

// Who runs the action does not wait: its own cancellation is for its next wait.
TEST(Barrier, AnActionMayCancelTheTaskThatRunsIt) {
    run([]() -> Task<void> {
        CancelScope scope;
        Barrier barrier(2, [&] { scope.cancel("all here"); });
        const auto waits = [&]() -> Task<std::size_t> {
            CancelScope own(shielded);
            co_return co_await barrier.async_wait();
        };
        auto first = create_task(waits());
        while (barrier.n_waiting() == 0) co_await yield_now();
        const std::size_t place = co_await barrier.async_wait();
        EXPECT_EQ(place, 1u);
        bool cancelled = false;
        try {
            co_await yield_now();
        } catch (const CancelledError&) {
            cancelled = true;
        }
        EXPECT_TRUE(cancelled);
        const CancelScope own(shielded);
        const std::size_t other = co_await first;
        EXPECT_EQ(other, 0u);
    }());
}

TEST(Barrier, NeedsAParty) { EXPECT_THROW(Barrier(0), std::invalid_argument); }

}  // namespace
}  // namespace hocket
