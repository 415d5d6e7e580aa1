#include "hocket/aio/create_task.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<int> number_later(int n) {
    co_await yield_now();
    co_return n;
}
Task<int> fails(const char* text) {
    co_await yield_now();
    throw std::runtime_error(text);
}
Task<void> sleeps_long() { co_await sleep(1h); }
Task<void> appends(std::vector<int>& log, int entry) {
    log.push_back(entry);
    co_return;
}

TEST(CreateTask, StartsTasksInTheirOrderOnceTheCallerWaits) {
    const auto body = [](std::vector<int>& log) -> Task<void> {
        for (int i = 0; i < 5; ++i) (void)create_task(appends(log, i));
        log.push_back(-1);
        co_await yield_now();
        log.push_back(-2);
    };
    std::vector<int> log;
    run(body(log));
    EXPECT_EQ(log, (std::vector{-1, 0, 1, 2, 3, 4, -2}));
}

TEST(CreateTask, GivesTheFutureOfTheResult) {
    const auto body = []() -> Task<void> {
        const Future<int> future = create_task(number_later(3));
        EXPECT_FALSE(future.done());
        const int& result = co_await future;
        EXPECT_EQ(result, 3);
        EXPECT_TRUE(future.done());
        EXPECT_EQ(future.result(), 3);  // no need to block
        const int direct = co_await create_task(number_later(4));
        EXPECT_EQ(direct, 4);
    };
    run(body());
}

TEST(CreateTask, NeedsALoop) {
    EXPECT_THROW(create_task(number_later(1)), InvalidStateError);
    EXPECT_THROW(EventLoop::current(), InvalidStateError);
}

TEST(CreateTask, TheTaskLivesOnWhenItsFutureIsDropped) {
    const auto body = [](std::vector<int>& log) -> Task<void> {
        const auto works = [](std::vector<int>& log) -> Task<void> {
            co_await sleep(1h);
            log.push_back(1);
        };
        (void)create_task(works(log));
        co_await sleep(2h);
        log.push_back(2);
    };
    std::vector<int> log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    EXPECT_EQ(log, (std::vector{1, 2}));
}

TEST(CreateTask, TasksThatAreLeftAreCancelledAndCleanUp) {
    const auto works = [](std::string& log) -> Task<void> {
        const auto clean_up = [&log]() -> Task<void> {
            co_await sleep(1ms);
            co_await yield_now();
            log += "cleaned ";
        };
        try {
            co_await finally(sleep(1h), clean_up);
        } catch (const CancelledError& cancelled) {
            log += cancelled.message();
            throw;
        }
    };
    const auto body = [works](std::string& log) -> Task<int> {
        (void)create_task(works(log));
        co_await yield_now();
        log += "end ";
        co_return 1;
    };
    std::string log;
    EXPECT_EQ(run(body(log)), 1);
    EXPECT_EQ(log, "end cleaned cancelled: the event loop is closing");
}

TEST(CreateTask, ManyTasksThatAreLeftEndSwiftly) {
    constexpr int kTasks = 200'000;
    const auto waits = [](int& cancelled) -> Task<void> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            ++cancelled;
        }
    };
    const auto body = [waits](int& cancelled) -> Task<void> {
        for (int i = 0; i < kTasks; ++i) (void)create_task(waits(cancelled));
        co_await yield_now();
    };
    int cancelled = 0;
    run(body(cancelled));
    EXPECT_EQ(cancelled, kTasks);
}

TEST(CreateTask, TasksMadeDuringShutdownEndToo) {
    static int made = 0;
    made = 0;
    const auto spawns = [](auto spawns) -> Task<void> {
        const auto spawn_next = [&spawns]() -> Task<void> {
            co_await yield_now();
            if (++made < 10) (void)create_task(spawns(spawns));
        };
        co_await finally(sleep(1h), spawn_next);
    };
    const auto body = [spawns]() -> Task<void> {
        (void)create_task(spawns(spawns));
        co_await yield_now();
    };
    run(body());
    EXPECT_EQ(made, 10);
}

TEST(CreateTask, ALoopGoesOnAfterItsTasksWereCancelled) {
    EventLoop loop;
    const auto body = []() -> Task<int> {
        (void)create_task(number_later(1));
        const Future<void> task = create_task(sleeps_long());
        co_await yield_now();
        co_return 1;
    };
    EXPECT_EQ(loop.run_until_complete(body()), 1);
    loop.cancel_all_tasks("between two runs");
    EXPECT_TRUE(loop.all_tasks().empty());
    const auto sleeps = []() -> Task<int> {
        co_await sleep(1ms);  // not cancelled
        co_return 2;
    };
    EXPECT_EQ(loop.run_until_complete(sleeps()), 2);
}

