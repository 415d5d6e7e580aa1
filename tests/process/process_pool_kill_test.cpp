// Workers that are killed at random points, from a seed: each job ends exactly once, and nothing is left behind.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "hocket/process/process_pool.hpp"
#include "hocket/threading.hpp"
#include "process/traces.hpp"

namespace hocket {
namespace {

// Of all sizes: in the slot, in the room, in memory of its own.
std::string work(std::uint32_t number, const std::string& text) { return std::to_string(number) + text; }

struct Count {
    std::size_t results = 0;
    std::size_t broken = 0;
};

// Three in a row that die before they have run anything would break the pool, as they should. So after two, a job is
// waited for that is completed when the pool knows of both deaths.
class Killer {
public:
    explicit Killer(ProcessPool& pool) : pool_(pool) {}
    void kill(int pid) {
        if (::kill(pid, SIGKILL) != 0 || !killed_.insert(pid).second || killed_.size() % 2 != 0) return;
        while (pool_.statistics().died < killed_.size()) ::sched_yield();
        EXPECT_EQ(pool_.submit(work, 1u, "").result(), "1");
        ++completed_;
    }
    /// How many jobs of its own were run.
    std::size_t completed() const { return completed_; }

private:
    ProcessPool& pool_;
    std::set<int> killed_;
    std::size_t completed_ = 0;
};

class KillTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(KillTest, EachJobEndsExactlyOnce) {
    constexpr std::uint32_t kJobs = 10'000;
    constexpr std::size_t kBurst = 200;
    const auto descriptors_before = testing::open_descriptors();
    const auto objects_before = testing::shared_memory_objects();
    std::mt19937 random(GetParam());
    int helper = 0;
    std::atomic<std::uint32_t> ends{0};
    Count count;
    {
        ProcessPool pool({.max_workers = 3});
        helper = testing::process_entry(pool.submit([] { return static_cast<int>(::getpid()); }).result()).parent;
        Killer killer(pool);
        std::uint32_t submitted = 0;
        while (submitted < kJobs) {
            std::vector<std::pair<Future<std::string>, std::string>> burst;
            for (std::size_t i = 0; i < kBurst; ++i, ++submitted) {
                const std::size_t size = random() % 100 == 0 ? 50'000 : random() % 10 == 0 ? 2'000 : 10;
                std::string text(size, static_cast<char>('a' + submitted % 26));
                burst.emplace_back(pool.submit(work, submitted, text), std::to_string(submitted) + text);
                burst.back().first.add_done_callback([&ends](Future<std::string>&) { ++ends; });
                if (random() % 50 != 0) continue;
                const std::vector<int> pids = pool.worker_pids();
                if (!pids.empty()) killer.kill(pids[random() % pids.size()]);
            }
            for (auto& [future, expected] : burst) {
                try {
                    ASSERT_EQ(future.result(), expected);
                    ++count.results;
                } catch (const BrokenProcessPool& error) {
                    ASSERT_EQ(error.exit_code(), -SIGKILL) << error.what();
                    ++count.broken;
                }
            }
        }
        const ProcessPoolStatistics statistics = pool.statistics();
        EXPECT_GT(statistics.died, 20u);
        EXPECT_EQ(statistics.completed, count.results + killer.completed() + 1);
        EXPECT_LE(count.broken, statistics.died);  // each death costs one job at most
    }
    EXPECT_EQ(count.results + count.broken, kJobs);
    EXPECT_EQ(ends, kJobs);
    EXPECT_EQ(testing::zombies_of(helper), 0u);
    EXPECT_EQ(testing::zombies_of(::getpid()), 0u);
    EXPECT_EQ(testing::open_descriptors(), descriptors_before);
    EXPECT_EQ(testing::shared_memory_objects(), objects_before);
}

INSTANTIATE_TEST_SUITE_P(Seeds, KillTest, ::testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace hocket
