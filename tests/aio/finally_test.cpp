#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aio/small_tasks.hpp"
#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

using test::fails_after;
using test::number_after;

// Runs body(log, a clean-up that takes a second and adds "cleaned" to the log), and gives the log.
template <class Body>
Log log_of(Body body) {
    const auto with_clean_up = [body](Log& log) -> Task<void> {
        const auto clean_up = [&log]() -> Task<void> {
            co_await sleep(1s);
            log.push_back("cleaned");
        };
        co_await body(log, clean_up);
    };
    Log log;
    VirtualClock clock;
    run(with_clean_up(log), {.clock = &clock});
    log.push_back(std::to_string(clock.now().time_since_epoch() / 1s) + " s");
    return log;
}

TEST(Finally, CleansUpAfterTheResult) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        const int result = co_await finally(number_after(2s, 5), clean_up);
        log.push_back(std::to_string(result));
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "5", "3 s"}));
}

TEST(Finally, CleansUpAfterAnException) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        try {
            co_await finally(fails_after(2s, "failed"), clean_up);
        } catch (const std::runtime_error& error) {
            log.push_back(error.what());
        }
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "failed", "3 s"}));
}

TEST(Finally, CleansUpAfterCancellation) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        const Future<int> task = create_task(finally(number_after(1h, 5), clean_up));
        co_await sleep(2s);
        task.cancel("stop");
        try {
            co_await task;
        } catch (const CancelledError& cancelled) {
            log.push_back(cancelled.reason());
        }
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "stop", "3 s"}));
}

TEST(Finally, GivesAnyResult) {
    const auto nothing = [] { return yield_now(); };
    const auto body = [nothing]() -> Task<void> {
        const auto moves = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
        const std::unique_ptr<int> moved = co_await finally(moves(), nothing);
        EXPECT_EQ(*moved, 3);
        const auto refers = [](int& place) -> Task<int&> { co_return place; };
        int place = 0;
        int& reference = co_await finally(refers(place), nothing);
        EXPECT_EQ(&reference, &place);
        co_await finally(sleep(0s), nothing);
    };
    run(body());
}

TEST(Finally, AnExceptionOfTheCleanUpTakesThePlaceOfTheOther) {
    const auto fails = []() -> Task<void> {
        co_await yield_now();
        throw std::out_of_range("the clean-up failed");
    };
    EXPECT_THROW(run(finally(number_after(0s, 1), fails)), std::out_of_range);
    EXPECT_THROW(run(finally(fails_after(0s, "the work failed"), fails)), std::out_of_range);
    const auto body = [fails]() -> Task<void> {
        const Future<void> task = create_task(finally(sleep(1h), fails));
        co_await yield_now();
        task.cancel();
        EXPECT_THROW(co_await task, std::out_of_range);
        EXPECT_FALSE(task.cancelled());
    };
    run(body());
    const auto throws_at_once = []() -> Task<void> { throw std::out_of_range("no coroutine at all"); };
    EXPECT_THROW(run(finally(number_after(0s, 1), throws_at_once)), std::out_of_range);
}

TEST(Finally, TheCleanUpIsNotDisturbedByMoreCancellation) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        const Future<int> task = create_task(timeout(3s, finally(number_after(1h, 5), clean_up)));
        co_await sleep(2s + 500ms);
        for (int i = 0; i < 3; ++i) {
            task.cancel();
            co_await sleep(100ms);
        }
        EXPECT_THROW(co_await task, CancelledError);
        log.push_back("ended");
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "ended", "3 s"}));
}

TEST(Finally, TheCleanUpIsOutsideOfTheCancelledScopeOnlyWhileItRuns) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        CancelScope scope;
        scope.cancel();
        EXPECT_THROW(co_await finally(sleep(1s), clean_up), CancelledError);
        EXPECT_THROW(co_await yield_now(), CancelledError);
        log.push_back("still cancelled");
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "still cancelled", "1 s"}));
}

TEST(Finally, CleanUpsNestAndMayLimitThemselves) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        const auto outer_clean_up = [&]() -> Task<void> {
            EXPECT_THROW(co_await timeout(2s, finally(sleep(1h), clean_up)), TimeoutError);
            log.push_back("outer");
        };
        EXPECT_THROW(co_await timeout(1s, finally(finally(sleep(1h), clean_up), outer_clean_up)), TimeoutError);
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "cleaned", "outer", "5 s"}));
}

TEST(Finally, TheCleanUpMayRunSeveralThingsAtOnce) {
    const auto body = [](Log& log, const auto& clean_up) -> Task<void> {
        const auto both = [&]() -> Task<void> {
            co_await gather(clean_up(), clean_up());
            log.push_back("both");
        };
        EXPECT_THROW(co_await timeout(1s, finally(sleep(1h), both)), TimeoutError);
    };
    EXPECT_EQ(log_of(body), (Log{"cleaned", "cleaned", "both", "2 s"}));
}

}  // namespace
}  // namespace hocket
