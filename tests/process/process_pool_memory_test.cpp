// A system that has nothing left: each job ends nevertheless, in a result or in an error, and the pool goes on.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "aio/allocations.hpp"
#include "hocket/process/process_pool.hpp"
#include "process/traces.hpp"

namespace hocket {
namespace {

std::string repeat(const std::string& text, int times) {
    std::string whole;
    for (int i = 0; i < times; ++i) whole += text;
    return whole;
}

std::string die() {
    ::raise(SIGKILL);
    return {};
}

std::string fail() { throw std::runtime_error("as it was told"); }

// All that a pool's thread does: results of all sizes, errors, workers that die and are replaced, jobs that are moved
// to them, cancellations.
std::vector<Future<std::string>> submit_all(ProcessPool& pool) {
    const std::string large(100'000, 'x');
    std::vector<Future<std::string>> jobs;
    for (int i = 0; i < 6; ++i) jobs.push_back(pool.submit(repeat, "ab", 10));
    jobs.push_back(pool.submit(die));
    jobs.push_back(pool.submit(repeat, large, 2));
    jobs.push_back(pool.submit(fail));
    jobs.push_back(pool.submit(die));
    for (int i = 0; i < 6; ++i) jobs.push_back(pool.submit(repeat, large, 1));
    jobs.back().cancel("not wanted");
    return jobs;
}

// What the pool's threads were refused before may still be on its way to the next jobs, one for each of them.
std::string with_memory_again(ProcessPool& pool) {
    constexpr int kThreads = 3;
    for (int refused = 0; refused < kThreads; ++refused) {
        try {
            return pool.submit(repeat, "ab", 2).result();
        } catch (const std::bad_alloc&) {
        }
    }
    return pool.submit(repeat, "ab", 2).result();
}

TEST(ProcessPoolMemory, EachJobEndsWithoutIt) {
    if (!test::counts_allocations()) GTEST_SKIP() << "the sanitizers have an operator new of their own";
    const auto descriptors_before = testing::open_descriptors();
    constexpr int kMost = 1000;
    int results = 0, want_of_memory = 0;
    int after = 0;
    for (bool refused = true; refused && after < kMost; after += after < 8 ? 1 : 5) {
        ProcessPool pool({.max_workers = 2});
        {
            const test::NoMemoryElsewhere scarce(after);
            for (auto& job : submit_all(pool)) {
                try {
                    (void)job.result();
                    ++results;
                } catch (const std::bad_alloc&) {
                    ++want_of_memory;
                } catch (const BrokenProcessPool& error) {
                    EXPECT_FALSE(std::string(error.what()).empty());
                } catch (const RemoteError&) {
                } catch (const CancelledError&) {
                }
            }
            refused = test::NoMemoryElsewhere::refusals() > 0;
        }
        EXPECT_EQ(with_memory_again(pool), "abab") << "after " << after;
    }
    EXPECT_LT(after, kMost);  // it came so far that there was enough
    EXPECT_GT(results, 0);
    EXPECT_GT(want_of_memory, 0);
    EXPECT_EQ(testing::open_descriptors(), descriptors_before);
}

// A value whose descriptor cannot be sent.
class Unsendable {
public:
    Unsendable() = default;
    explicit Unsendable(InputArchive& archive) { detail::OwnedDescriptor(archive.take_descriptor()); }
    void save(OutputArchive& archive) const {
        const int next = ::dup(STDERR_FILENO);
        ::close(next);
        archive.attach(STDERR_FILENO);  // by a duplicate, which is `next`
        ::close(next);
    }
};

TEST(ProcessPoolMemory, AResultThatCannotBeHandedOverIsAnError) {
    ProcessPool pool(1);
    const int worker = pool.submit(::getpid).result();
    auto job = pool.submit([] { return Unsendable(); });
    EXPECT_THROW((void)job.result(), RemoteError);
    EXPECT_EQ(pool.submit(::getpid).result(), worker);
}

TEST(ProcessPoolMemory, AnArgumentThatCannotBeHandedOverIsAnError) {
    ProcessPool pool(1);
    EXPECT_EQ(pool.submit(repeat, "ab", 1).result(), "ab");  // the worker is there, and nothing is opened any more
    auto job = pool.submit([](const Unsendable&) {}, Unsendable());
    EXPECT_THROW(job.result(), std::system_error);
    EXPECT_EQ(pool.submit(repeat, "ab", 1).result(), "ab");
}

}  // namespace
}  // namespace hocket
