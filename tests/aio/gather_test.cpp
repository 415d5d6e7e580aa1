#include "hocket/aio/gather.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "aio/small_tasks.hpp"
#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/futures/promise.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

using test::fails_after;
using test::number;
using test::number_after;
// Sleeps for an hour; when that is cancelled, cleans up for a second and notes it.
Task<int> cleans_up(std::vector<std::string>& log, std::string name) {
    const auto clean_up = [&]() -> Task<void> {
        co_await sleep(1s);
        log.push_back(name);
    };
    co_await finally(sleep(1h), clean_up);
    co_return 0;
}

// Under virtual time, which must be over at `expected` when the task has ended.
template <class T>
T run_until(TimePoint expected, Task<T> task) {
    class CheckTime {
    public:
        explicit CheckTime(TimePoint expected) : expected(expected) {}
        ~CheckTime() { EXPECT_EQ(clock.now() - expected, 0ns); }
        TimePoint expected;
        VirtualClock clock;
    };
    CheckTime check(expected);
    return run(std::move(task), {.clock = &check.clock});
}

TEST(Gather, RunsAllAtTheSameTimeAndKeepsTheOrder) {
    const auto body = []() -> Task<void> {
        const auto text = [](const char* text) -> Task<std::string> {
            co_await sleep(2s);
            co_return text;
        };
        const auto results = co_await gather(number_after(3s, 1), text("two"), number(3), sleep(1s), yield_now());
        static_assert(
            std::is_same_v<decltype(results), const std::tuple<int, std::string, int, std::monostate, std::monostate>>);
        EXPECT_EQ(std::get<0>(results), 1);
        EXPECT_EQ(std::get<1>(results), "two");
        EXPECT_EQ(std::get<2>(results), 3);
    };
    run_until(TimePoint(3s), body());
}

TEST(Gather, StartsItsTasksInTheOrderGiven) {
    const auto notes = [](std::vector<int>& log, int entry) -> Task<void> {
        log.push_back(entry);
        co_return;
    };
    const auto body = [notes]() -> Task<std::vector<int>> {
        std::vector<int> log;
        co_await gather(notes(log, 1), notes(log, 2), notes(log, 3), notes(log, 4));
        std::vector<Task<void>> tasks;
        for (int i = 5; i <= 8; ++i) tasks.push_back(notes(log, i));
        co_await gather(std::move(tasks));
        co_return log;
    };
    EXPECT_EQ(run(body()), (std::vector{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Gather, TakesAnyAwaitable) {
    const auto body = []() -> Task<void> {
        const Future<int> task = create_task(number_after(1s, 2));
        const Future<int> shielded_task = create_task(number_after(1s, 3));
        Promise<std::unique_ptr<int>> promise;
        promise.set_result(std::make_unique<int>(4));
        const auto results =
            co_await gather(number(1), task, shield(shielded_task), promise.future(), gather(number(5), number(6)));
        EXPECT_EQ(std::get<0>(results), 1);
        EXPECT_EQ(std::get<1>(results), 2);
        EXPECT_EQ(std::get<2>(results), 3);
        EXPECT_EQ(*std::get<3>(results), 4);
        EXPECT_EQ(std::get<4>(results), std::tuple(5, 6));
    };
    run_until(TimePoint(1s), body());
}

TEST(Gather, KeepsNoReferenceToWhatDiesWithItsTasks) {
    // The work that is shielded belongs to nobody else: its result must be in the tuple, not referred to.
    const auto text = [](std::string text) -> Task<std::string> {
        co_await sleep(1s);
        co_return text + text;
    };
    const auto body = [text]() -> Task<void> {
        const std::string long_text(100, 'x');
        const auto results = co_await gather(shield(text(long_text)), shield(create_task(text(long_text))));
        static_assert(std::is_same_v<decltype(results), const std::tuple<std::string, std::string>>);
        EXPECT_EQ(std::get<0>(results), long_text + long_text);
        EXPECT_EQ(std::get<1>(results), long_text + long_text);
    };
    run_until(TimePoint(1s), body());
}

TEST(Gather, GivesReferencesWhereItsTasksDo) {
    const auto refers = [](int& place) -> Task<int&> {
        co_await yield_now();
        co_return place;
    };
    const auto body = [refers](int& place) -> Task<void> {
        const std::tuple<int&, int&> results = co_await gather(refers(place), refers(place));
        EXPECT_EQ(&std::get<0>(results), &place);
        EXPECT_EQ(&std::get<1>(results), &place);
    };
    int place = 0;
    run(body(place));
}

TEST(Gather, TakesAnyNumberOfTasks) {
    constexpr int kTasks = 100'000;
    const auto body = []() -> Task<void> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < kTasks; ++i) tasks.push_back(number_after(std::chrono::nanoseconds(i * 7919 % kTasks), i));
        const std::vector<int> results = co_await gather(std::move(tasks));
        EXPECT_EQ(results.size(), static_cast<std::size_t>(kTasks));
        bool in_order = true;
        for (int i = 0; i < kTasks; ++i) in_order = in_order && results[i] == i;
        EXPECT_TRUE(in_order);
    };
    run_until(TimePoint(Duration(kTasks - 1)), body());
}

TEST(Gather, TakesNoTasksAtAll) {
    const auto body = []() -> Task<void> {
        const std::vector<int> none = co_await gather(std::vector<Task<int>>());
        EXPECT_TRUE(none.empty());
        co_await gather(std::vector<Task<void>>());
        const auto outcomes = co_await gather(return_exceptions, std::vector<Task<int>>());
        EXPECT_TRUE(outcomes.empty());
    };
    run(body());
}

TEST(Gather, MovesResultsThatCannotBeCopied) {
    const auto makes = [](int n) -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(n); };
    const auto body = [makes]() -> Task<void> {
        std::vector<Task<std::unique_ptr<int>>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(makes(i));
        const std::vector<std::unique_ptr<int>> results = co_await gather(std::move(tasks));
        EXPECT_EQ(*results.at(2), 2);
        const auto pair = co_await gather(makes(3), makes(4));
        EXPECT_EQ(*std::get<1>(pair), 4);
    };
    run(body());
}