TEST(CreateTask, KnowsNameParentAndOrigin) {
    const auto body = []() -> Task<void> {
        const std::vector<TaskInfo> alone = EventLoop::current().all_tasks();
        EXPECT_EQ(alone.size(), 1u);
        EXPECT_EQ(alone[0].name, "main");
        EXPECT_EQ(alone[0].parent_id, 0u);
        const auto line = std::source_location::current().line() + 1;
        const Future<int> named = create_task(number_later(1), "a task with a long name of its own");
        const Future<int> unnamed = create_task(number_later(2));
        const std::vector<TaskInfo> tasks = EventLoop::current().all_tasks();
        EXPECT_EQ(tasks.size(), 3u);
        EXPECT_EQ(tasks[1].name, "a task with a long name of its own");
        EXPECT_EQ(tasks[1].parent_id, tasks[0].id);
        EXPECT_EQ(tasks[1].spawned_at.line(), line);
        EXPECT_NE(std::string(tasks[1].spawned_at.file_name()).find("create_task_test"), std::string::npos);
        EXPECT_EQ(tasks[2].name, "Task-" + std::to_string(tasks[2].id));
        EXPECT_EQ(tasks[2].parent_id, tasks[0].id);
        EXPECT_NE(tasks[2].id, tasks[1].id);
        co_await named;
        co_await unnamed;
        EXPECT_EQ(EventLoop::current().all_tasks().size(), 1u);
    };
    run(body());
}

TEST(CreateTask, KnowsWhereEachTaskWaits) {
    static unsigned inner_line, outer_line;
    const auto inner = []() -> Task<void> {
        inner_line = std::source_location::current().line() + 1;
        co_await sleep(1h);
    };
    const auto outer = [inner]() -> Task<void> {
        outer_line = std::source_location::current().line() + 1;
        co_await inner();
    };
    const auto body = [outer]() -> Task<void> {
        (void)create_task(outer(), "waits");
        const std::vector<TaskInfo> before = EventLoop::current().all_tasks();
        EXPECT_FALSE(before.at(1).suspended);  // it has not even started
        EXPECT_TRUE(before.at(1).awaits.empty());
        co_await yield_now();
        const std::vector<TaskInfo> tasks = EventLoop::current().all_tasks();
        EXPECT_FALSE(tasks.at(0).suspended);  // it runs this very line
        EXPECT_TRUE(tasks.at(1).suspended);
        EXPECT_EQ(tasks.at(1).awaits.size(), 2u);
        EXPECT_EQ(tasks.at(1).awaits.at(0).line(), inner_line);
        EXPECT_EQ(tasks.at(1).awaits.at(1).line(), outer_line);
        EXPECT_NE(std::string(tasks.at(1).awaits.at(0).file_name()).find("create_task_test"), std::string::npos);
    };
    run(body());
}

TEST(CreateTask, ReportsAnExceptionThatNobodyRetrievedOnce) {
    const test::ReportCapture reports;
    const auto body = []() -> Task<void> {
        (void)create_task(fails("dropped at once"), "first");
        std::optional<Future<int>> future = create_task(fails("dropped later"), "second");
        std::optional<Future<int>> copy = future;
        co_await sleep(1ms);
        future.reset();
        EXPECT_TRUE(copy->done());
    };
    run(body());
    EXPECT_EQ(reports.count(), 2u);
    EXPECT_NE(reports.text().find("first ended with an exception that nobody retrieved: dropped at once\n"),
              std::string::npos)
        << reports.text();
    EXPECT_NE(reports.text().find("second ended with an exception that nobody retrieved: dropped later\n"),
              std::string::npos)
        << reports.text();
}

TEST(CreateTask, ReportsNothingThatWasRetrievedOrCancelled) {
    const test::ReportCapture reports;
    const auto body = []() -> Task<void> {
        const Future<int> awaited = create_task(fails("awaited"));
        const Future<int> looked_at = create_task(fails("looked at"));
        (void)create_task(number_later(1));
        (void)create_task(sleeps_long());
        EXPECT_THROW(co_await awaited, std::runtime_error);
        co_await yield_now();
        EXPECT_NE(looked_at.exception(), nullptr);
        EXPECT_THROW(co_await create_task(fails("temporary")), std::runtime_error);
    };
    run(body());
    EXPECT_EQ(reports.text(), "");
}

TEST(CreateTask, TheResultOutlivesTheLoop) {
    Future<std::string> future;
    const auto text = []() -> Task<std::string> {
        co_await yield_now();
        co_return std::string(1000, 'x');
    };
    const auto body = [text](Future<std::string>& future) -> Task<void> {
        future = create_task(text());
        co_await future;
    };
    run(body(future));
    std::string result;
    std::thread reader([&] { result = std::move(future).result(); });
    reader.join();
    EXPECT_EQ(result, std::string(1000, 'x'));
}

TEST(Run, GivesTheResultOrTheException) {
    EXPECT_EQ(run(number_later(7)), 7);
    EXPECT_THROW(run(fails("out of run")), std::runtime_error);
    const auto cancels_itself = []() -> Task<void> {
        throw CancelledError("on its own");
        co_return;
    };
    EXPECT_THROW(run(cancels_itself()), CancelledError);
}

TEST(Run, IsRefusedInsideALoop) {
    int started = 0;
    const auto counts = [](int& started) -> Task<void> {
        ++started;
        co_return;
    };
    const auto body = [counts](int& started) -> Task<void> {
        EXPECT_THROW(run(counts(started)), InvalidStateError);
        EventLoop other;
        EXPECT_THROW(other.run_until_complete(counts(started)), InvalidStateError);
        EXPECT_THROW(EventLoop::current().run_until_complete(counts(started)), InvalidStateError);
        co_return;
    };
    run(body(started));
    EXPECT_EQ(started, 0);  // it was refused before it began
}

}  // namespace
}  // namespace hocket
