// ThreadPool: jobs, threads, initializer, bounds, shutdown.
#include "hocket/futures/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../report_capture.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/futures/parallel.hpp"
#include "hocket/futures/wait.hpp"
#include "hocket/sync/barrier.hpp"
#include "hocket/sync/event.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

std::string thread_name() { return detail::ThreadRecord::current().name(); }

TEST(ThreadPool, GivesResultsAndExceptions) {
    ThreadPool pool;
    EXPECT_EQ(pool.submit([](int a, int b) { return a - b; }, 5, 3).result(), 2);
    EXPECT_NO_THROW(pool.submit([] {}).result());
    EXPECT_THROW(pool.submit([]() -> int { throw std::invalid_argument("bad"); }).result(), std::invalid_argument);
    int number = 4;
    EXPECT_EQ(&pool.submit([&]() -> int& { return number; }).result(), &number);
    auto pointer = std::make_unique<int>(6);
    EXPECT_EQ(*pool.submit([](std::unique_ptr<int> p) { return p; }, std::move(pointer)).result(), 6);
    EXPECT_EQ(pool.submit(&std::string::size, std::string("four")).result(), 4u);
}

TEST(ThreadPool, DestroysAJobsCallBeforeItsResultIsSeen) {
    ThreadPool pool(1);
    auto kept = std::make_shared<int>(1);
    for (int i = 0; i < 100; ++i) {
        pool.submit([kept] { return *kept; }).result();
        EXPECT_EQ(kept.use_count(), 1);
    }
}

TEST(ThreadPool, StartsThreadsAsTheyAreNeededAndNamesThem) {
    ThreadPool pool({.max_workers = 3, .name = "worker"});
    EXPECT_EQ(pool.statistics().threads, 0u);
    EXPECT_EQ(pool.submit(thread_name).result(), "worker-0");
    EXPECT_LE(pool.statistics().threads, 2u);
    Event release;
    std::vector<Future<std::string>> futures;
    for (int i = 0; i < 10; ++i) {
        futures.push_back(pool.submit([&] {
            release.wait();
            return thread_name();
        }));
    }
    while (pool.statistics().pending > 7) std::this_thread::yield();
    release.set();
    std::set<std::string> names;
    for (auto& future : futures) names.insert(future.result());
    EXPECT_EQ(names, (std::set<std::string>{"worker-0", "worker-1", "worker-2"}));
    EXPECT_EQ(pool.statistics().threads, 3u);
}

TEST(ThreadPool, StartsJobsInTheirOrder) {
    ThreadPool pool(1);
    std::vector<int> order;
    std::vector<Future<void>> futures;
    for (int i = 0; i < 1000; ++i) futures.push_back(pool.submit([&order, i] { order.push_back(i); }));
    (void)wait(futures);
    ASSERT_EQ(order.size(), 1000u);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPool, HasASensibleDefaultSize) {
    ThreadPool pool;
    EXPECT_EQ(pool.concurrency(), std::min<std::size_t>(32, std::thread::hardware_concurrency() + 4));
    EXPECT_THROW(ThreadPool({.max_workers = 1'000'000}), std::invalid_argument);
}

TEST(ThreadPool, InitialisesEachThreadOnce) {
    static thread_local int prepared = 0;
    ThreadPool pool({.max_workers = 2, .initializer = [] { ++prepared; }});
    for (int i = 0; i < 100; ++i) EXPECT_EQ(pool.submit([] { return prepared; }).result(), 1);
}

TEST(ThreadPool, InitialisesItsThreadsAtTheSameTime) {
    constexpr std::size_t kWorkers = 3;
    Barrier all(kWorkers);
    ThreadPool pool({.max_workers = kWorkers, .initializer = [&] { (void)all.wait(); }});
    std::vector<Future<int>> futures;
    for (int i = 0; i < 3; ++i) futures.push_back(pool.submit([i] { return i; }));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].result(), i);
}

