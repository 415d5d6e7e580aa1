#include "hocket/aio/task_group.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
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
using Log = std::vector<std::string>;

using test::fails_after;
using test::number_after;
Task<void> notes_after(Duration time, Log& log, const char* text) {
    co_await sleep(time);
    log.push_back(text);
}
// Sleeps for an hour; when that is cancelled, cleans up for a second and notes it.
Task<void> cleans_up(Log& log, std::string name) {
    const auto clean_up = [&]() -> Task<void> {
        co_await sleep(1s);
        log.push_back(name);
    };
    co_await finally(sleep(1h), clean_up);
}

TEST(TaskGroup, EndsWhenItsBodyAndAllItsTasksHaveEnded) {
    const auto body = [](Log& log) -> Task<void> {
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(notes_after(2s, log, "late"));
            (void)group.create_task(notes_after(1s, log, "early"));
            log.push_back("body");
            co_return;
        };
        co_await task_group(spawns);
        log.push_back("after");
        const auto outlasts = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(notes_after(1s, log, "task"));
            co_await sleep(2s);
            log.push_back("body");
        };
        co_await task_group(outlasts);
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (Log{"body", "early", "late", "after", "task", "body"}));
    EXPECT_EQ(clock.now(), TimePoint(4s));
}

TEST(TaskGroup, MayBeEmpty) {
    const auto nothing = [](TaskGroup&) -> Task<void> { co_return; };
    run(task_group(nothing));
}

TEST(TaskGroup, GivesTheResultsOfItsTasks) {
    const auto body = []() -> Task<int> {
        Future<int> later;
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            const Future<int> future = group.create_task(number_after(1s, 20), "a name");
            later = group.create_task(number_after(2s, 1));
            const TaskInfo child = EventLoop::current().all_tasks().at(1);
            EXPECT_EQ(child.name, "a name");
            EXPECT_EQ(child.parent_id, EventLoop::current().all_tasks().at(0).id);
            const int result = co_await future;
            EXPECT_EQ(result, 20);
        };
        co_await task_group(spawns);
        co_return later.result();
    };
    VirtualClock clock;
    EXPECT_EQ(run(body(), {.clock = &clock}), 1);
}

TEST(TaskGroup, ItsTasksMayStartOthers) {
    const auto body = [](Log& log) -> Task<void> {
        const auto spawns_again = [](TaskGroup& group, Log& log) -> Task<void> {
            co_await sleep(1s);
            (void)group.create_task(notes_after(1s, log, "grandchild"));
        };
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(spawns_again(group, log));
            co_return;
        };
        co_await task_group(spawns);
        log.push_back("after");
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (Log{"grandchild", "after"}));
}

TEST(TaskGroup, TheFirstFailureCancelsTheRest) {
    const test::ReportCapture reports;
    const auto body = [](Log& log) -> Task<void> {
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(cleans_up(log, "task"));
            (void)group.create_task(fails_after(5s, "broken"));
            co_await cleans_up(log, "body");
        };
        std::string what;
        std::size_t errors = 0;
        try {
            co_await task_group(spawns);
        } catch (const ExceptionGroup& group) {
            what = group.what();
            errors = group.exceptions().size();
        }
        EXPECT_EQ(what, "hocket: a task group failed (1 error: broken)");
        EXPECT_EQ(errors, 1u);
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (Log{"body", "task"}));
    EXPECT_EQ(clock.now(), TimePoint(6s));
    EXPECT_EQ(reports.text(), "");
}

TEST(TaskGroup, ThrowsAllFailuresInTheOrderInWhichTheyHappen) {
    const auto body = []() -> Task<void> {
        const auto fails_in_clean_up = [](Duration time, const char* text) -> Task<void> {
            const auto clean_up = [&]() -> Task<void> { co_await fails_after(time, text); };
            co_await finally(sleep(1h), clean_up);
        };
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(fails_in_clean_up(2s, "slow clean-up"));
            (void)group.create_task(fails_in_clean_up(1s, "clean-up"));
            co_await fails_after(1s, "body");
        };
        std::vector<std::string> errors;
        try {
            co_await task_group(spawns);
        } catch (const ExceptionGroup& group) {
            for (const auto& error : group.exceptions()) errors.push_back(describe(error));
        }
        EXPECT_EQ(errors, (std::vector<std::string>{"body", "clean-up", "slow clean-up"}));
    };
    VirtualClock clock;
    run(body(), {.clock = &clock});
    EXPECT_EQ(clock.now(), TimePoint(3s));
}

