#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "hocket/futures/map_reduce.hpp"
#include "hocket/process/process_pool.hpp"
#include "hocket/process/shared_barrier.hpp"
#include "hocket/process/shared_condition.hpp"
#include "hocket/process/shared_queue.hpp"
#include "hocket/process/shared_semaphore.hpp"
#include "hocket/process/shared_value.hpp"

namespace hocket {
namespace {

std::string text_of(int n) { return std::to_string(n) + ","; }
std::string join(std::string a, const std::string& b) { return std::move(a) + b; }

TEST(ProcessMapReduce, IsTheSameForAllSizesAndKeepsTheOrder) {
    ProcessPool pool(2);
    for (const std::size_t size : {0, 1, 5, 100}) {
        std::vector<int> numbers(size);
        std::iota(numbers.begin(), numbers.end(), 0);
        std::string expected;
        for (const int n : numbers) expected += text_of(n);
        for (const std::size_t chunk : {0, 1, 7}) {
            EXPECT_EQ(map_reduce(pool, numbers, &text_of, &join, MapReduceOptions{chunk, {}}), expected);
        }
    }
}

TEST(ProcessMapReduce, RunsInWorkersAndTellsItsProgress) {
    ProcessPool pool(2);
    std::size_t steps = 0;
    MapReduceOptions options;
    options.chunk_size = 1;
    options.progress = [&](const MapReduceProgress& progress) {
        ++steps;
        EXPECT_EQ(progress.mapped + progress.reduced, steps);
    };
    const auto pids = map_reduce(
        pool, std::vector<int>(9), [](int) { return std::set<int>{::getpid()}; },
        [](std::set<int> a, const std::set<int>& b) {
            a.insert(b.begin(), b.end());
            a.insert(::getpid());
            return a;
        },
        options);
    EXPECT_EQ(steps, 17u);
    EXPECT_FALSE(pids.contains(::getpid()));
    EXPECT_LE(pids.size(), 2u);
}

TEST(ProcessMapReduce, ThrowsWhatAStepThrows) {
    ProcessPool pool(2);
    const std::vector<int> numbers(100, 1);
    const auto one = [](int n) { return n; };
    const auto fails = [](int, int) -> int { throw std::domain_error("reduce"); };
    EXPECT_THROW(map_reduce(pool, numbers, one, fails), RemoteError);
    EXPECT_EQ(map_reduce(pool, numbers, one, [](int a, int b) { return a + b; }), 100);
}

// What is shared goes to jobs as plain arguments, and is the same there.
TEST(SharedInPool, CountsAndMeets) {
    ProcessPool pool(2);
    SharedValue<int> counter(0);
    SharedQueue<int> queue(4);
    SharedBarrier barrier(2);
    SharedCondition changed;
    SharedBoundedSemaphore limit(1);
    const auto job = [](SharedValue<int> counter, SharedQueue<int> queue, SharedBarrier barrier,
                        SharedCondition changed, SharedBoundedSemaphore limit) {
        limit.acquire();
        limit.release();
        for (int i = 0; i < 1000; ++i) {
            std::scoped_lock guard(counter.lock());
            ++*counter;
        }
        std::scoped_lock guard(changed);
        changed.notify_all();
        queue.put(static_cast<int>(barrier.parties()));
    };
    std::vector<Future<void>> jobs;
    for (int i = 0; i < 4; ++i) jobs.push_back(pool.submit(job, counter, queue, barrier, changed, limit));
    for (auto& future : jobs) future.result();
    EXPECT_EQ(*counter, 4000);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(queue.get(), 2);
    const auto meet = [](SharedBarrier barrier) { return barrier.wait(); };
    const auto a = pool.submit(meet, barrier), b = pool.submit(meet, barrier);
    EXPECT_EQ(a.result() + b.result(), 1u);
}

TEST(SharedInPool, AJobThatIsKilledLeavesItsLockToBeRecovered) {
    ProcessPool pool(1);
    SharedValue<int> counter(0);
    const auto die = [](SharedValue<int> value) {
        value.lock().lock();
        ::kill(::getpid(), SIGKILL);
    };
    EXPECT_THROW(pool.submit(die, counter).result(), BrokenProcessPool);
    EXPECT_THROW(counter.lock().lock(), OwnerDiedError);
    const auto guard = counter.lock().recover();
    EXPECT_TRUE(counter.lock().owned());
}

}  // namespace
}  // namespace hocket