TEST(ThreadPool, BreaksLoudlyWhenItsInitializerFails) {
    Event begin;
    ThreadPool pool({.max_workers = 1, .name = "fragile", .initializer = [&] {
                         begin.wait();
                         throw std::runtime_error("no licence");
                     }});
    std::vector<Future<int>> futures;
    for (int i = 0; i < 10; ++i) futures.push_back(pool.submit([i] { return i; }));
    begin.set();
    for (auto& future : futures) {
        try {
            future.result();
            FAIL() << "it ran";
        } catch (const BrokenThreadPool& error) {
            EXPECT_NE(std::string(error.what()).find("no licence"), std::string::npos);
            EXPECT_NE(std::string(error.what()).find("fragile"), std::string::npos);
        }
    }
    EXPECT_THROW(pool.submit([] {}), BrokenThreadPool);
}

TEST(ThreadPool, ReportsAnExceptionThatNobodyRetrieved) {
    test::ReportCapture reports;
    {
        ThreadPool pool(1);
        pool.submit([] { throw std::runtime_error("unheard"); });
    }
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_NE(reports.text().find("unheard"), std::string::npos);
}

TEST(ThreadPool, ShutdownRunsWhatWasSubmittedAndTakesNoMore) {
    ThreadPool pool(2);
    std::atomic<int> run = 0;
    for (int i = 0; i < 100; ++i) pool.submit([&] { ++run; });
    pool.shutdown();
    EXPECT_EQ(run, 100);
    EXPECT_THROW(pool.submit([] {}), std::runtime_error);
    EXPECT_NO_THROW(pool.shutdown());
}

TEST(ThreadPool, ShutdownRunsAtTheSameTimeWhatHasFoundNoThreadYet) {
    for (int round = 0; round < 60; ++round) {
        const auto idle = static_cast<std::size_t>(round % 3);
        Barrier together(8);
        std::vector<Future<std::size_t>> places;
        {
            ThreadPool pool(8);
            Barrier begun(std::max<std::size_t>(idle, 1));
            for (std::size_t i = 0; i < idle; ++i) (void)pool.submit([&] { begun.wait(); });
            while (pool.statistics().idle < idle) std::this_thread::yield();
            for (int i = 0; i < 8; ++i) places.push_back(pool.submit([&] { return together.wait_for(20s); }));
        }
        for (const auto& place : places) EXPECT_LT(place.result(), 8u);
    }
}

TEST(ThreadPool, ShutdownCanCancelWhatHasNotBegun) {
    ThreadPool pool(1);
    Event begun;
    Event release;
    auto running = pool.submit([&] {
        auto own = pool.submit([] {});  // in the deque of a busy worker
        begun.set();
        release.wait();
        return own;
    });
    begun.wait();
    auto queued = pool.submit([] {});
    pool.shutdown({.wait = false, .cancel_pending = true});
    EXPECT_TRUE(queued.cancelled());
    EXPECT_FALSE(running.done());
    release.set();
    EXPECT_TRUE(running.result().cancelled());
    pool.shutdown();
}

TEST(ThreadPool, IsNotShutDownFromWithin) {
    ThreadPool pool(1);
    EXPECT_THROW(pool.submit([&] { pool.shutdown(); }).result(), DeadlockError);
}

TEST(ThreadPool, MayBeDestroyedByOneOfItsJobs) {
    Event destroyed;
    auto pool = std::make_unique<ThreadPool>(2);
    ThreadPool& reference = *pool;
    auto future = reference.submit([&destroyed, pool = std::move(pool)]() mutable {
        pool.reset();
        destroyed.set();
    });
    destroyed.wait();
    EXPECT_NO_THROW(future.result());
}

TEST(ThreadPool, DestroyedByOneOfItsJobsStartsAnotherThreadForAJobThatBlocks) {
    Event ended;
    int got = 0;
    auto pool = std::make_unique<ThreadPool>(1);
    ThreadPool& reference = *pool;
    const auto future = reference.submit([&, pool = std::move(pool)]() mutable {
        const auto inner = pool->submit([] { return 7; });
        pool.reset();
        got = inner.result_for(10s);
        ended.set();
    });
    ended.wait();
    EXPECT_EQ(got, 7);
    EXPECT_NO_THROW(future.result());
}

