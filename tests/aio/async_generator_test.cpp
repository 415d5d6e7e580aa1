#include "hocket/aio/async_generator.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/aio/with.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

AsyncGenerator<int> ticks(int from, int to) {
    for (; from < to; ++from) {
        co_await sleep(1s);
        co_yield from;
    }
}

AsyncGenerator<int> cleans_up(Log& log) {
    std::exception_ptr left_by;
    try {
        for (int i = 0;; ++i) co_yield i;
    } catch (...) {
        left_by = std::current_exception();
    }
    co_await sleep(1s);
    log.push_back("cleaned");
    if (left_by) std::rethrow_exception(left_by);
}

template <class T>
T run_virtually(Task<T> task) {
    VirtualClock clock;
    return run(std::move(task), {.clock = &clock});
}

TEST(AsyncGenerator, GivesItsValuesAndThenNothing) {
    const auto body = []() -> Task<std::vector<int>> {
        std::vector<int> seen;
        auto generator = ticks(0, 3);
        while (auto n = co_await generator.next()) seen.push_back(*n);
        EXPECT_FALSE(co_await generator.next());
        co_return seen;
    };
    EXPECT_EQ(run_virtually(body()), (std::vector<int>{0, 1, 2}));
}

TEST(AsyncGenerator, LetsOthersRunWhileItWaits) {
    const auto consume = [](Log& log, std::string name) -> Task<void> {
        auto generator = ticks(0, 2);
        while (auto n = co_await generator.next()) log.push_back(name + std::to_string(*n));
    };
    Log log;
    const auto body = [&]() -> Task<void> { co_await gather(consume(log, "a"), consume(log, "b")); };
    run_virtually(body());
    EXPECT_EQ(log, (Log{"a0", "b0", "a1", "b1"}));
}

TEST(AsyncGenerator, PassesItsExceptionOnAndEnds) {
    const auto fails = []() -> AsyncGenerator<int> {
        co_yield 1;
        throw std::runtime_error("failed");
    };
    const auto body = [&]() -> Task<void> {
        auto generator = fails();
        EXPECT_EQ(co_await generator.next(), 1);
        bool failed = false;
        try {
            co_await generator.next();
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed);
        EXPECT_FALSE(co_await generator.next());
    };
    run_virtually(body());
}

