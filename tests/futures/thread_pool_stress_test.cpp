// The work-stealing deque and the pool with everything happening at once; counted.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "../stress_time.hpp"
#include "hocket/futures.hpp"
#include "hocket/sync/event.hpp"

namespace hocket {
namespace {

TEST(WorkDequeStress, EachItemIsTakenOnce) {
    constexpr int kItems = 2000;
    for (const test::StressTime time; time.left();) {
        detail::WorkDeque<std::atomic<int>> deque(2);
        std::vector<std::atomic<int>> items(kItems);
        std::atomic<bool> done = false;
        std::atomic<int> taken = 0;
        const auto steal = [&] {
            while (!done || deque.size() > 0) {
                if (auto* item = deque.steal()) {
                    ++*item;
                    ++taken;
                }
            }
        };
        std::thread first(steal);
        std::thread second(steal);
        std::minstd_rand random(1);
        for (auto& item : items) {
            deque.push(&item, detail::WorkDeque<std::atomic<int>>::Publish::soon);
            if (random() % 3 == 0) {
                if (auto* own = deque.pop()) {
                    ++*own;
                    ++taken;
                }
            }
        }
        done = true;
        first.join();
        second.join();
        ASSERT_EQ(taken, kItems);
        for (auto& item : items) ASSERT_EQ(item, 1);
    }
}

TEST(ThreadPoolStress, EveryJobRunsOrIsCancelledOnce) {
    std::size_t rounds = 0;
    for (const test::StressTime time; time.left(); ++rounds) {
        std::atomic<int> ran = 0;
        std::atomic<int> callbacks = 0;
        int cancelled = 0;
        int seen = 0;
        constexpr int kThreads = 3;
        constexpr int kJobs = 200;
        {
            ThreadPool pool({.max_workers = 1 + rounds % 3,
                             .max_pending = rounds % 4 == 0 ? 10u : 0u,
                             .waiters_help = rounds % 2 == 0});
            std::vector<std::vector<Future<int>>> futures(kThreads);
            std::vector<std::thread> threads;
            for (int t = 0; t < kThreads; ++t) {
                threads.emplace_back([&, t] {
                    auto& mine = futures[static_cast<std::size_t>(t)];
                    for (int i = 0; i < kJobs; ++i) {
                        mine.push_back(pool.submit([&ran, &pool, i] {
                            if (i % 5 == 0) pool.submit([] { return 1; }).result();
                            ++ran;
                            return i;
                        }));
                        mine.back().add_done_callback([&](Future<int>&) { ++callbacks; });
                        if (i % 3 == 0) mine[static_cast<std::size_t>(i / 2)].cancel();
                    }
                });
            }
            for (auto& thread : threads) thread.join();
            for (auto& mine : futures) {
                for (std::size_t i = 0; i < mine.size(); ++i) {
                    try {
                        seen += mine[i].result() == static_cast<int>(i);
                    } catch (const CancelledError&) {
                        ++cancelled;
                    }
                }
            }
        }
        // A job may be cancelled while it waits, before it counts, and be cancelled in vain.
        ASSERT_EQ(seen + cancelled, kThreads * kJobs);
        ASSERT_EQ(ran, seen);
        ASSERT_EQ(callbacks, kThreads * kJobs);
    }
    EXPECT_GT(rounds, 0u);
}

TEST(ThreadPoolStress, ShutdownRacesWithSubmission) {
    for (const test::StressTime time; time.left();) {
        ThreadPool pool(2);
        std::atomic<int> ran = 0;
        std::atomic<int> submitted = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 2; ++t) {
            threads.emplace_back([&] {
                try {
                    for (;;) {
                        pool.submit([&] { ++ran; });
                        ++submitted;
                    }
                } catch (const std::runtime_error&) {
                }
            });
        }
        while (ran < 100) std::this_thread::yield();
        pool.shutdown();
        for (auto& thread : threads) thread.join();
        ASSERT_EQ(ran, submitted);
    }
}

// Those who submit see that all threads are blocked and start spare ones, while the blocked go on, do the work and end.
TEST(ThreadPoolStress, AfterShutdownNoSpareThreadIsStarted) {
    std::size_t rounds = 0;
    for (const test::StressTime time; time.left(); ++rounds) {
        ThreadPool pool(1);
        std::atomic<int> ran = 0;
        int submitted = 0;
        Event may_end;
        auto blocked = pool.submit([&] { may_end.wait(); });
        std::thread submitter([&] {
            try {
                for (; submitted < 3; ++submitted) pool.submit([&] { ++ran; });
            } catch (const std::runtime_error&) {  // shut down meanwhile
            }
        });
        if (rounds % 2 == 0) std::this_thread::yield();
        may_end.set();
        pool.shutdown();
        const std::size_t threads = pool.statistics().threads;
        submitter.join();
        ASSERT_EQ(pool.statistics().threads, threads);
        ASSERT_EQ(ran, submitted);
        blocked.result();
    }
    EXPECT_GT(rounds, 0u);
}

TEST(ThreadPoolStress, CancellingShutdownLosesNoFuture) {
    std::size_t rounds = 0;
    for (const test::StressTime time; time.left(); ++rounds) {
        ThreadPool pool(2);
        std::atomic<int> ran = 0;
        std::vector<Future<void>> futures;
        for (int i = 0; i < 100; ++i) {
            futures.push_back(pool.submit([&] {
                try {
                    pool.submit([] {}).result();
                } catch (const std::runtime_error&) {  // shut down meanwhile
                }
                ++ran;
            }));
        }
        pool.shutdown({.cancel_pending = true});
        int cancelled = 0;
        for (auto& future : futures) {
            ASSERT_TRUE(future.done());
            cancelled += future.cancelled();
        }
        ASSERT_EQ(ran + cancelled, 100);
    }
    EXPECT_GT(rounds, 0u);
}

TEST(ThreadPoolStress, IdleWorkersAreWokenEachTime) {
    ThreadPool pool(3);
    std::uint64_t rounds = 0;
    for (const test::StressTime time; time.left(); ++rounds) {
        // Each pair needs two threads at once: if a wake-up were lost, this would hang.
        Event first;
        Event second;
        auto a = pool.submit([&] {
            first.set();
            second.wait();
        });
        auto b = pool.submit([&] {
            second.set();
            first.wait();
        });
        a.result();
        b.result();
    }
    EXPECT_GT(rounds, 0u);
}

int tree(ThreadPool& pool, int depth) {
    if (depth == 0) return 1;
    auto left = pool.submit([&pool, depth] { return tree(pool, depth - 1); });
    int right = 0;
    if (depth % 3 == 0) {
        right = pool.submit([&pool, depth] { return tree(pool, depth - 1); }).result_for(std::chrono::hours(1));
    } else if (depth % 3 == 1) {
        parallel_invoke(
            pool, [&] { right += tree(pool, depth - 2 < 0 ? 0 : depth - 2); }, [&] {});
        right = 1 << (depth - 1);
    } else {
        right = tree(pool, depth - 1);
    }
    return left.result() + right;
}

void fork_leaves(ThreadPool& pool, int depth, std::atomic<int>& leaves) {
    if (depth == 0) {
        ++leaves;
        return;
    }
    parallel_invoke(
        pool, [&] { fork_leaves(pool, depth - 1, leaves); }, [&] { fork_leaves(pool, depth - 1, leaves); });
}

// The shutdown takes what is queued out of the queues, forks of a running job too, which are run nevertheless.
TEST(ThreadPoolStress, ShutdownThatCancelsLosesNoFork) {
    std::size_t rounds = 0;
    for (const test::StressTime time; time.left(); ++rounds) {
        ThreadPool pool(1 + rounds % 3);
        Event begun;
        std::atomic<int> leaves = 0;
        auto job = pool.submit([&] {
            begun.set();
            fork_leaves(pool, 8, leaves);
        });
        begun.wait();
        pool.shutdown({.cancel_pending = true});
        ASSERT_TRUE(job.done());
        job.result();
        ASSERT_EQ(leaves, 256);
    }
    EXPECT_GT(rounds, 0u);
}

TEST(ThreadPoolStress, TreesOfJobsThatWaitInEveryWay) {
    std::size_t rounds = 0;
    for (const test::StressTime time; time.left(); ++rounds) {
        ThreadPool pool(1 + rounds % 3);
        ASSERT_EQ(pool.submit([&] { return tree(pool, 8); }).result(), 256);
    }
    EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace hocket
