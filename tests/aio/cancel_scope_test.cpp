#include "hocket/aio/cancel_scope.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/virtual_clock.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TimePoint now() { return EventLoop::current().time(); }

// Sleeps until that is cancelled; gives the time when, and the reason in `reason`.
Task<TimePoint> cancelled_at(std::string& reason) {
    try {
        co_await sleep(1000h);
        ADD_FAILURE() << "was not cancelled";
    } catch (const CancelledError& cancelled) {
        reason = cancelled.reason();
    }
    co_return now();
}
Task<TimePoint> cancelled_at() {
    std::string reason;
    const TimePoint time = co_await cancelled_at(reason);
    co_return time;
}

class CancelScopeTest : public ::testing::Test {
protected:
    void run_virtually(Task<void> task) { run(std::move(task), {.clock = &clock_}); }
    VirtualClock clock_;
};

TEST_F(CancelScopeTest, CanOnlyBeOpenedInsideATask) {
    EXPECT_THROW(CancelScope(), InvalidStateError);
    EventLoop loop;
    loop.call_soon([&] {
        EXPECT_THROW(CancelScope(), InvalidStateError);
        loop.stop();
    });
    loop.run_forever();
}

TEST_F(CancelScopeTest, CancelsEachWaitInsideAndNoneOutside) {
    const auto body = []() -> Task<void> {
        {
            CancelScope scope;
            EXPECT_FALSE(scope.cancelled());
            co_await sleep(1s);
            scope.cancel("enough");
            EXPECT_TRUE(scope.cancelled());
            EXPECT_FALSE(scope.timed_out());
            EXPECT_TRUE(scope.owns_cancellation());
            std::string reason;
            for (int i = 0; i < 3; ++i) {
                co_await cancelled_at(reason);
                EXPECT_EQ(reason, "enough");
            }
            EXPECT_THROW(co_await yield_now(), CancelledError);
            EXPECT_THROW(co_await sleep(0s), CancelledError);
        }
        co_await sleep(1s);
        co_await yield_now();
        EXPECT_EQ(now(), TimePoint(2s));
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, CancelsAtItsDeadline) {
    const auto body = []() -> Task<void> {
        CancelScope scope;
        scope.set_deadline(now() + 5s);
        co_await sleep(4s);
        EXPECT_FALSE(scope.cancelled());
        std::string reason;
        const TimePoint time = co_await cancelled_at(reason);
        EXPECT_EQ(time, TimePoint(5s));
        EXPECT_EQ(reason, "the time limit ran out");
        EXPECT_TRUE(scope.cancelled());
        EXPECT_TRUE(scope.timed_out());
        EXPECT_TRUE(scope.owns_cancellation());
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, ItsDeadlineMovesForthAndBack) {
    const auto body = []() -> Task<void> {
        const TimePoint start = now();
        {
            CancelScope scope;
            scope.set_deadline(start + 2s);
            scope.set_deadline(start + 8s);  // later, after it was armed
            scope.set_deadline(start + 6s);
            co_await sleep(5s);
            scope.set_deadline(start + 7s);
            const TimePoint time = co_await cancelled_at();
            EXPECT_EQ(time, start + 7s);
        }
        {
            CancelScope scope;
            scope.set_deadline(start + 20s);
            scope.set_deadline(start + 10s);  // earlier
            const TimePoint time = co_await cancelled_at();
            EXPECT_EQ(time, start + 10s);
        }
        {
            CancelScope scope;
            scope.set_deadline(start + 11s);
            scope.set_deadline(kNever);
            co_await sleep(10s);
            EXPECT_FALSE(scope.cancelled());
            scope.set_deadline(start + 21s);  // again, after the timer has fired in vain
            const TimePoint time = co_await cancelled_at();
            EXPECT_EQ(time, start + 21s);
        }
        EXPECT_EQ(EventLoop::current().timers().size(), 0u);
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, ADeadlineInThePastCancelsTheNextWait) {
    const auto body = []() -> Task<void> {
        co_await sleep(1h);
        for (const TimePoint deadline : {now(), TimePoint(1s), TimePoint(-1s), TimePoint::min()}) {
            CancelScope scope;
            scope.set_deadline(deadline);
            const TimePoint time = co_await cancelled_at();
            EXPECT_EQ(time, TimePoint(1h));
            EXPECT_TRUE(scope.timed_out());
        }
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, DidNotTimeOutWhenItWasCancelledBefore) {
    const auto body = []() -> Task<void> {
        CancelScope scope;
        scope.set_deadline(now() + 1s);
        scope.cancel("by hand");
        {
            CancelScope clean_up(shielded);
            co_await sleep(5s);
        }
        EXPECT_FALSE(scope.timed_out());
        std::string reason;
        co_await cancelled_at(reason);
        EXPECT_EQ(reason, "by hand");
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, IsCancelledByTheScopesAroundIt) {
    const auto body = []() -> Task<void> {
        CancelScope outer;
        {
            CancelScope inner;
            outer.cancel("outer");
            EXPECT_FALSE(inner.cancelled());
            EXPECT_FALSE(inner.owns_cancellation());
            std::string reason;
            co_await cancelled_at(reason);
            EXPECT_EQ(reason, "outer");
            inner.cancel("inner");
            EXPECT_TRUE(inner.cancelled());
            EXPECT_FALSE(inner.owns_cancellation());  // the outer one goes on with it
            EXPECT_TRUE(outer.owns_cancellation());
        }
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, AShieldKeepsOutTheScopesAroundIt) {
    const auto body = []() -> Task<void> {
        CancelScope outer;
        outer.cancel("outer");
        {
            CancelScope inner(shielded);
            co_await sleep(1s);
            inner.set_deadline(now() + 1s);  // it can be cancelled on its own
            const TimePoint time = co_await cancelled_at();
            EXPECT_EQ(time, TimePoint(2s));
        }
        EXPECT_THROW(co_await yield_now(), CancelledError);
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, IsCancelledByAnotherTask) {
    const auto body = []() -> Task<void> {
        CancelScope scope;
        const auto cancels = [](CancelScope& scope) -> Task<void> {
            co_await sleep(3s);
            scope.cancel();
        };
        (void)create_task(cancels(scope));
        const TimePoint time = co_await cancelled_at();
        EXPECT_EQ(time, TimePoint(3s));
    };
    run_virtually(body());
}

TEST_F(CancelScopeTest, DoesNotReachTasksThatAreNotInside) {
    const auto body = []() -> Task<void> {
        const auto sleeps = []() -> Task<int> {
            co_await sleep(5s);
            co_return 1;
        };
        CancelScope scope;
        const Future<int> beside = create_task(sleeps());
        scope.cancel();
        {
            CancelScope wait(shielded);
            const int result = co_await beside;
            EXPECT_EQ(result, 1);
        }
    };
    run_virtually(body());
}

}  // namespace
}  // namespace hocket