TEST(AsyncGenerator, FeelsTheCancellationOfItsConsumer) {
    const auto body = []() -> Task<void> {
        auto generator = ticks(0, 10);
        EXPECT_EQ(co_await generator.next(), 0);
        bool timed_out = false;
        const auto next = [&]() -> Task<std::optional<int>> { co_return co_await generator.next(); };
        try {
            co_await timeout(100ms, next());
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_FALSE(co_await generator.next());  // the CancelledError has ended it
    };
    run_virtually(body());
}

TEST(AsyncGenerator, DestroysTheObjectsOfItsBodyWhenDropped) {
    const auto holds = [](std::shared_ptr<int> held) -> AsyncGenerator<int> {
        for (;;) co_yield int(*held);
    };
    const auto body = [&]() -> Task<void> {
        auto held = std::make_shared<int>(7);
        {
            auto generator = holds(held);
            EXPECT_EQ(co_await generator.next(), 7);
            EXPECT_EQ(held.use_count(), 2);
        }
        EXPECT_EQ(held.use_count(), 1);
    };
    run_virtually(body());
}

TEST(AsyncGenerator, AwaitsItsCleanUpWhenClosedEarly) {
    Log log;
    const auto body = [&]() -> Task<void> {
        auto generator = cleans_up(log);
        EXPECT_EQ(co_await generator.next(), 0);
        co_await generator.async_close();
        EXPECT_EQ(log, (Log{"cleaned"}));
        EXPECT_FALSE(co_await generator.next());
    };
    run_virtually(body());
}

TEST(AsyncGenerator, IsClosedByWithOnEveryWayOut) {
    Log log;
    const auto body = [&]() -> Task<void> {
        const auto leaves_early = [&](AsyncGenerator<int>& generator) -> Task<int> {
            co_await generator.next();
            co_return 5;
        };
        EXPECT_EQ(co_await with(cleans_up(log), leaves_early), 5);
        EXPECT_EQ(log.size(), 1u);
        const auto fails = [&](AsyncGenerator<int>& generator) -> Task<void> {
            co_await generator.next();
            throw std::runtime_error("in the body");
        };
        bool failed = false;
        try {
            co_await with(cleans_up(log), fails);
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed);
        EXPECT_EQ(log.size(), 2u);
    };
    run_virtually(body());
}

TEST(AsyncGenerator, ThatHasNotBegunIsClosedWithoutRunning) {
    Log log;
    const auto body = [&]() -> Task<void> {
        auto generator = cleans_up(log);
        co_await generator.async_close();
    };
    run_virtually(body());
    EXPECT_TRUE(log.empty());
}

TEST(AsyncGenerator, ThatYieldsWhileItIsClosedIsTold) {
    const auto stubborn = []() -> AsyncGenerator<int> {
        for (;;) {
            try {
                co_yield 1;
            } catch (const GeneratorExit&) {
            }
        }
    };
    const auto body = [&]() -> Task<void> {
        auto generator = stubborn();
        co_await generator.next();
        co_await generator.async_close();
    };
    EXPECT_THROW(run_virtually(body()), InvalidStateError);
}

TEST(AsyncGenerator, MustNotYieldInsideAScopeOfItsOwn) {
    const auto leaks = []() -> AsyncGenerator<int> {
        CancelScope scope;
        co_yield 1;
    };
    const auto body = [&]() -> Task<void> {
        auto generator = leaks();
        co_await generator.next();
    };
    EXPECT_THROW(run_virtually(body()), InvalidStateError);
}

TEST(AsyncGenerator, MayBeContinuedInsideAnotherScopeOfItsConsumer) {
    const auto body = []() -> Task<void> {
        auto generator = ticks(0, 3);
        EXPECT_EQ(co_await generator.next(), 0);
        CancelScope scope;
        EXPECT_EQ(co_await generator.next(), 1);
    };
    run_virtually(body());
}

TEST(AsyncGenerator, RefusesASecondTaskInTheMiddleOfAStep) {
    const auto body = []() -> Task<void> {
        auto generator = ticks(0, 3);
        const auto next = [&]() -> Task<std::optional<int>> { co_return co_await generator.next(); };
        auto outcomes = co_await gather(return_exceptions, next(), next());
        EXPECT_TRUE(std::get<0>(outcomes).has_value());
        EXPECT_FALSE(std::get<1>(outcomes).has_value());
        EXPECT_NE(describe(std::get<1>(outcomes).error()).find("in the middle of a step"), std::string::npos);
    };
    run_virtually(body());
}

TEST(AsyncGenerator, MayBeContinuedByAnotherTaskAfterwards) {
    const auto body = []() -> Task<void> {
        auto generator = ticks(0, 3);
        EXPECT_EQ(co_await generator.next(), 0);
        const auto next = [](AsyncGenerator<int> generator) -> Task<int> {
            auto value = co_await generator.next();
            co_return *value;
        };
        EXPECT_EQ(co_await create_task(next(std::move(generator))), 1);
    };
    run_virtually(body());
}

TEST(AsyncGenerator, YieldsMoveOnlyObjectsAndCopiesLvalues) {
    const auto pointers = []() -> AsyncGenerator<std::unique_ptr<int>> { co_yield std::make_unique<int>(3); };
    const auto lines = [](Log& kept) -> AsyncGenerator<std::string> {
        std::string line = "a line that is too long for the small buffer";
        co_yield line;
        kept.push_back(line);
    };
    Log kept;
    const auto body = [&]() -> Task<void> {
        auto numbers = pointers();
        auto pointer = co_await numbers.next();
        EXPECT_EQ(**pointer, 3);
        auto text = lines(kept);
        while (auto line = co_await text.next()) EXPECT_FALSE(line->empty());
    };
    run_virtually(body());
    EXPECT_EQ(kept, (Log{"a line that is too long for the small buffer"}));
}

}  // namespace
}  // namespace hocket
