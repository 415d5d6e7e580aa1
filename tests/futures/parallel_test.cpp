// map, parallel_for, map_reduce, parallel_invoke.
#include "hocket/futures/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/test_loop.hpp"
#include "hocket/futures/map_reduce.hpp"
#include "hocket/sync/event.hpp"
#include "report_capture.hpp"

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

TYPED_TEST(OnAnyExecutor, MapInChunksIsTheSame) {
    std::vector<int> inputs(100);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto odd = [](int x) { return x % 7 == 3 ? throw std::invalid_argument(std::to_string(x)) : x + 1; };
    for (std::size_t chunk_size : {0, 1, 3, 100, 1000}) {
        auto results = this->executor_.map(odd, inputs, {.chunk_size = chunk_size, .buffer_size = 2});
        int at = 0;
        for (auto it = results.begin(); it != results.end(); ++it, ++at) {
            if (at % 7 != 3) {
                EXPECT_EQ(*it, at + 1);
                continue;
            }
            std::string thrown;
            try {
                *it;
            } catch (const std::invalid_argument& error) {
                thrown = error.what();
            }
            EXPECT_EQ(thrown, std::to_string(at));
        }
        EXPECT_EQ(at, 100);
    }
    std::string text;
    for (std::string& pair :
         this->executor_.map([](int x, const std::string&y) { return std::to_string(x) + y; }, std::vector{1, 2, 3},
                             std::list<std::string>{"a", "b"}, {.chunk_size = 2}))
        text += pair;
    EXPECT_EQ(text, "1a2b");
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

TEST(Map, SubmitsNoMoreThanItIsToldAhead) {
    ThreadPool pool(2);
    std::atomic<int> taken = 0;
    auto endless = std::views::iota(0) | std::views::transform([&](int i) { return ++taken, i; });
    int given = 0;
    for (int x : pool.map([](int i) { return i; }, endless, {.chunk_size = 10, .buffer_size = 3})) {
        EXPECT_EQ(x, given);
        EXPECT_EQ(taken, given / 10 * 10 + 30);
        if (++given == 100) break;
    }
}

TEST(Map, GivesUpAfterItsTimeAndMayBeAskedAgain) {
    ThreadPool pool(1);
    Event may_end;
    auto results = pool.map(
        [&](int i) {
            if (i == 1) may_end.wait();
            return i;
        },
        std::views::iota(0, 3), {.timeout = std::chrono::milliseconds(2)});
    auto it = results.begin();
    const auto first = [&] {
        for (;;) {
            try {
                return *it;
            } catch (const TimeoutError&) {  // on a busy machine
            }
        }
    };
    EXPECT_EQ(first(), 0);
    ++it;
    EXPECT_THROW(*it, TimeoutError);
    EXPECT_THROW(++it, TimeoutError);  // the job uses what is in there
    may_end.set();
    EXPECT_EQ(first(), 1);
    while (it != results.end()) {
        try {
            ++it;
        } catch (const TimeoutError&) {
        }
    }
}

TEST(Map, AnElementThatIsPassedOverHasBeenCalled) {
    ThreadPool pool(2);
    std::atomic<int> called = 0;
    auto results = pool.map([&](int) { ++called; }, std::views::iota(0, 20), {.buffer_size = 1});
    int passed = 0;
    for (auto it = results.begin(); it != results.end(); ++it) EXPECT_GE(called, passed++);
    EXPECT_EQ(called, 20);
}

TEST(Map, ReportsAnExceptionThatNobodyHasSeen) {
    const test::ReportCapture reports;
    InlineExecutor executor;
    const auto fails = [](int i) {
        i == 0 ? throw CancelledError() : throw std::runtime_error("number " + std::to_string(i));
    };
    {
        auto results = executor.map(fails, std::views::iota(0, 4), {.chunk_size = 2});
        auto it = results.begin();
        ++it;
        EXPECT_THROW(*it, std::runtime_error);
    }
    ASSERT_EQ(reports.count(), 1u) << reports.text();
    EXPECT_NE(reports.text().find("a call by map(), and 1 other, "), std::string::npos) << reports.text();
    EXPECT_NE(reports.text().find("number 2"), std::string::npos) << reports.text();
}

TEST(Map, IsCancelledWithThePool) {
    ThreadPool pool(1);
    Event begun, may_end;
    auto results = pool.map(
        [&](int i) {
            begun.set();
            may_end.wait();
            return i;
        },
        std::views::iota(0, 9), {.chunk_size = 3, .buffer_size = 2});
    auto it = results.begin();
    begun.wait();
    pool.shutdown({.wait = false, .cancel_pending = true});
    may_end.set();
    for (int i = 0; i < 2; ++i, ++it) EXPECT_EQ(*it, i);
    EXPECT_EQ(*it, 2);
    EXPECT_THROW(++it, std::runtime_error);  // there is no pool for the third job
    for (int i = 3; i < 6; ++i, i < 6 ? (void)++it : (void)0) EXPECT_THROW(*it, CancelledError);
}

// Neither waits for anything: without a look between the calls they would run to the end.
TYPED_TEST(OnAnyExecutor, ACancelledThreadEndsItsParallelFor) {
    std::atomic<std::int64_t> calls = 0;
    const auto numbers = std::views::iota(std::int64_t{0}, std::int64_t{1} << 40);
    const auto cancelled_in = [&](auto run) {
        detail::ThreadCanceller canceller;
        calls = 0;
        std::thread thread([&] {
            detail::ThreadCanceller::install(&canceller);
            EXPECT_THROW(run(), CancelledError);
            detail::ThreadCanceller::install(nullptr);
        });
        while (calls == 0) std::this_thread::yield();
        canceller.cancel();
        thread.join();
        const std::int64_t ended_at = calls;
        EXPECT_LT(ended_at, std::int64_t{1} << 40);
        std::this_thread::yield();
        EXPECT_EQ(calls, ended_at);  // no helper goes on
    };
    const auto map = [&](std::int64_t i) { return calls.fetch_add(1, std::memory_order_relaxed), i; };
    const auto reduce = [](std::int64_t a, std::int64_t b) { return std::max(a, b); };
    cancelled_in([&] { parallel_for(this->executor_, numbers, map); });
    cancelled_in([&] { map_reduce(this->executor_, numbers, map, reduce); });
    cancelled_in([&] { map_reduce(this->executor_, numbers, map, reduce, MapReduceOptions()); });
}

// Each call takes long: nobody waits for 2047 others.
TEST(ParallelFor, EndsBetweenTwoCallsThatTakeLong) {
    InlineExecutor executor;
    detail::ThreadCanceller canceller;
    detail::ThreadCanceller::install(&canceller);
    int calls = 0;
    const auto body = [&](int) {
        if (++calls == 3) canceller.cancel();
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    };
    EXPECT_THROW(parallel_for(executor, std::views::iota(0, 1'000'000), body), CancelledError);
    EXPECT_THROW(parallel_for(executor, std::views::iota(0, 1'000'000), body), CancelledError);
    detail::ThreadCanceller::install(nullptr);
    EXPECT_LE(calls, 4);
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

TEST(ParallelInvoke, IsRunByItsCallerWhereWaitersHelp) {
    ThreadPool pool({.max_workers = 1, .waiters_help = true});
    Event begun, go_on;
    const auto busy = pool.submit([&] {
        begun.set();
        go_on.wait();
    });
    begun.wait();
    std::vector<std::thread::id> ran_in(3);
    const auto runs = [&](std::size_t i) { return [&, i] { ran_in[i] = std::this_thread::get_id(); }; };
    parallel_invoke(pool, runs(0), runs(1), runs(2));
    EXPECT_EQ(ran_in, std::vector(3, std::this_thread::get_id()));
    go_on.set();
    busy.result();
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

// Always, not only when it would have blocked.
TEST(Parallel, IsRefusedOnTheThreadOfALoop) {
    ThreadPool pool(2);
    const auto refused = [](ThreadPool& pool) -> test::Job {
        std::vector<int> values(1);
        EXPECT_THROW(parallel_for(pool, values, [](int&) {}), DeadlockError);
        EXPECT_THROW(map_reduce(
                         pool, values, [](int value) { return value; }, std::plus<>()),
                     DeadlockError);
        EXPECT_THROW(parallel_invoke(
                         pool, [] {}, [] {}),
                     DeadlockError);
        co_return;
    };
    test::TestLoop loop;
    loop.spawn(refused(pool));
    loop.run();
    EXPECT_EQ(pool.statistics().completed, 0u);
}

// The job uses what is on the stack of who waits for it.
TEST(Parallel, ACancelledThreadWaitsForWhatItHasBegun) {
    ThreadPool pool(1);
    Event begun;
    Event never;
    detail::ThreadCanceller canceller;
    std::atomic<bool> left = false;
    bool left_before_return = false;
    std::thread thread([&] {
        detail::ThreadCanceller::install(&canceller);
        EXPECT_THROW(parallel_invoke(
                         pool,
                         [&] {
                             begun.set();
                             try {
                                 never.wait();
                             } catch (const CancelledError&) {
                                 left = true;
                                 throw;
                             }
                         },
                         [] {}),
                     CancelledError);
        left_before_return = left;
        detail::ThreadCanceller::install(nullptr);
    });
    begun.wait();
    canceller.cancel();
    thread.join();
    EXPECT_TRUE(left_before_return);
}

}  // namespace
}  // namespace hocket
