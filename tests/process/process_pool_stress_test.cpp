// Workers that end as soon as they have begun, over and over: in each of them a thread that sleeps until the pool wants
// something is to notice the end, also when that comes in the moment in which it falls asleep.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "hocket/process/process_pool.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

int same(int x) { return x; }

TEST(ProcessPoolStress, WorkersThatEndAtOnceDoEnd) {
    ProcessPool pool({.max_workers = 2, .max_tasks_per_child = 1});
    std::uint64_t jobs = 0;
    for (const test::StressTime time; time.left();) {
        std::vector<Future<int>> futures;
        for (int i = 0; i < 20; ++i) futures.push_back(pool.submit(same, i));
        for (int i = 0; i < 20; ++i) ASSERT_EQ(futures[static_cast<std::size_t>(i)].result(), i);
        jobs += futures.size();
    }
    pool.shutdown();  // waits for the end of each
    EXPECT_GE(pool.statistics().started, jobs);
    EXPECT_EQ(pool.statistics().died, 0u);
}

}  // namespace
}  // namespace hocket
