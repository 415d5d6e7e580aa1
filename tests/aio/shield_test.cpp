#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/futures/promise.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<std::string> text_after(Duration time, std::string text) {
    co_await sleep(time);
    co_return text;
}
Task<std::string> fails_after(Duration time) {
    co_await sleep(time);
    throw std::runtime_error("the work failed");
}

class ShieldTest : public ::testing::Test {
protected:
    void run_virtually(Task<void> task) { run(std::move(task), {.clock = &clock_}); }
    VirtualClock clock_;
};

TEST_F(ShieldTest, GivesTheResultOrTheException) {
    const auto body = []() -> Task<void> {
        const Future<std::string> work = create_task(text_after(1s, "result"));
        const std::string result = co_await shield(work);
        EXPECT_EQ(result, "result");
        EXPECT_EQ(work.result(), "result");  // copied: it is still wanted here
        const std::string own = co_await shield(text_after(1s, "own"));
        EXPECT_EQ(own, "own");
        EXPECT_THROW(co_await shield(fails_after(1s)), std::runtime_error);
        const Shield<std::string> named = shield(work);
        const std::string& reference = co_await named;
        EXPECT_EQ(&reference, &work.result());
    };
    run_virtually(body());
}

TEST_F(ShieldTest, MovesAResultThatCannotBeCopied) {
    const auto body = []() -> Task<void> {
        Promise<std::unique_ptr<int>> promise;
        promise.set_result(std::make_unique<int>(4));
        const std::unique_ptr<int> result = co_await shield(promise.future());
        EXPECT_EQ(*result, 4);
    };
    run_virtually(body());
}

TEST_F(ShieldTest, WhenTheCallerIsCancelledTheWorkGoesOn) {
    const auto body = []() -> Task<void> {
        const Future<std::string> work = create_task(text_after(1h, "done"));
        const auto waits = [](Future<std::string> work) -> Task<std::string> {
            std::string result = co_await shield(work);
            co_return result;
        };
        const Future<std::string> waiter = create_task(waits(work));
        co_await sleep(1s);
        waiter.cancel("the caller");
        std::string reason;
        try {
            co_await waiter;
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "the caller");
        EXPECT_EQ(EventLoop::current().time(), TimePoint(1s));  // at once
        const std::string& result = co_await work;
        EXPECT_EQ(result, "done");
    };
    run_virtually(body());
    EXPECT_EQ(clock_.now(), TimePoint(1h));
}

TEST_F(ShieldTest, InACancelledScopeThrowsUnlessTheResultIsThere) {
    const auto body = []() -> Task<void> {
        const Future<std::string> work = create_task(text_after(1s, "done"));
        CancelScope scope;
        scope.cancel();
        EXPECT_THROW(co_await shield(work), CancelledError);
        EXPECT_FALSE(work.done());
        {
            CancelScope wait(shielded);
            co_await shield(work);
        }
        const std::string result = co_await shield(work);  // does not wait
        EXPECT_EQ(result, "done");
    };
    run_virtually(body());
}

TEST_F(ShieldTest, IsCancelledWithTheWork) {
    const auto body = []() -> Task<void> {
        const Future<std::string> work = create_task(text_after(1h, "done"));
        work.cancel("the work");
        std::string reason;
        try {
            co_await shield(work);
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
        EXPECT_EQ(reason, "the work");
        co_await yield_now();  // the caller is not cancelled
    };
    run_virtually(body());
}

TEST_F(ShieldTest, AnErrorThatComesAfterTheCallerHasLeftIsReported) {
    const test::ReportCapture reports;
    const auto body = []() -> Task<void> {
        EXPECT_THROW(co_await timeout(1s, shield(fails_after(2s))), TimeoutError);
        co_await sleep(5s);
    };
    run_virtually(body());
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_NE(reports.text().find("the work failed"), std::string::npos) << reports.text();
}

}  // namespace
}  // namespace hocket
