// What cancel() does to a task, whatever it waits for.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/futures/promise.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

class Cancellation : public ::testing::Test {
protected:
    void run_virtually(Task<void> task) { run(std::move(task), {.clock = &clock_}); }
    VirtualClock clock_;
};

// Counts how often `wait()` throws CancelledError in a row.
template <class Wait>
Task<int> count_cancellations(Wait wait) {
    int count = 0;
    for (int i = 0; i < 3; ++i) {
        try {
            co_await wait();
        } catch (const CancelledError&) {
            ++count;
        }
    }
    co_return count;
}
// Runs that in a task, which is cancelled after a second.
template <class Wait>
Task<void> expect_each_wait_throws(Wait wait) {
    const Future<int> task = create_task(count_cancellations(wait));
    co_await sleep(1s);
    EXPECT_TRUE(task.cancel());
    const int count = co_await task;
    EXPECT_EQ(count, 3);
    EXPECT_FALSE(task.cancelled());  // it gave a result in spite of it
}

TEST_F(Cancellation, ComesBackAtEachWaitWhenItIsSwallowed) {
    const auto nothing = [](TaskGroup&) -> Task<void> { co_await sleep(1h); };
    const auto endless = []() -> Task<void> { co_await sleep(1h); };
    const auto body = [&]() -> Task<void> {
        co_await expect_each_wait_throws([] { return sleep(1h); });
        co_await expect_each_wait_throws([] { return sleep(std::chrono::hours::max()); });
        co_await expect_each_wait_throws([&] { return endless(); });
        co_await expect_each_wait_throws([&] { return gather(endless(), endless()); });
        co_await expect_each_wait_throws([&] { return task_group(nothing); });
        co_await expect_each_wait_throws([&] { return timeout(2h, endless()); });
        co_await expect_each_wait_throws([&] { return create_task(endless()); });
        co_await expect_each_wait_throws([&] { return shield(endless()); });
        co_await expect_each_wait_throws([&] { return finally(endless(), endless); });
        Promise<int> promise;
        const Future<int> future = promise.future();
        co_await expect_each_wait_throws([&] { return shield(future); });
        co_await expect_each_wait_throws([&]() -> const Future<int>& { return future; });
        EXPECT_TRUE(future.cancelled());
    };
    run_virtually(body());
}

TEST_F(Cancellation, ReachesEveryYield) {
    // The cancellation is queued behind the yield, or before it.
    const auto yields = [](bool by_sleep, int& yields) -> Task<void> {
        for (;;) {
            if (by_sleep) {
                co_await sleep(0s);
            } else {
                co_await yield_now();
            }
            ++yields;
        }
    };
    const auto body = [yields](bool by_sleep, int before) -> Task<int> {
        int count = 0;
        const Future<void> task = create_task(yields(by_sleep, count));
        for (int i = 0; i < before; ++i) co_await yield_now();
        task.cancel();
        EXPECT_THROW(co_await task, CancelledError);
        co_return count;
    };
    for (const bool by_sleep : {false, true}) {
        for (int before = 0; before < 5; ++before) EXPECT_LE(run(body(by_sleep, before)), before);
    }
}

TEST_F(Cancellation, IsNotCaughtAsAStandardException) {
    const auto swallows = []() -> Task<int> {
        try {
            co_await sleep(1h);
        } catch (const std::exception&) {
        }
        co_return 1;
    };
    const auto body = [swallows]() -> Task<void> {
        const Future<int> task = create_task(swallows());
        co_await yield_now();
        task.cancel();
        EXPECT_THROW(co_await task, CancelledError);
        EXPECT_TRUE(task.cancelled());
    };
    run_virtually(body());
}

TEST_F(Cancellation, BeforeTheFirstStepIsSeenByTheFirstWait) {
    const auto works = [](Log& log) -> Task<void> {
        log.push_back("started");
        co_await yield_now();
        log.push_back("went on");
    };
    const auto does_not_wait = []() -> Task<int> { co_return 5; };
    const auto body = [&](Log& log) -> Task<void> {
        const Future<void> task = create_task(works(log));
        const Future<int> quick = create_task(does_not_wait());
        EXPECT_TRUE(task.cancel("early"));
        EXPECT_TRUE(task.cancel("again"));
        EXPECT_TRUE(quick.cancel());
        EXPECT_FALSE(task.done());
        std::string reason;
        try {
            co_await task;
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "early");
        EXPECT_TRUE(task.cancelled());
        const int result = co_await quick;
        EXPECT_EQ(result, 5);
        EXPECT_FALSE(quick.cancelled());
    };
    Log log;
    run_virtually(body(log));
    EXPECT_EQ(log, Log{"started"});
}

