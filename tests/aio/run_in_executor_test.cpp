// Jobs of an executor as coroutines see them.
#include "hocket/aio/run_in_executor.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "hocket/aio.hpp"
#include "hocket/futures/thread_pool.hpp"
#include "hocket/sync/event.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(RunInExecutor, GivesTheResultWhileTheLoopGoesOn) {
    ThreadPool pool(1);
    const auto program = [](ThreadPool& pool) -> Task<int> {
        Event release;
        auto job = [&release](int a, std::unique_ptr<int> b) {
            release.wait();
            return a + *b;
        };
        auto setter = [](Event& event) -> Task<void> {
            event.set();
            co_return;
        };
        auto pointer = std::make_unique<int>(2);
        auto both = gather(run_in_executor(pool, job, 40, std::move(pointer)), setter(release));
        auto results = co_await std::move(both);
        co_return std::get<0>(results);
    };
    EXPECT_EQ(run(program(pool)), 42);
}

TEST(RunInExecutor, ThrowsWhatTheJobThrows) {
    ThreadPool pool(1);
    const auto fails = [] { throw std::invalid_argument("bad"); };
    EXPECT_THROW(run(run_in_executor(pool, fails)), std::invalid_argument);
    InlineExecutor inline_executor;
    EXPECT_THROW(run(run_in_executor(inline_executor, fails)), std::invalid_argument);
}

TEST(RunInExecutor, CancelledCancelsTheJobAndAwaitsItsEnd) {
    ThreadPool pool(1);
    bool ended = false;
    const auto program = [](ThreadPool& pool, bool& ended) -> Task<void> {
        Event never;
        Event begun;
        auto waits = [&] {
            try {
                begun.set();
                never.wait();
            } catch (const CancelledError&) {
                ended = true;
                throw;
            }
        };
        Future<void> task = create_task(run_in_executor(pool, waits));
        co_await begun.async_wait();
        task.cancel();
        try {
            co_await task;
        } catch (const CancelledError&) {
            EXPECT_TRUE(ended);
        }
    };
    run(program(pool, ended));
    EXPECT_TRUE(ended);
}

TEST(RunInExecutor, ATaskThatIsCancelledAlreadySubmitsNothing) {
    InlineExecutor executor;  // has everything done at once
    bool called = false;
    const auto program = [](Executor& executor, bool& called) -> Task<std::string> {
        auto call = [&called] { called = true; };
        CancelScope scope;
        scope.cancel("too late");
        std::string reason;
        try {
            co_await run_in_executor(executor, call);
        } catch (const CancelledError& error) {
            reason = error.reason();
        }
        co_return reason;
    };
    EXPECT_EQ(run(program(executor, called)), "too late");
    EXPECT_FALSE(called);
    const auto shielded_program = [](Executor& executor, bool& called) -> Task<void> {
        auto call = [&called] { called = true; };
        CancelScope outer;
        outer.cancel();
        CancelScope clean_up(shielded);
        co_await run_in_executor(executor, call);
    };
    run(shielded_program(executor, called));
    EXPECT_TRUE(called);
}

TEST(AsyncSubmit, SubmitsNothingInATaskThatIsCancelledAlready) {
    const auto program = [](Executor& executor) -> Task<std::string> {
        bool called = false;
        auto call = [&called] { called = true; };
        auto made_before = executor.async_submit(call);
        std::string reasons;
        {
            CancelScope scope;
            scope.cancel("too late");
            for (int i = 0; i < 2; ++i) {  // again and again, for as long as the scope is not left
                try {
                    auto submission = executor.async_submit(call);
                    (void)co_await std::move(submission);
                } catch (const CancelledError& error) {
                    reasons += error.reason() + "; ";
                }
            }
            try {
                (void)co_await std::move(made_before);
            } catch (const CancelledError& error) {
                reasons += error.reason();
            }
        }
        EXPECT_FALSE(called);
        auto submission = executor.async_submit(call);
        Future<void> job = co_await std::move(submission);
        co_await job;
        EXPECT_TRUE(called);
        co_return reasons;
    };
    InlineExecutor inline_executor;
    EXPECT_EQ(run(program(inline_executor)), "too late; too late; too late");
    ThreadPool unbounded(1);
    EXPECT_EQ(run(program(unbounded)), "too late; too late; too late");
    ThreadPool bounded({.max_workers = 1, .max_pending = 5});
    EXPECT_EQ(run(program(bounded)), "too late; too late; too late");
}

TEST(RunInExecutor, WaitsForAPlaceWithoutBlockingTheLoop) {
    ThreadPool pool({.max_workers = 1, .max_pending = 1});
    const auto program = [](ThreadPool& pool) -> Task<int> {
        Event release;
        Event begun;
        auto blocks = [&] {
            begun.set();
            release.wait();
            return 1;
        };
        auto quick = [] { return 1; };
        Future<int> running = pool.submit(blocks);
        co_await begun.async_wait();
        Future<int> queued = pool.submit(quick);
        Future<int> held_back = create_task(run_in_executor(pool, quick));
        auto impatient = timeout(1ms, run_in_executor(pool, quick));
        bool timed_out = false;
        try {
            (void)co_await std::move(impatient);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_FALSE(held_back.done());
        release.set();
        const int a = co_await running;
        const int b = co_await queued;
        const int c = co_await held_back;
        co_return a + b + c;
    };
    EXPECT_EQ(run(program(pool)), 3);
}

TEST(RunInExecutor, TasksThatAwaitEachOtherInACircleAreTold) {
    const auto program = []() -> Task<int> {
        Promise<Future<int>> first;
        Promise<Future<int>> second;
        auto waits_for = [](Future<Future<int>> other) -> Task<int> {
            Future<int> future = co_await std::move(other);
            co_return co_await future;
        };
        Future<int> a = create_task(waits_for(second.future()), "a");
        Future<int> b = create_task(waits_for(first.future()), "b");
        first.set_result(a);
        second.set_result(b);
        int told = 0;
        try {
            co_await a;
        } catch (const DeadlockError& error) {
            told += std::string(error.what()).find("task 'a'") != std::string::npos;
        }
        try {
            co_await b;
        } catch (const DeadlockError&) {
            ++told;
        }
        co_return told;
    };
    EXPECT_EQ(run(program()), 2);
}

}  // namespace
}  // namespace hocket
