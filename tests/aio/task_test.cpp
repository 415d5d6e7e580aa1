#include "hocket/aio/task.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"

namespace hocket {
namespace {

Task<int> number(int n) { co_return n; }
Task<int> number_later(int n) {
    co_await yield_now();
    co_return n;
}

// Counts its objects: g++ 12 destroys some temporaries of coroutines twice.
class Counted {
public:
    explicit Counted(int& alive) : alive_(&alive) { ++*alive_; }
    Counted(const Counted& other) : alive_(other.alive_) { ++*alive_; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*alive_; }

private:
    int* alive_;
};

TEST(Task, DoesNothingBeforeItIsAwaited) {
    const auto notes = [](std::vector<int>& log) -> Task<void> {
        log.push_back(2);
        co_return;
    };
    const auto body = [notes](std::vector<int>& log) -> Task<void> {
        Task<void> task = notes(log);
        log.push_back(1);
        co_await std::move(task);
        log.push_back(3);
    };
    std::vector<int> log;
    run(body(log));
    EXPECT_EQ(log, (std::vector{1, 2, 3}));
}

TEST(Task, CanBeDroppedUnawaited) {
    int alive = 0, runs = 0;
    const auto body = [](Counted, int& runs) -> Task<void> {
        ++runs;
        co_return;
    };
    {
        Task<void> dropped = body(Counted(alive), runs);
        EXPECT_EQ(alive, 1);
        dropped = body(Counted(alive), runs);
        EXPECT_EQ(alive, 1);
        const Task<void> moved = std::move(dropped);
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(runs, 0);
}

TEST(Task, DestroysItsParametersOnce) {
    int alive = 0;
    const auto takes = [](Counted, const Counted&) -> Task<int> {
        co_await yield_now();
        co_return 1;
    };
    const auto body = [takes](int& alive) -> Task<void> {
        {
            const Counted named(alive);
            const int result = co_await takes(Counted(alive), named);
            EXPECT_EQ(result, 1);
        }
        EXPECT_EQ(alive, 0);
    };
    run(body(alive));
    EXPECT_EQ(alive, 0);
}

TEST(Task, IsAwaitedOnce) {
    const auto body = []() -> Task<void> {
        Task<int> task = number(1);
        const int first = co_await std::move(task);
        EXPECT_EQ(first, 1);
        EXPECT_THROW(co_await std::move(task), InvalidStateError);
        EXPECT_THROW(create_task(std::move(task)), InvalidStateError);

        Task<int> moved_from = number(2);
        Task<int> moved_to = std::move(moved_from);
        EXPECT_THROW(co_await std::move(moved_from), InvalidStateError);
        EXPECT_THROW(create_task(std::move(moved_from)), InvalidStateError);
        const int second = co_await std::move(moved_to);
        EXPECT_EQ(second, 2);
    };
    run(body());
}

TEST(Task, GivesMoveOnlyResults) {
    const auto makes = [](int n) -> Task<std::unique_ptr<int>> {
        co_await yield_now();
        co_return std::make_unique<int>(n);
    };
    const auto body = [makes]() -> Task<std::unique_ptr<int>> {
        std::unique_ptr<int> result = co_await makes(5);
        EXPECT_EQ(*result, 5);
        co_return result;
    };
    EXPECT_EQ(*run(body()), 5);
}

TEST(Task, GivesReferences) {
    const auto refers = [](int& place) -> Task<int&> { co_return place; };
    const auto body = [refers](int& place) -> Task<const int&> {
        int& result = co_await refers(place);
        EXPECT_EQ(&result, &place);
        result = 7;
        co_return result;
    };
    int place = 0;
    const int& result = run(body(place));
    EXPECT_EQ(&result, &place);
    EXPECT_EQ(place, 7);
}

TEST(Task, ConvertsItsResult) {
    const auto text = []() -> Task<std::string> { co_return "literal"; };
    EXPECT_EQ(run(text()), "literal");
    const auto empty = []() -> Task<std::vector<int>> { co_return {}; };
    EXPECT_EQ(run(empty()), std::vector<int>());
    const auto task = []() -> Task<Task<int>> { co_return number(3); };
    EXPECT_EQ(run(run(task())), 3);
}

TEST(Task, GivesOverAlignedResults) {
    class alignas(64) Wide {
    public:
        explicit Wide(int value) : value(value) {}
        int value;
        bool aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
    };
    const auto makes = [](int value) -> Task<Wide> {
        co_await yield_now();
        co_return Wide(value);
    };
    const Wide direct = run(makes(1));
    EXPECT_EQ(direct.value, 1);
    EXPECT_TRUE(direct.aligned());
    const auto body = [makes]() -> Task<int> {
        const Future<Wide> spawned = create_task(makes(2));
        const Wide& result = co_await spawned;
        EXPECT_TRUE(result.aligned());
        co_return result.value;
    };
    EXPECT_EQ(run(body()), 2);
}

TEST(Task, ThrowsWhatMovingItsResultThrows) {
    class Fragile {
    public:
        Fragile() = default;
        Fragile(Fragile&&) { throw std::runtime_error("a move failed"); }
    };
    const auto makes = []() -> Task<Fragile> { co_return Fragile(); };
    const auto body = [makes]() -> Task<void> {
        EXPECT_THROW(co_await makes(), std::runtime_error);
        const Future<Fragile> spawned = create_task(makes());
        EXPECT_THROW(co_await spawned, std::runtime_error);
    };
    run(body());
    EXPECT_THROW(run(makes()), std::runtime_error);
}

TEST(Task, ThrowsItsExceptionWhereItIsAwaited) {
    const auto throws = [](int depth, auto throws) -> Task<int> {
        if (depth == 0) throw std::out_of_range("from deep inside");
        const int result = co_await throws(depth - 1, throws);
        co_return result;
    };
    const auto body = [throws]() -> Task<void> {
        bool caught = false;
        try {
            co_await throws(100, throws);
        } catch (const std::out_of_range& error) {
            caught = true;
            EXPECT_STREQ(error.what(), "from deep inside");
        }
        EXPECT_TRUE(caught);
        const int after = co_await number_later(1);  // and life goes on
        EXPECT_EQ(after, 1);
    };
    run(body());
    const auto not_standard = []() -> Task<void> {
        co_await yield_now();
        throw 42;
    };
    EXPECT_THROW(run(not_standard()), int);
}

Task<long> chain(long n, bool suspends) {
    if (n == 0) {
        if (suspends) co_await yield_now();
        co_return 0;
    }
    const long rest = co_await chain(n - 1, suspends);
    co_return 1 + rest;
}

TEST(Task, AChainOfAMillionAwaitsNeedsNoStack) {
    constexpr long kLength = 1'000'000;
    EXPECT_EQ(run(chain(kLength, false)), kLength);
    EXPECT_EQ(run(chain(kLength, true)), kLength);
}

Task<void> chain_that_throws(long n) {
    if (n == 0) throw std::runtime_error("at the end of the chain");
    co_await chain_that_throws(n - 1);
}

TEST(Task, AnExceptionThroughAHundredThousandAwaitsNeedsNoStack) {
    EXPECT_THROW(run(chain_that_throws(100'000)), std::runtime_error);
}

TEST(Task, AMillionAwaitsInARowNeedNoStack) {
    const auto body = []() -> Task<long> {
        long sum = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            const int one = co_await number(1);
            sum += one;
        }
        co_return sum;
    };
    EXPECT_EQ(run(body()), 1'000'000);
}

}  // namespace
}  // namespace hocket
