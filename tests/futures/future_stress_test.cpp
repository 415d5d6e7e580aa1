// Futures that threads and coroutines of several loops wait for at the same time, while they are completed, cancelled,
// and waited for with time limits.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/test_loop.hpp"
#include "hocket/futures/promise.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using test::Job;
using test::TestLoop;

enum class End : char { none, value, error, cancelled };

// What all participants must agree about, round by round.
class Rounds {
public:
    explicit Rounds(long rounds) : ends_(static_cast<std::size_t>(rounds)) {}
    void note(long round, End end) {
        End expected = End::none;
        if (ends_[round].compare_exchange_strong(expected, end)) return;
        EXPECT_EQ(expected, end) << "in round " << round;
    }
    End end(long round) const { return ends_[round]; }

private:
    std::vector<std::atomic<End>> ends_;
};

using Results = Future<std::unique_ptr<long>>;

End look(long round, const std::unique_ptr<long>& result) {
    EXPECT_EQ(*result, round);
    return End::value;
}

End end_of_wait(long round, const Results& future, std::minstd_rand& random) {
    for (;;) {
        try {
            if (random() % 2) return look(round, future.result());
            return look(round, future.result_for(std::chrono::microseconds(random() % 20)));
        } catch (const TimeoutError&) {
        } catch (const std::runtime_error&) {
            return End::error;
        } catch (const CancelledError&) {
            return End::cancelled;
        }
    }
}

Job awaits(const std::vector<Results>& futures, long rounds, Rounds& seen) {
    for (long round = 0; round < rounds; ++round) {
        End end = End::none;
        try {
            const std::unique_ptr<long>& result = co_await futures[round];
            end = look(round, result);
        } catch (const std::runtime_error&) {
            end = End::error;
        } catch (const CancelledError&) {
            end = End::cancelled;
        }
        seen.note(round, end);
    }
}

TEST(FutureStress, AllWhoWaitSeeTheSameEnd) {
    constexpr int kThreads = 2;
    constexpr int kLoops = 2;
    constexpr long kRounds = 500;  // in one go
    std::uint64_t ends[4] = {};
    const test::StressTime time;
    do {
        Rounds seen(kRounds);
        std::vector<Promise<std::unique_ptr<long>>> promises(kRounds);
        std::vector<Results> futures;
        for (const auto& promise : promises) futures.push_back(promise.future());
        std::barrier round_begins(kThreads + 2);
        std::vector<std::thread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t] {
                std::minstd_rand random(static_cast<unsigned>(t) + 1);
                for (long round = 0; round < kRounds; ++round) {
                    round_begins.arrive_and_wait();
                    seen.note(round, end_of_wait(round, futures[round], random));
                }
            });
        }
        threads.emplace_back([&] {  // completes
            for (long round = 0; round < kRounds; ++round) {
                round_begins.arrive_and_wait();
                const bool fails = round % 3 == 2;
                const bool first =
                    fails ? promises[round].try_set_exception(std::make_exception_ptr(std::runtime_error("failed")))
                          : promises[round].try_set_result(std::make_unique<long>(round));
                if (first) seen.note(round, fails ? End::error : End::value);
            }
        });
        threads.emplace_back([&] {  // cancels
            for (long round = 0; round < kRounds; ++round) {
                round_begins.arrive_and_wait();
                if (round % 2 && futures[round].cancel()) seen.note(round, End::cancelled);
            }
        });
        for (int i = 0; i < kLoops; ++i) {
            threads.emplace_back([&] {
                TestLoop loop;
                for (int job = 0; job < 3; ++job) loop.spawn(awaits(futures, kRounds, seen));
                loop.run();
            });
        }
        for (auto& thread : threads) thread.join();
        for (long round = 0; round < kRounds; ++round) ++ends[static_cast<int>(seen.end(round))];
    } while (time.left());
    EXPECT_EQ(ends[0], 0u);
    for (const End end : {End::value, End::error, End::cancelled}) EXPECT_GT(ends[static_cast<int>(end)], 0u);
}

// One completes in the very moment in which the other begins to wait.
TEST(FutureStress, AWaiterThatComesAtTheSameTimeIsWoken) {
    std::atomic<Promise<long>*> offered{nullptr};
    std::atomic<bool> stop{false};
    const auto spin = [](unsigned turns) {
        for (unsigned turn = 0; turn < turns; ++turn) std::atomic_signal_fence(std::memory_order_seq_cst);
    };
    std::thread completes([&] {
        std::minstd_rand random(1);
        for (long round = 0; !stop; ++round) {
            const std::unique_ptr<Promise<long>> promise(offered.exchange(nullptr));
            if (!promise) {
                if (round % 1000 == 0) std::this_thread::yield();
                continue;
            }
            spin(random() % 64);
            promise->set_result(7);
        }
    });
    std::minstd_rand random(2);
    const test::StressTime time;
    while (time.left()) {
        auto promise = std::make_unique<Promise<long>>();
        const Future<long> future = promise->future();
        offered = promise.release();  // whoever completes it owns it
        spin(random() % 64);
        if (future.result() != 7) ADD_FAILURE() << "woken before the result was there";
    }
    stop = true;
    completes.join();
}

// The last handle may be dropped by any thread, also by the one that completes.
TEST(FutureStress, TheResultDiesWithTheLastHandle) {
    class Counted {
    public:
        explicit Counted(std::atomic<long>& alive) : alive_(alive) { ++alive_; }
        Counted(Counted&& other) noexcept : alive_(other.alive_) { ++alive_; }
        ~Counted() { --alive_; }

    private:
        std::atomic<long>& alive_;
    };
    std::atomic<long> alive{0};
    const test::StressTime time;
    while (time.left()) {
        constexpr long kRounds = 200;
        std::vector<Promise<Counted>> promises(kRounds);
        std::vector<Future<Counted>> first, second;
        for (const auto& promise : promises) {
            first.push_back(promise.future());
            second.push_back(promise.future());
        }
        std::thread completer([&] {
            for (auto& promise : promises) {
                promise.set_result(alive);
                Promise<Counted> dropped = std::move(promise);
            }
        });
        std::thread waiter([&] {
            for (auto& future : first) {
                future.result();
                future = {};
            }
        });
        for (auto& future : second) {
            std::move(future).result_for(std::chrono::hours(1));
            future = {};
        }
        completer.join();
        waiter.join();
        EXPECT_EQ(alive, 0);
    }
}

}  // namespace
}  // namespace hocket
