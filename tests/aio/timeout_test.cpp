#include "hocket/aio/timeout.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "aio/small_tasks.hpp"
#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/futures/promise.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

using test::number;
using test::number_after;
// Sleeps for an hour; when that is cancelled, cleans up for `time`.
Task<void> cleans_up_for(Duration time) {
    const auto clean_up = [=] { return sleep(time); };
    co_await finally(sleep(1h), clean_up);
}
// The message of the TimeoutError that `work` ends by; "none" without one.
Task<std::string> timeout_of(Task<void> work) {
    std::string message = "none";
    try {
        co_await std::move(work);
    } catch (const TimeoutError& error) {
        message = error.what();
    }
    co_return message;
}
std::string limit_text(const char* seconds) {
    return std::string("hocket: the time limit of ") + seconds + " s ran out";
}

class Timeout : public ::testing::Test {
protected:
    template <class T>
    T run_virtually(Task<T> task) {
        return run(std::move(task), {.clock = &clock_});
    }
    VirtualClock clock_;
};

TEST_F(Timeout, GivesTheResultThatComesInTime) {
    EXPECT_EQ(run_virtually(timeout(2h, number_after(1h, 5))), 5);
    EXPECT_EQ(clock_.now(), TimePoint(1h));
    EXPECT_EQ(run_virtually(timeout(1ns, number(6))), 6);
}

TEST_F(Timeout, CancelsTheWorkAndWaitsForItsEnd) {
    EXPECT_EQ(run_virtually(timeout_of(timeout(5ms, cleans_up_for(1min)))), limit_text("0.005"));
    EXPECT_EQ(clock_.now(), TimePoint(1min + 5ms));
}

TEST_F(Timeout, TakesAnyAwaitableAndGivesAnyResult) {
    const auto body = []() -> Task<void> {
        EXPECT_THROW(co_await timeout(1s, sleep(2s)), TimeoutError);
        Promise<std::unique_ptr<int>> promise;
        promise.set_result(std::make_unique<int>(5));
        const std::unique_ptr<int> moved = co_await timeout(1s, promise.future());
        EXPECT_EQ(*moved, 5);
        const auto refers = [](int& place) -> Task<int&> { co_return place; };
        int place = 0;
        int& reference = co_await timeout(1s, refers(place));
        EXPECT_EQ(&reference, &place);
    };
    run_virtually(body());
}

TEST_F(Timeout, PassesOnTheExceptionOfTheWork) {
    const auto fails = []() -> Task<void> {
        co_await sleep(1s);
        throw std::out_of_range("failed in time");
    };
    EXPECT_THROW(run_virtually(timeout(2s, fails())), std::out_of_range);
    const auto fails_to_stop = []() -> Task<void> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            throw std::out_of_range("failed when cancelled");
        }
    };
    EXPECT_THROW(run_virtually(timeout(1s, fails_to_stop())), std::out_of_range);
}

TEST_F(Timeout, GivesTheResultOfWorkThatCompletesInSpiteOfIt) {
    const auto stubborn = []() -> Task<int> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
        }
        co_return 7;
    };
    EXPECT_EQ(run_virtually(timeout(1s, stubborn())), 7);
    EXPECT_EQ(clock_.now(), TimePoint(1s));
}

TEST_F(Timeout, CountsFromWhenItIsAwaited) {
    const auto body = []() -> Task<int> {
        Task<int> limited = timeout(2s, number_after(1s, 1));
        co_await sleep(1h);
        const int result = co_await std::move(limited);
        co_return result;
    };
    EXPECT_EQ(run_virtually(body()), 1);
}

TEST_F(Timeout, ComesAtTheSameStepUnderAVirtualClockHoweverLongStepsTake) {
    const auto yields = [](Duration busy, int& steps) -> Task<void> {
        for (;;) {
            const auto until = std::chrono::steady_clock::now() + busy;
            while (std::chrono::steady_clock::now() < until) {
            }
            co_await yield_now();
            ++steps;
        }
    };
    const auto body = [yields](Duration busy) -> Task<int> {
        int steps = 0;
        EXPECT_THROW(co_await timeout(0s, gather(yields(busy, steps), yields(busy, steps))), TimeoutError);
        co_return steps;
    };
    EXPECT_EQ(run_virtually(body(0s)), run_virtually(body(30us)));
}

TEST_F(Timeout, LeavesNothingBehind) {
    const auto body = []() -> Task<void> {
        EXPECT_THROW(co_await timeout(1s, sleep(2s)), TimeoutError);
        co_await sleep(1h);  // not cancelled
        for (int i = 0; i < 10'000; ++i) {
            const int result = co_await timeout(1h, number(i));
            EXPECT_EQ(result, i);
        }
        EXPECT_EQ(EventLoop::current().timers().size(), 0u);
    };
    run_virtually(body());
    EXPECT_EQ(clock_.now(), TimePoint(1s + 1h));
}

TEST_F(Timeout, WithoutTimeCancelsTheFirstWait) {
    for (const Duration limit : {Duration(0), Duration(-1), Duration(-1h), Duration::min()}) {
        EXPECT_EQ(run(timeout(limit, number(1))), 1);  // which needs no time
        EXPECT_THROW(run(timeout(limit, sleep(1h))), TimeoutError);
        EXPECT_THROW(run_virtually(timeout(limit, sleep(1h))), TimeoutError);
    }
    EXPECT_THROW(run(timeout(std::chrono::hours::min(), sleep(1h))), TimeoutError);
    EXPECT_EQ(clock_.now(), TimePoint(0s));
}

