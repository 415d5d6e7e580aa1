// Jobs that wait for jobs of their own pool, are cancelled while they run, or wait for each other in a circle.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hocket/futures.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading/cancel_shield.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

int depth_of(ThreadPool& pool, int levels) {
    if (levels == 0) return 0;
    return 1 + pool.submit([&pool, levels] { return depth_of(pool, levels - 1); }).result();
}

TEST(NestedWait, OneWorkerSufficesForAThousandLevels) {
    ThreadPool pool(1);
    EXPECT_EQ(depth_of(pool, 900), 901 - 1);
    EXPECT_EQ(pool.statistics().threads, 1u);
    EXPECT_EQ(depth_of(pool, 2500), 2500);  // beyond what one stack holds
    EXPECT_LE(pool.statistics().threads, 5u);
}

TEST(NestedWait, WaitAndAsCompletedDoNotStarveEither) {
    ThreadPool pool(1);
    const auto outer = [&] {
        std::vector<Future<int>> futures;
        for (int i = 0; i < 10; ++i) futures.push_back(pool.submit([i] { return i; }));
        EXPECT_GE(wait(futures, FIRST_COMPLETED).done.size(), 1u);
        int sum = 0;
        for (Future<int>& future : as_completed(futures)) sum += future.result();
        return sum + static_cast<int>(wait(futures).done.size());
    };
    EXPECT_EQ(pool.submit(outer).result(), 45 + 10);
}

// The first one to be done need not be the first in line, which may wait for what the waiter does next.
TEST(NestedWait, WaitingForAnyIsNotStuckInOne) {
    ThreadPool pool(3);
    Event go;
    const auto outer = [&] {
        std::vector<Future<int>> futures{pool.submit([&] {
            go.wait();
            return 1;
        })};
        futures.push_back(pool.submit([] { return 2; }));
        const auto first = wait(futures, FIRST_COMPLETED);
        go.set();
        return first.done.at(0).result();
    };
    EXPECT_EQ(pool.submit(outer).result(), 2);
}

TEST(NestedWait, ATimedWaitIsServedByASpareThread) {
    ThreadPool pool(1);
    EXPECT_EQ(pool.submit([&] { return pool.submit([] { return 7; }).result_for(1h); }).result(), 7);
    EXPECT_GE(pool.statistics().threads, 2u);
    // The surplus thread is kept, and does not run jobs beside the others.
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    std::vector<Future<void>> futures;
    for (int i = 0; i < 200; ++i) {
        futures.push_back(pool.submit([&] {
            const int now = ++running;
            int before = most;
            while (before < now && !most.compare_exchange_weak(before, now)) {
            }
            std::this_thread::yield();
            --running;
        }));
    }
    (void)wait(futures);
    EXPECT_LE(most, 2);
}

TEST(NestedWait, AJobSubmittedWhileAllWorkersWaitIsRun) {
    ThreadPool pool(2);
    Promise<int> promise;
    std::latch waiting(2);
    std::vector<Future<int>> blocked;
    for (int i = 0; i < 2; ++i) {
        blocked.push_back(pool.submit([&waiting, future = promise.future()] {
            waiting.count_down();
            return future.result();
        }));
    }
    waiting.wait();
    while (pool.statistics().blocked < 2) std::this_thread::yield();
    pool.submit([&] { promise.set_result(3); }).result();
    EXPECT_EQ(blocked[0].result() + blocked[1].result(), 6);
    EXPECT_GE(pool.statistics().threads, 3u);
}

TEST(NestedWait, NeverRunsWhatItDoesNotWaitForOnTopOfAJob) {
    // The job that waits holds a lock that other jobs want: run on top of it they could never get it.
    ThreadPool pool(1);
    Lock lock;
    const auto wants_lock = [&] { std::scoped_lock guard(lock); };
    const auto holds_lock = [&] {
        std::scoped_lock guard(lock);
        std::vector<Future<void>> others;
        for (int i = 0; i < 5; ++i) others.push_back(pool.submit(wants_lock));
        pool.submit([] {}).result();
        return others;
    };
    std::vector<Future<void>> others = pool.submit(holds_lock).result();
    for (auto& other : others) EXPECT_NO_THROW(other.result());
}

// The same for what the awaited job, run by another thread, has submitted: it need not wait for that.
TEST(NestedWait, LeavesToOthersWhatTheAwaitedJobHasSubmitted) {
    ThreadPool pool(2);
    Lock lock;
    std::latch submitted(1);
    std::atomic<bool> ran = false;
    Future<std::thread::id> other;
    const auto submits = [&] {
        other = pool.submit([&] {
            ran = true;
            std::scoped_lock guard(lock);
            return std::this_thread::get_id();
        });
        submitted.count_down();
        // Until the one that waits for this has run that job, or found nothing to do.
        while (!ran && pool.statistics().blocked == 0) std::this_thread::yield();
        return ran.load();
    };
    const auto holds_lock = [&] {
        Future<bool> awaited = pool.submit(submits);
        submitted.wait();  // now the other thread runs it
        std::scoped_lock guard(lock);
        return awaited.result();
    };
    EXPECT_FALSE(pool.submit(holds_lock).result());
    EXPECT_NO_THROW(other.result());
}