TEST(Gather, TheFirstFailureCancelsTheOthersAndWaitsForThem) {
    const test::ReportCapture reports;
    const auto body = []() -> Task<std::vector<std::string>> {
        std::vector<std::string> log;
        std::string error;
        try {
            co_await gather(cleans_up(log, "one"), fails_after(2s, "first"), cleans_up(log, "two"),
                            fails_after(2s, "second"));
        } catch (const std::runtime_error& failure) {
            error = failure.what();
        }
        EXPECT_EQ(error, "first");
        EXPECT_EQ(log, (std::vector<std::string>{"one", "two"}));
        std::vector<Task<int>> tasks;
        tasks.push_back(cleans_up(log, "three"));
        tasks.push_back(fails_after(1s, "in the vector"));
        EXPECT_THROW(co_await gather(std::move(tasks)), std::runtime_error);
        co_return log;
    };
    EXPECT_EQ(run_until(TimePoint(2s + 1s + 1s + 1s), body()), (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(reports.text(), "");  // the errors that were not thrown were seen nevertheless
}

TEST(Gather, CancellationReachesAllAndWaitsForThem) {
    const auto gathers = [](std::vector<std::string>& log) -> Task<void> {
        co_await gather(cleans_up(log, "one"), cleans_up(log, "two"));
        log.push_back("not reached");
    };
    const auto body = [gathers](std::vector<std::string>& log) -> Task<void> {
        const Future<void> task = create_task(gathers(log));
        co_await sleep(2s);
        EXPECT_TRUE(task.cancel("enough"));
        std::string reason;
        try {
            co_await task;
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "enough");
        EXPECT_TRUE(task.cancelled());
    };
    std::vector<std::string> log;
    run_until(TimePoint(3s), body(log));
    EXPECT_EQ(log, (std::vector<std::string>{"one", "two"}));
}

TEST(Gather, InACancelledScopeStartsItsTasksCancelled) {
    const auto counts = [](int& started, int& passed) -> Task<void> {
        ++started;
        co_await yield_now();
        ++passed;
    };
    const auto body = [counts](int& started, int& passed) -> Task<void> {
        CancelScope scope;
        scope.cancel();
        EXPECT_THROW(co_await gather(counts(started, passed), counts(started, passed)), CancelledError);
    };
    int started = 0, passed = 0;
    run(body(started, passed));
    EXPECT_EQ(started, 2);
    EXPECT_EQ(passed, 0);
}

TEST(Gather, AChildThatIsCancelledOnItsOwnCancelsTheResult) {
    const auto body = []() -> Task<void> {
        Promise<int> promise;
        promise.future().cancel("this one only");
        std::string reason;
        try {
            co_await gather(number(1), promise.future());
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "this one only");
        co_await yield_now();  // the caller is not cancelled
    };
    run(body());
}

TEST(Gather, ATaskThatCannotStartFailsTheWhole) {
    const auto body = []() -> Task<std::vector<std::string>> {
        std::vector<std::string> log;
        Task<int> spent = number(1);
        co_await std::move(spent);
        EXPECT_THROW(co_await gather(cleans_up(log, "one"), std::move(spent), number(2)), InvalidStateError);
        Task<int> empty = number(1);
        const Task<int> taken = std::move(empty);
        EXPECT_THROW(co_await gather(return_exceptions, cleans_up(log, "two"), std::move(empty)), InvalidStateError);
        std::vector<Task<int>> tasks;
        tasks.push_back(cleans_up(log, "three"));
        tasks.push_back(std::move(empty));
        EXPECT_THROW(co_await gather(std::move(tasks)), InvalidStateError);
        std::vector<Task<int>> more;
        more.push_back(cleans_up(log, "four"));
        more.push_back(std::move(empty));
        EXPECT_THROW(co_await gather(return_exceptions, std::move(more)), InvalidStateError);
        co_return log;
    };
    // Those that were started had begun, and ended before the gather did.
    EXPECT_EQ(run_until(TimePoint(4s), body()), (std::vector<std::string>{"one", "two", "three", "four"}));
}

TEST(GatherReturnExceptions, LetsAllGoOn) {
    const test::ReportCapture reports;
    const auto body = []() -> Task<void> {
        Promise<int> promise;
        promise.future().cancel();
        auto outcomes = co_await gather(return_exceptions, fails_after(1s, "early"), number_after(3s, 1), sleep(2s),
                                        promise.future());
        EXPECT_EQ(describe(std::get<0>(outcomes).error()), "early");
        EXPECT_EQ(std::get<1>(outcomes).value(), 1);
        EXPECT_TRUE(std::get<2>(outcomes).has_value());
        EXPECT_EQ(describe(std::get<3>(outcomes).error()), "cancelled by task 'main'");
        std::vector<Task<int>> tasks;
        tasks.push_back(number(1));
        tasks.push_back(fails_after(1s, "bad"));
        tasks.push_back(number_after(2s, 3));
        std::vector<Outcome<int>> results = co_await gather(return_exceptions, std::move(tasks));
        EXPECT_EQ(results.at(0).value(), 1);
        EXPECT_EQ(describe(results.at(1).error()), "bad");
        EXPECT_EQ(results.at(2).value(), 3);
    };
    run_until(TimePoint(5s), body());
    EXPECT_EQ(reports.text(), "");
}

TEST(GatherReturnExceptions, ThrowsOnlyWhenTheCallerIsCancelled) {
    const auto gathers = [](std::vector<std::string>& log) -> Task<void> {
        co_await gather(return_exceptions, cleans_up(log, "one"), number(1));
        log.push_back("not reached");
    };
    const auto body = [gathers](std::vector<std::string>& log) -> Task<void> {
        EXPECT_THROW(co_await timeout(1s, gathers(log)), TimeoutError);
    };
    std::vector<std::string> log;
    run_until(TimePoint(2s), body(log));
    EXPECT_EQ(log, std::vector<std::string>{"one"});
}

}  // namespace
}  // namespace hocket