TEST_F(Timeout, MayBeForEver) {
    EXPECT_EQ(run_virtually(timeout(std::chrono::hours::max(), number_after(1'000'000h, 1))), 1);
    EXPECT_EQ(run_virtually(timeout(Duration::max(), number_after(1h, 2))), 2);
    EXPECT_EQ(run_virtually(timeout(std::chrono::duration<double>(1e300), number_after(1h, 3))), 3);
    EXPECT_EQ(run(timeout(std::chrono::hours::max(), number_after(1ns, 4))), 4);
}

TEST_F(Timeout, TakesFractionsAndRefusesWhatIsNotANumber) {
    EXPECT_EQ(run_virtually(timeout_of(timeout(std::chrono::duration<double>(0.25), cleans_up_for(0s)))),
              limit_text("0.25"));
    const std::chrono::duration<double> nan(std::numeric_limits<double>::quiet_NaN());
    EXPECT_THROW(run_virtually(timeout(nan, number(1))), std::invalid_argument);
}

TEST_F(Timeout, OfTwoTheInnerOneThatFiresIsCaughtInside) {
    const auto inner = []() -> Task<void> {
        const std::string message = co_await timeout_of(timeout(1s, cleans_up_for(1s)));
        EXPECT_EQ(message, limit_text("1"));
        co_await sleep(1s);  // the outer limit is not touched
    };
    EXPECT_EQ(run_virtually(timeout_of(timeout(4s, inner()))), "none");
    EXPECT_EQ(clock_.now(), TimePoint(3s));
}

TEST_F(Timeout, OfTwoTheOuterOneThatFiresPassesTheInner) {
    const auto inner = []() -> Task<void> {
        bool cancelled = false;
        try {
            co_await timeout(3s, cleans_up_for(1s));
        } catch (const CancelledError&) {
            cancelled = true;
            throw;
        } catch (const TimeoutError&) {
            ADD_FAILURE() << "the inner limit has not run out";
        }
        EXPECT_TRUE(cancelled);
    };
    EXPECT_EQ(run_virtually(timeout_of(timeout(2s, inner()))), limit_text("2"));
    EXPECT_EQ(clock_.now(), TimePoint(3s));
}

TEST_F(Timeout, OfTwoThatFireTheOuterOneCounts) {
    // Also when the inner one was first, or they fire at once: the work around the inner one is to end, too.
    EXPECT_EQ(run_virtually(timeout_of(timeout(2s, timeout(1s, cleans_up_for(2s))))), limit_text("2"));
    EXPECT_EQ(run_virtually(timeout_of(timeout(2s, timeout(2s, cleans_up_for(0s))))), limit_text("2"));
    EXPECT_EQ(run_virtually(timeout_of(timeout(2s, timeout(3s, cleans_up_for(2s))))), limit_text("2"));
}

TEST_F(Timeout, InACancelledTaskIsNotBlamed) {
    const auto body = [](Duration limit) -> Task<void> {
        const Future<void> task = create_task(timeout(limit, cleans_up_for(2s)));
        co_await sleep(1s);
        task.cancel("by hand");
        std::string reason;
        try {
            co_await task;
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "by hand");
    };
    run_virtually(body(2s));  // the limit runs out during the clean-up
    run_virtually(body(5s));
    const auto in_cancelled_scope = []() -> Task<void> {
        CancelScope scope;
        scope.cancel();
        EXPECT_THROW(co_await timeout(0s, sleep(1s)), CancelledError);
        const int result = co_await timeout(1s, number(1));  // which does not wait
        EXPECT_EQ(result, 1);
    };
    run_virtually(in_cancelled_scope());
}

TEST_F(Timeout, DoesNotTakeAForeignCancelledErrorForItsOwn) {
    const auto body = []() -> Task<void> {
        Promise<int> promise;
        promise.future().cancel("foreign");
        EXPECT_THROW(co_await timeout(1s, promise.future()), CancelledError);
    };
    run_virtually(body());
}

TEST_F(Timeout, CancelsAFutureButNotAShieldedOne) {
    const auto body = []() -> Task<void> {
        const Future<int> work = create_task(number_after(1h, 1));
        EXPECT_THROW(co_await timeout(1s, work), TimeoutError);
        EXPECT_TRUE(work.cancelled());
        const Future<int> shielded_work = create_task(number_after(1h, 2));
        EXPECT_THROW(co_await timeout(1s, shield(shielded_work)), TimeoutError);
        EXPECT_FALSE(shielded_work.done());
        const int result = co_await shielded_work;
        EXPECT_EQ(result, 2);
    };
    run_virtually(body());
}

TEST_F(Timeout, LimitsAGather) {
    const auto body = []() -> Task<void> {
        EXPECT_THROW(co_await timeout(1s, gather(cleans_up_for(1s), cleans_up_for(2s))), TimeoutError);
    };
    run_virtually(body());
    EXPECT_EQ(clock_.now(), TimePoint(3s));
}

TEST_F(Timeout, DoesNotReachIntoAShieldedScope) {
    const auto shielded_work = []() -> Task<int> {
        CancelScope scope(shielded);
        co_await sleep(5s);
        EXPECT_THROW(co_await timeout(1s, sleep(1h)), TimeoutError);  // but limits inside work
        co_return 1;
    };
    EXPECT_EQ(run_virtually(timeout(1s, shielded_work())), 1);
    EXPECT_EQ(clock_.now(), TimePoint(6s));
}

TEST(TimeoutAt, SeveralStepsMayShareADeadline) {
    const auto body = []() -> Task<void> {
        const TimePoint deadline = EventLoop::current().time() + 3s;
        co_await timeout_at(deadline, sleep(2s));
        bool timed_out = false;
        try {
            co_await timeout_at(deadline, sleep(2s));
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_EQ(EventLoop::current().time(), deadline);
    };
    VirtualClock clock;
    run(body(), {.clock = &clock});
}

}  // namespace
}  // namespace hocket