// What the awaited job has forked is run by the one that waits.
TEST(NestedWait, HelpsWithWhatTheAwaitedJobHasForked) {
    ThreadPool pool(2);
    std::latch forked(1);
    std::atomic<bool> helped = false;
    std::thread::id waiting;
    const auto forks = [&] {
        const auto first = [&] {
            forked.count_down();
            while (!helped) std::this_thread::yield();
        };
        std::thread::id ran_on;
        const auto second = [&] {
            ran_on = std::this_thread::get_id();
            helped = true;
        };
        parallel_invoke(pool, first, second);
        return ran_on;
    };
    const auto waits = [&] {
        waiting = std::this_thread::get_id();
        Future<std::thread::id> awaited = pool.submit(forks);
        forked.wait();
        return awaited.result();
    };
    const std::thread::id ran_on = pool.submit(waits).result();
    EXPECT_EQ(ran_on, waiting);
}

TEST(NestedWait, AJobThatWaitsForItselfIsToldSo) {
    ThreadPool pool(2);
    Promise<Future<int>> self;
    Future<int> future = pool.submit([other = self.future()]() -> int { return other.result().result(); });
    self.set_result(future);
    EXPECT_THROW(future.result(), DeadlockError);
}

TEST(NestedWait, ACircleOfJobsIsADeadlockError) {
    ThreadPool pool(2);
    Promise<Future<int>> first;
    Promise<Future<int>> second;
    std::latch both(2);
    const auto waits_for = [&both](Future<Future<int>> other) {
        both.arrive_and_wait();
        return Future<int>(other.result()).result();
    };
    Future<int> a = pool.submit(waits_for, second.future());
    Future<int> b = pool.submit(waits_for, first.future());
    first.set_result(a);
    second.set_result(b);
    EXPECT_THROW(a.result(), DeadlockError);  // one is told, and the other gets its error
    EXPECT_THROW(b.result(), DeadlockError);
}

// Run by the one that waits for it, and never in need to wait itself.
TEST(NestedWait, CancellingTheOuterJobEndsAnInnerOneThatNeedNotWait) {
    ThreadPool pool(1);
    Event inner_runs;
    Future<void> outer = pool.submit([&] {
        pool.submit([&] {
                Semaphore free(1);
                inner_runs.set();
                for (;;) {
                    free.acquire();
                    free.release();
                }
            })
            .result();
    });
    inner_runs.wait();
    EXPECT_TRUE(outer.cancel("enough"));
    EXPECT_THROW(outer.result(), CancelledError);
}

TEST(NestedWait, AJobAndALockMakeACircleToo) {
    Lock lock("shared");
    Event begun;
    ThreadPool pool(1);  // ends before them: the job may still wait for the lock when this thread is told
    std::scoped_lock guard(lock);
    Future<void> job = pool.submit([&] {
        begun.set();
        std::scoped_lock mine(lock);
    });
    begun.wait();
    // Either this thread or the job closes the circle.
    EXPECT_THROW(job.result(), DeadlockError);
}

TEST(NestedWait, AJobOnTopOfAnotherWantsItsLock) {
    ThreadPool pool(1);
    Lock lock("shared");
    Future<void> job = pool.submit([&] {
        std::scoped_lock guard(lock);
        pool.submit([&] { std::scoped_lock mine(lock); }).result();  // run by the one that waits
    });
    try {
        job.result();
        FAIL() << "it got the lock";
    } catch (const DeadlockError& error) {
        EXPECT_NE(std::string(error.what()).find("on the same thread"), std::string::npos) << error.what();
    }
}

TEST(NestedWait, AJobOnTopOfAnotherAndAThreadMakeACircle) {
    ThreadPool pool(1);
    Lock mine("mine");
    Lock other("other");
    Event begun;
    mine.lock();
    Future<void> job = pool.submit([&] {
        std::scoped_lock guard(other);
        pool.submit([&] {
                begun.set();
                std::scoped_lock wanted(mine);
            })
            .result();
    });
    begun.wait();
    int told = 0;
    try {
        std::scoped_lock wanted(other);  // held by the job below, which cannot go on
    } catch (const DeadlockError&) {
        ++told;
    }
    mine.unlock();
    try {
        job.result();
    } catch (const DeadlockError&) {
        ++told;
    }
    EXPECT_EQ(told, 1);
}

TEST(NestedWait, PoolsWhoseJobsWaitForEachOthersEnd) {
    ThreadPool first(1, "first");
    ThreadPool second(1, "second");
    Promise<Future<void>> shuts_down;
    Future<void> waits = second.submit([&] { Future<void>(shuts_down.future().result()).result(); });
    Future<void> job = first.submit([&] { second.shutdown(); });
    shuts_down.set_result(job);
    int told = 0;
    try {
        waits.result();
    } catch (const DeadlockError&) {
        ++told;
    }
    try {
        job.result();
    } catch (const DeadlockError&) {
        ++told;
    }
    EXPECT_GE(told, 1);
}

