// map, parallel_for, map_reduce, parallel_invoke.
#include "hocket/futures/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hocket/sync/event.hpp"

namespace hocket {
namespace {

template <class T>
class OnAnyExecutor : public testing::Test {
protected:
    T executor_;
};
class Pool1 : public Executor {
public:
    void shutdown(ShutdownOptions options, std::source_location) override { pool_.shutdown(options); }
    std::size_t concurrency() const noexcept override { return pool_.concurrency(); }

private:
    void execute(detail::Job& job) override {
        job.set_pool(pool_.core());
        pool_.core().submit(job);
    }
    ThreadPool pool_{3};
};
using Executors = testing::Types<InlineExecutor, ThreadPool, Pool1>;
TYPED_TEST_SUITE(OnAnyExecutor, Executors);

TYPED_TEST(OnAnyExecutor, MapKeepsTheOrder) {
    std::vector<int> inputs(1000);
    std::iota(inputs.begin(), inputs.end(), 0);
    int expected = 0;
    for (int square : this->executor_.map([](int x) { return x * x; }, inputs)) {
        EXPECT_EQ(square, expected * expected);
        ++expected;
    }
    EXPECT_EQ(expected, 1000);
}

TYPED_TEST(OnAnyExecutor, MapEndsWithTheShortestRange) {
    const std::list<std::string> words{"a", "b", "c"};
    std::vector<std::string> joined;
    for (std::string& text : this->executor_.map([](const std::string&word, int n) { return word + std::to_string(n); },
                                                 words, std::vector{1, 2}))
        joined.push_back(std::move(text));
    EXPECT_EQ(joined, (std::vector<std::string>{"a1", "b2"}));
    for (auto& nothing : this->executor_.map([](int) {}, std::vector<int>())) FAIL() << sizeof nothing;
}

TYPED_TEST(OnAnyExecutor, MapThrowsWhereTheResultIsAskedFor) {
    int given = 0;
    const auto picky = [](int x) { return x == 2 ? throw std::invalid_argument("two") : x; };
    EXPECT_THROW(
        {
            for (int x : this->executor_.map(picky, std::vector{0, 1, 2, 3})) given += x;
        },
        std::invalid_argument);
    EXPECT_EQ(given, 1);
}

TYPED_TEST(OnAnyExecutor, ParallelForCallsOnceForEachElement) {
    for (std::size_t size : {0, 1, 2, 7, 1000, 100'000}) {
        for (std::size_t chunk : {0, 1, 3, 1'000'000}) {
            if (size > 1000 && chunk == 1) continue;
            std::vector<int> calls(size);
            parallel_for(
                this->executor_, calls, [](int& count) { ++count; }, chunk);
            EXPECT_EQ(std::count(calls.begin(), calls.end(), 1), static_cast<std::ptrdiff_t>(size));
        }
    }
}

TYPED_TEST(OnAnyExecutor, ParallelForThrowsTheFirstException) {
    std::atomic<int> calls = 0;
    const auto body = [&](int i) {
        ++calls;
        if (i == 10) throw std::out_of_range("ten");
    };
    EXPECT_THROW(parallel_for(this->executor_, std::views::iota(0, 1'000'000), body, 10), std::out_of_range);
    EXPECT_LT(calls, 1'000'000);
}

TYPED_TEST(OnAnyExecutor, MapReduceKeepsTheOrderOfTheElements) {
    const auto text = [](int i) { return std::to_string(i) + ","; };
    std::string expected;
    for (int i = 0; i < 500; ++i) expected += text(i);
    for (std::size_t chunk : {0, 1, 7, 1000}) {
        EXPECT_EQ(map_reduce(this->executor_, std::views::iota(0, 500), text, std::plus<>(), chunk), expected);
    }
    EXPECT_EQ(map_reduce(this->executor_, std::vector<int>(), text, std::plus<>()), "");
}

TYPED_TEST(OnAnyExecutor, NestsWithoutStarving) {
    std::atomic<int> calls = 0;
    parallel_for(this->executor_, std::views::iota(0, 20),
                 [&](int) { parallel_for(this->executor_, std::views::iota(0, 20), [&](int) { ++calls; }); });
    EXPECT_EQ(calls, 400);
}

TEST(Map, SubmitsNoMoreThanAWindowAhead) {
    ThreadPool pool(1);
    std::atomic<int> taken = 0;
    auto endless = std::views::iota(0) | std::views::transform([&](int i) { return ++taken, i; });
    int given = 0;
    for (int x : pool.map([](int i) { return i; }, endless)) {
        EXPECT_EQ(x, given);
        EXPECT_LE(taken, given + 5);
        if (++given == 100) break;
    }
    EXPECT_EQ(given, 100);
}

TEST(Map, AbandonedCancelsWhatItHasSubmittedAndWaitsForWhatRuns) {
    ThreadPool pool(1);
    Event never;
    std::atomic<int> ended = 0;
    {
        auto results = pool.map(
            [&](int i) {
                if (i > 0) never.wait();
                ++ended;
            },
            std::views::iota(0));
        for (auto& nothing : results) {
            (void)nothing;
            break;
        }
    }
    EXPECT_EQ(ended, 1);  // the others were cancelled, the one that waited by CancelledError
    pool.shutdown();
    EXPECT_EQ(ended, 1);
}

TEST(ParallelFor, GoesOnWithoutHelpersWhenThePoolIsBusy) {
    ThreadPool pool(2);
    Event release;
    std::vector<Future<void>> busy;
    for (int i = 0; i < 2; ++i) busy.push_back(pool.submit([&] { release.wait(); }));
    int calls = 0;
    parallel_for(pool, std::views::iota(0, 100), [&](int) { ++calls; });
    EXPECT_EQ(calls, 100);
    release.set();
}

std::uint64_t fib(ThreadPool& pool, std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    parallel_invoke(
        pool, [&] { a = fib(pool, n - 1); }, [&] { b = fib(pool, n - 2); });
    return a + b;
}

TEST(ParallelInvoke, DividesAndConquers) {
    for (std::size_t workers : {1, 2, 4}) {
        ThreadPool pool(workers);
        EXPECT_EQ(fib(pool, 16), 987u);
        EXPECT_EQ(pool.submit([&] { return fib(pool, 18); }).result(), 2584u);
    }
}

TEST(ParallelInvoke, TakesAnyNumberOfFunctions) {
    ThreadPool pool(2);
    std::atomic<int> sum = 0;
    parallel_invoke(pool, [&] { sum += 1; });
    parallel_invoke(
        pool, [&] { sum += 2; }, [&] { sum += 3; }, [&] { sum += 4; }, [&] { sum += 5; });
    EXPECT_EQ(sum, 15);
}

TEST(ParallelInvoke, ThrowsAfterAllHaveEnded) {
    ThreadPool pool(2);
    for (int round = 0; round < 100; ++round) {
        std::atomic<int> inside = 0;
        const auto counts = [&] {
            ++inside;
            std::this_thread::yield();
            --inside;
        };
        const auto throws = [&] {
            counts();
            throw std::runtime_error("failed");
        };
        EXPECT_THROW(parallel_invoke(pool, throws, counts), std::runtime_error);
        EXPECT_EQ(inside, 0);
        EXPECT_THROW(parallel_invoke(pool, counts, throws, counts), std::runtime_error);
        EXPECT_EQ(inside, 0);
    }
}

TEST(ParallelInvoke, LeavesJobsThatItDoesNotWaitForToThePool) {
    ThreadPool pool(1);
    std::vector<Future<int>> left;
    parallel_invoke(
        pool, [&] { left.push_back(pool.submit([] { return 1; })); },
        [&] { left.push_back(pool.submit([] { return 2; })); });
    EXPECT_EQ(left[0].result() + left[1].result(), 3);
}

}  // namespace
}  // namespace hocket