TEST(TaskGroup, AFailureOfTheBodyCancelsTheTasks) {
    const auto body = [](Log& log) -> Task<void> {
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(cleans_up(log, "task"));
            co_await yield_now();
            throw std::runtime_error("the body");
        };
        EXPECT_THROW(co_await task_group(spawns), ExceptionGroup);
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, Log{"task"});
}

TEST(TaskGroup, CancelEndsItWithoutAnError) {
    const auto body = [](Log& log) -> Task<void> {
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(cleans_up(log, "task"));
            co_await yield_now();
            group.cancel();
            EXPECT_TRUE(group.cancelled());
            co_await yield_now();
            log.push_back("not reached");
        };
        co_await task_group(spawns);
        co_await yield_now();  // outside of the group nothing is cancelled
        log.push_back("after");
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (Log{"task", "after"}));
}

TEST(TaskGroup, CancelDoesNotHideAFailure) {
    const auto body = []() -> Task<void> {
        const auto spawns = [](TaskGroup& group) -> Task<void> {
            const auto fails = []() -> Task<void> {
                try {
                    co_await sleep(1h);
                } catch (const CancelledError&) {
                    throw std::runtime_error("instead of ending");
                }
            };
            (void)group.create_task(fails());
            co_await yield_now();
            group.cancel();
        };
        EXPECT_THROW(co_await task_group(spawns), ExceptionGroup);
    };
    run(body());
}

TEST(TaskGroup, ATaskThatIsCancelledOnItsOwnIsNoFailure) {
    const auto body = [](Log& log) -> Task<void> {
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            const Future<void> first = group.create_task(cleans_up(log, "cancelled"));
            (void)group.create_task(notes_after(5s, log, "other"));
            co_await yield_now();
            EXPECT_TRUE(first.cancel());
        };
        co_await task_group(spawns);
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (Log{"cancelled", "other"}));
}

TEST(TaskGroup, PassesOnACancelledErrorOfItsBodyThatIsNotItsOwn) {
    const auto body = [](Log& log) -> Task<void> {
        Promise<int> promise;
        promise.future().cancel("somebody else's");
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(cleans_up(log, "task"));
            co_await yield_now();
            co_await promise.future();
        };
        std::string reason;
        try {
            co_await task_group(spawns);
            log.push_back("went on as if nothing had happened");
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "somebody else's");
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, Log{"task"});
}

TEST(TaskGroup, CancellationFromOutsideWaitsForAllAndIsPassedOn) {
    const auto works = [](Log& log) -> Task<void> {
        const auto spawns = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(cleans_up(log, "task"));
            (void)group.create_task(cleans_up(log, "other"));
            co_return;
        };
        co_await task_group(spawns);
        log.push_back("not reached");
    };
    const auto body = [works](Log& log) -> Task<void> {
        const Future<void> future = create_task(works(log));
        co_await sleep(1s);
        future.cancel("from outside");
        EXPECT_THROW(co_await future, CancelledError);
        EXPECT_TRUE(future.cancelled());
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (Log{"task", "other"}));
    EXPECT_EQ(clock.now(), TimePoint(2s));
}

TEST(TaskGroup, NestsAndReportsTheTreeOfFailures) {
    const auto body = [](Log& log) -> Task<void> {
        const auto inner = [](TaskGroup& group) -> Task<void> {
            (void)group.create_task(fails_after(1s, "deep"));
            co_await sleep(1h);
        };
        const auto outer = [&](TaskGroup& group) -> Task<void> {
            (void)group.create_task(task_group(inner));
            (void)group.create_task(cleans_up(log, "beside"));
            co_return;
        };
        std::string what;
        try {
            co_await task_group(outer);
        } catch (const ExceptionGroup& group) {
            what = group.what();
        }
        EXPECT_NE(what.find("deep"), std::string::npos) << what;
    };
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, Log{"beside"});
}

TEST(TaskGroup, OwnsItsBody) {
    // The body is a temporary with state of its own, which lives as long as the group.
    const auto body = [](std::shared_ptr<int> state) -> Task<void> {
        const auto uses = [state](TaskGroup&) -> Task<void> {
            co_await sleep(1s);
            EXPECT_EQ(*state, 5);
        };
        Task<void> group = task_group(uses);
        state.reset();
        co_await std::move(group);
    };
    VirtualClock clock;
    run(body(std::make_shared<int>(5)), {.clock = &clock});
}

}  // namespace
}  // namespace hocket