TEST(JobCancellation, OfAJobReachesTheOneThatItRunsMeanwhile) {
    ThreadPool pool(1);
    Event begun;
    Event never;
    Future<void> inner;
    Future<void> outer = pool.submit([&] {
        inner = pool.submit([&] {
            begun.set();
            never.wait();
        });
        inner.result();
    });
    begun.wait();
    EXPECT_TRUE(outer.cancel("late"));
    EXPECT_EQ(describe(outer.exception()), "cancelled by thread 'MainThread': late");
    EXPECT_EQ(describe(inner.exception()), "cancelled by thread 'MainThread': late");
}

TEST(JobCancellation, AShieldHoldsForTheJobThatRunsMeanwhile) {
    ThreadPool pool(1);
    Event never;
    std::latch begun(1);
    std::latch cancelled(1);
    Future<bool> outer = pool.submit([&] {
        const CancelShield shield;
        const auto waits = [&] {
            begun.count_down();
            cancelled.wait();
            return never.wait_for(1ms);
        };
        return pool.submit(waits).result();
    });
    begun.wait();
    outer.cancel();
    cancelled.count_down();
    EXPECT_FALSE(outer.result());
}

TEST(JobCancellation, ACancelledJobRunsNoOtherMeanwhile) {
    ThreadPool pool(1);
    std::latch begun(1);
    std::latch cancelled(1);
    Future<int> inner;
    Future<int> outer = pool.submit([&] {
        begun.count_down();
        cancelled.wait();
        inner = pool.submit([] { return 1; });
        return inner.result();
    });
    begun.wait();
    outer.cancel();
    cancelled.count_down();
    EXPECT_THROW(outer.result(), CancelledError);
    EXPECT_EQ(inner.result(), 1);
}

TEST(JobCancellation, RemovesAQueuedJob) {
    ThreadPool pool(1);
    Event begun;
    Event release;
    auto blocker = pool.submit([&] {
        begun.set();
        release.wait();
    });
    begun.wait();
    bool ran = false;
    auto kept = std::make_shared<int>(1);
    Future<void> queued = pool.submit([&ran, kept] { ran = true; });
    EXPECT_TRUE(queued.cancel("not needed"));
    EXPECT_EQ(kept.use_count(), 1);  // what it held is free at once
    EXPECT_TRUE(queued.cancelled());
    EXPECT_FALSE(queued.cancel());
    try {
        queued.result();
        FAIL();
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "not needed");
    }
    release.set();
    pool.shutdown();
    EXPECT_FALSE(ran);
}

TEST(JobCancellation, EndsTheWaitOfARunningJobAndOfNoOther) {
    ThreadPool pool(1);
    Event begun;
    Event never;
    Future<void> running = pool.submit([&] {
        begun.set();
        never.wait();
    });
    begun.wait();
    EXPECT_TRUE(running.cancel("late"));
    EXPECT_EQ(describe(running.exception()), "cancelled by thread 'MainThread': late");
    EXPECT_TRUE(running.cancelled());
    Event set;
    set.set();
    EXPECT_FALSE(pool.submit([&] { return never.wait_for(1ms); }).result());  // waits, undisturbed
}

TEST(JobCancellation, IsLevelTriggered) {
    ThreadPool pool(1);
    Event begun;
    Event never;
    Future<int> stubborn = pool.submit([&] {
        begun.set();
        int cancelled = 0;
        for (int i = 0; i < 3; ++i) {
            try {
                never.wait();
            } catch (const CancelledError&) {
                ++cancelled;
            }
        }
        return cancelled;
    });
    begun.wait();
    stubborn.cancel();
    EXPECT_EQ(stubborn.result(), 3);
    EXPECT_FALSE(stubborn.cancelled());
}

TEST(JobCancellation, OfAJobThatWaitsForAnotherLeavesTheOther) {
    ThreadPool pool(2);
    Event begun;
    Event release;
    Promise<Future<int>> inner;
    Future<void> outer = pool.submit([&] {
        Future<int> other = pool.submit([&] {
            begun.set();
            release.wait();
            return 1;
        });
        begun.wait();
        inner.set_result(other);
        other.result();
    });
    Future<int> other = inner.future().result();
    outer.cancel();
    EXPECT_THROW(outer.result(), CancelledError);
    EXPECT_FALSE(other.done());
    release.set();
    EXPECT_EQ(other.result(), 1);
}

TEST(WaitersHelp, RunsTheJobOnTheThreadThatWaits) {
    ThreadPool pool({.max_workers = 1, .waiters_help = true});
    Event begun;
    Event release;
    auto blocker = pool.submit([&] {
        begun.set();
        release.wait();
    });
    begun.wait();
    const auto here = std::this_thread::get_id();
    EXPECT_EQ(pool.submit([] { return std::this_thread::get_id(); }).result(), here);
    EXPECT_THROW(pool.submit([] {}).result_for(1ms), TimeoutError);  // a limit is kept
    release.set();
}

}  // namespace
}  // namespace hocket