TEST_F(Cancellation, WithoutMemoryForTheReasonGoesWithoutOne) {
    const auto body = []() -> Task<void> {
        const auto waits = []() -> Task<void> { co_await sleep(1h); };
        const Future<void> task = create_task(waits());
        co_await yield_now();
        EXPECT_TRUE(task.cancel(std::string_view("x", std::string::npos - 1)));
        std::string reason = "none yet";
        try {
            co_await task;
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "");
    };
    run_virtually(body());
}

TEST_F(Cancellation, SaysWhoAndWhy) {
    const auto waits = []() -> Task<void> { co_await sleep(1h); };
    const auto waits_for = [](Future<void> inner) -> Task<void> { co_await inner; };
    const auto cancelled = [](Future<void> work) -> Task<CancelledError> {
        try {
            co_await work;
        } catch (const CancelledError& error) {
            co_return error;
        }
        co_return CancelledError("it was not");
    };
    const auto scope = []() -> Task<CancelledError> {
        CancelScope inner;
        inner.cancel("enough");
        try {
            co_await sleep(1h);
        } catch (const CancelledError& error) {
            co_return error;
        }
        co_return CancelledError("it was not");
    };
    const auto body = [&]() -> Task<void> {
        Future<void> work = create_task(waits());
        work.cancel("no longer needed");
        CancelledError error = co_await cancelled(work);
        EXPECT_EQ(error.reason(), "no longer needed");
        EXPECT_EQ(error.by(), "task 'the canceller'");

        work = create_task(waits());
        std::thread([&] { work.cancel(); }).join();
        error = co_await cancelled(work);
        EXPECT_EQ(error.reason(), "");
        EXPECT_TRUE(error.by().starts_with("thread '")) << error.by();

        error = co_await scope();
        EXPECT_EQ(error.reason(), "enough");
        EXPECT_EQ(error.by(), "task 'the canceller'");

        const Future<void> inner = create_task(waits());
        work = create_task(waits_for(inner));
        co_await yield_now();
        work.cancel("all of it");  // reaches what is awaited
        error = co_await cancelled(inner);
        EXPECT_EQ(error.reason(), "all of it");
        EXPECT_EQ(error.by(), "task 'the canceller'");
    };
    const auto named = [&]() -> Task<void> {
        const Future<void> canceller = create_task(body(), "the canceller");
        co_await canceller;
    };
    run(named());
}

TEST_F(Cancellation, AfterTheEndDoesNothing) {
    const auto body = []() -> Task<void> {
        const Future<void> task = create_task([]() -> Task<void> { co_return; }());
        co_await task;
        EXPECT_FALSE(task.cancel());
        EXPECT_FALSE(task.cancelled());
        co_await task;
    };
    run_virtually(body());
}

TEST_F(Cancellation, OfItselfIsSeenByItsNextWait) {
    const auto body = []() -> Task<void> {
        Future<void> self;
        const auto cancels_itself = [](Future<void>& self) -> Task<void> {
            EXPECT_TRUE(self.cancel("self"));
            co_await sleep(1h);
            ADD_FAILURE() << "slept";
        };
        self = create_task(cancels_itself(self));
        EXPECT_THROW(co_await self, CancelledError);
    };
    run_virtually(body());
    EXPECT_EQ(clock_.now(), TimePoint(0s));
}

TEST_F(Cancellation, OfAWaiterCancelsTheWorkAndWaitsForItsEnd) {
    const auto works = [](Log& log) -> Task<void> {
        const auto clean_up = [&]() -> Task<void> {
            co_await sleep(1s);
            log.push_back("work cleaned up");
        };
        co_await finally(sleep(1h), clean_up);
    };
    const auto waits = [](Future<void> work, Log& log) -> Task<void> {
        try {
            co_await work;
        } catch (const CancelledError& cancelled) {
            log.push_back("waiter: " + cancelled.reason());
            throw;
        }
    };
    const auto body = [&](Log& log) -> Task<void> {
        const Future<void> work = create_task(works(log));
        const Future<void> waiter = create_task(waits(work, log));
        const Future<void> other_waiter = create_task(waits(work, log));
        co_await sleep(1s);
        waiter.cancel("one of two");
        EXPECT_THROW(co_await waiter, CancelledError);
        EXPECT_THROW(co_await other_waiter, CancelledError);
        EXPECT_TRUE(work.cancelled());
    };
    Log log;
    run_virtually(body(log));
    EXPECT_EQ(log, (Log{"work cleaned up", "waiter: one of two", "waiter: one of two"}));
    EXPECT_EQ(clock_.now(), TimePoint(2s));
}