TEST(ThreadPool, UnusedNeverStartsAThread) {
    ThreadPool pool(1);
    pool.shutdown();
    EXPECT_EQ(pool.statistics().threads, 0u);
}

struct NotToBeCopied {
    NotToBeCopied() = default;
    NotToBeCopied(const NotToBeCopied&) { throw std::runtime_error("copied"); }
    void operator()() const {}
};

TEST(ThreadPool, BoundedKeepsNoPlaceForACallThatCouldNotBeMade) {
    ThreadPool pool({.max_workers = 1, .max_pending = 1});
    const NotToBeCopied call;
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(pool.try_submit(call), std::runtime_error);
        EXPECT_THROW(pool.submit(call), std::runtime_error);
    }
    pool.submit([] {}).result();
}

TEST(ThreadPool, BoundedHoldsBackThoseWhoSubmit) {
    ThreadPool pool({.max_workers = 1, .max_pending = 2});
    Event begun;
    Event release;
    auto running = pool.submit([&] {
        begun.set();
        release.wait();
        std::vector<Future<void>> own;  // the bound is for others
        for (int i = 0; i < 10; ++i) own.push_back(pool.submit([] {}));
        (void)wait(own);
    });
    begun.wait();
    auto first = pool.submit([] {});
    EXPECT_TRUE(pool.try_submit([] {}));
    EXPECT_FALSE(pool.try_submit([] {}));
    std::atomic<bool> submitted = false;
    std::thread blocked([&] {
        pool.submit([] {});
        submitted = true;
    });
    EXPECT_FALSE(submitted);
    EXPECT_TRUE(first.cancel());  // gives its place back
    blocked.join();
    EXPECT_FALSE(pool.try_submit([] {}));
    release.set();
    running.result();
}

TEST(ThreadPool, TellsWhatItDoes) {
    ThreadPool pool(1);
    Event begun;
    Event release;
    auto running = pool.submit([&] {
        begun.set();
        release.wait();
    });
    begun.wait();
    auto queued = pool.submit([] {});
    ThreadPoolStatistics now = pool.statistics();
    EXPECT_EQ(now.threads, 1u);
    EXPECT_EQ(now.idle, 0u);
    EXPECT_EQ(now.pending, 1u);
    release.set();
    pool.shutdown();
    now = pool.statistics();
    EXPECT_EQ(now.pending, 0u);
    EXPECT_EQ(now.completed, 2u);
}

TEST(ThreadPool, JobsInheritContextVariablesAndKeepTheirOwnChanges) {
    ContextVar<int> number("number", 0);
    ThreadPool pool(1);
    (void)number.set(1);
    const auto job = [&] {
        const int inherited = number.get();
        (void)number.set(99);
        int forked = 0;
        parallel_invoke(
            pool, [] {}, [&] { forked = number.get(); });
        return inherited + forked;
    };
    EXPECT_EQ(pool.submit(job).result(), 1 + 99);
    (void)number.set(2);
    EXPECT_EQ(pool.submit(job).result(), 2 + 99);
    EXPECT_EQ(number.get(), 2);
}

TEST(InlineExecutor, RunsJobsWithinSubmit) {
    InlineExecutor executor;
    const auto here = std::this_thread::get_id();
    Future<bool> future = executor.submit([&] { return std::this_thread::get_id() == here; });
    EXPECT_TRUE(future.done());
    EXPECT_TRUE(future.result());
    EXPECT_THROW(executor.submit([] { throw std::invalid_argument("bad"); }).result(), std::invalid_argument);
    executor.shutdown();
    EXPECT_THROW(executor.submit([] {}), std::runtime_error);
}

}  // namespace
}  // namespace hocket