TEST_F(Cancellation, OfAWaiterGivesTheResultOfWorkThatCompletesInSpiteOfIt) {
    const auto stubborn = []() -> Task<int> {
        CancelScope scope(shielded);
        co_await sleep(5s);
        co_return 6;
    };
    const auto waits = [](Future<int> work) -> Task<int> {
        const int& result = co_await work;
        co_return result;
    };
    const auto body = [&]() -> Task<void> {
        const Future<int> waiter = create_task(waits(create_task(stubborn())));
        co_await sleep(1s);
        waiter.cancel();
        const int result = co_await waiter;
        EXPECT_EQ(result, 6);
    };
    run_virtually(body());
}

TEST_F(Cancellation, CompletesAPromiseAtOnce) {
    const auto body = []() -> Task<void> {
        Promise<int> promise;
        const auto waits = [](Future<int> future) -> Task<void> { co_await std::move(future); };
        const Future<void> waiter = create_task(waits(promise.future()));
        co_await yield_now();
        waiter.cancel("not wanted");
        EXPECT_THROW(co_await waiter, CancelledError);
        EXPECT_TRUE(promise.future().cancelled());
        EXPECT_FALSE(promise.try_set_result(1));
    };
    run_virtually(body());
}

TEST_F(Cancellation, AWaitThatHasEndedIsNotTakenBack) {
    const auto waits = [](Future<int> future, Log& log) -> Task<void> {
        const int result = co_await std::move(future);
        log.push_back("got " + std::to_string(result));
        co_await yield_now();
        log.push_back("not reached");
    };
    const auto body = [&](Log& log) -> Task<void> {
        Promise<int> promise;
        const Future<void> waiter = create_task(waits(promise.future(), log));
        co_await yield_now();
        promise.set_result(5);  // the waiter is ready to run
        waiter.cancel();
        EXPECT_THROW(co_await waiter, CancelledError);
    };
    Log log;
    run_virtually(body(log));
    EXPECT_EQ(log, Log{"got 5"});
}

TEST_F(Cancellation, AnErrorDuringCancellationIsTheResult) {
    const test::ReportCapture reports;
    const auto fails = []() -> Task<void> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            throw std::runtime_error("cleaning up failed");
        }
    };
    const auto body = [&]() -> Task<void> {
        const Future<void> task = create_task(fails());
        (void)create_task(fails(), "unobserved");
        co_await yield_now();
        task.cancel();
        EXPECT_THROW(co_await task, std::runtime_error);
        EXPECT_FALSE(task.cancelled());
    };
    run_virtually(body());
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_NE(reports.text().find("unobserved ended"), std::string::npos) << reports.text();
}

TEST_F(Cancellation, OfAllTasksReachesEachAndRunsTheirCleanUp) {
    Log log;
    {
        EventLoop loop({.clock = &clock_});
        const auto cleans_up = [](Log& log, std::string name) -> Task<void> {
            const auto clean_up = [&]() -> Task<void> {
                co_await sleep(1s);
                co_await yield_now();
                log.push_back(name);
            };
            co_await finally(sleep(1h), clean_up);
        };
        const auto body = [&]() -> Task<void> {
            (void)create_task(cleans_up(log, "one"));
            (void)create_task(timeout(2h, cleans_up(log, "two")));
            (void)create_task(gather(cleans_up(log, "three"), cleans_up(log, "four")));
            co_await yield_now();
        };
        loop.run_until_complete(body());
        EXPECT_TRUE(log.empty());
    }
    EXPECT_EQ(log, (Log{"one", "two", "three", "four"}));
    EXPECT_EQ(clock_.now(), TimePoint(1s));
}

TEST_F(Cancellation, ReachesTheTasksOfALoopThatIsNotRunAgain) {
    const auto waits = [](Log& log) -> Task<void> {
        log.push_back("started");
        co_await sleep(1h);
        log.push_back("not reached");
    };
    Log log;
    Future<void> task;
    {
        EventLoop loop;
        loop.call_soon([&] {
            task = create_task(waits(log));
            loop.stop();
        });
        loop.run_forever();
        EXPECT_FALSE(task.done());
    }
    EXPECT_EQ(log, Log{"started"});
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(describe(task.exception()), "cancelled: the event loop is closing");
}

}  // namespace
}  // namespace hocket
