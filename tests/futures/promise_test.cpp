#include "hocket/futures/promise.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "report_capture.hpp"

namespace hocket {
namespace {

std::exception_ptr error(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

TEST(Promise, GivesItsResultOnce) {
    Promise<int> promise;
    EXPECT_TRUE(promise.try_set_result(1));
    EXPECT_FALSE(promise.try_set_result(2));
    EXPECT_THROW(promise.set_result(3), InvalidStateError);
    EXPECT_THROW(promise.set_exception(error("late")), InvalidStateError);
    EXPECT_EQ(promise.future().result(), 1);
}

TEST(Promise, BuildsItsResultInPlace) {
    Promise<std::pair<std::string, int>> promise;
    promise.set_result("text", 4);
    EXPECT_EQ(promise.future().result(), std::pair(std::string("text"), 4));
}

TEST(Promise, GivesTheExceptionThatItsResultThrew) {
    class NoCopy {
    public:
        NoCopy() = default;
        NoCopy(const NoCopy&) { throw std::runtime_error("copying failed"); }
    };
    Promise<NoCopy> promise;
    const Future<NoCopy> future = promise.future();
    const NoCopy value;
    EXPECT_TRUE(promise.try_set_result(value));
    EXPECT_EQ(describe(future.exception()), "copying failed");
}

TEST(Promise, IsBrokenWhenItIsDroppedWithoutAResult) {
    Future<int> future;
    {
        Promise<int> promise;
        future = promise.future();
    }
    EXPECT_TRUE(future.done());
    EXPECT_FALSE(future.cancelled());
    try {
        future.result();
        FAIL();
    } catch (const InvalidStateError& broken) {
        EXPECT_NE(std::string(broken.what()).find("broken promise"), std::string::npos) << broken.what();
    }
}

TEST(Promise, IsBrokenWhenItIsReplacedWithoutAResult) {
    Promise<int> promise;
    const Future<int> first = promise.future();
    Promise<int> next;
    const Future<int> second = next.future();
    promise = std::move(next);
    EXPECT_TRUE(first.done());
    EXPECT_FALSE(second.done());
    EXPECT_THROW(first.result(), InvalidStateError);
    Promise<int>& same = promise;
    promise = std::move(same);
    EXPECT_FALSE(second.done());
    promise.set_result(2);
    EXPECT_EQ(second.result(), 2);
}

TEST(Promise, IsEmptyAfterAMove) {
    Promise<int> promise;
    const Future<int> future = promise.future();
    Promise<int> moved = std::move(promise);
    EXPECT_FALSE(future.done());
    EXPECT_THROW(promise.set_result(1), InvalidStateError);
    EXPECT_THROW(promise.set_exception(error("bad")), InvalidStateError);
    EXPECT_THROW(promise.future(), InvalidStateError);
    moved.set_result(1);
    EXPECT_EQ(future.result(), 1);
}

TEST(Promise, ReportsAnExceptionThatNobodyLookedAtOnce) {
    const test::ReportCapture reports;
    {
        std::optional<Promise<int>> promise(std::in_place);
        std::optional<Future<int>> first = promise->future();
        std::optional<Future<int>> second = first;
        promise->set_exception(error("what went wrong"));
        promise.reset();
        first.reset();
        EXPECT_EQ(reports.count(), 0u);  // somebody can still look
        second.reset();
        EXPECT_EQ(reports.count(), 1u);
    }
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_EQ(reports.kind(0), ReportKind::lost_exception);
    EXPECT_NE(reports.text().find("what went wrong"), std::string::npos) << reports.text();
}

TEST(Promise, ReportsNothingThatSomebodyLookedAt) {
    const test::ReportCapture reports;
    using Look = void (*)(Future<int>);
    const Look looks[] = {
        [](Future<int> future) { EXPECT_THROW(future.result(), std::runtime_error); },
        [](Future<int> future) { EXPECT_THROW(std::move(future).result(), std::runtime_error); },
        [](Future<int> future) { EXPECT_THROW(future.result_for(std::chrono::seconds(1)), std::runtime_error); },
        [](Future<int> future) { EXPECT_NE(future.exception(), nullptr); },
    };
    for (const Look look : looks) {
        Promise<int> promise;
        promise.set_exception(error("seen"));
        look(promise.future());
    }
    EXPECT_EQ(reports.text(), "");
}

TEST(Promise, ReportsNeitherValuesNorCancellationNorWhatNobodyCouldAwait) {
    const test::ReportCapture reports;
    {
        Promise<int> value, cancelled, unused;
        value.set_result(1);
        cancelled.future().cancel();
    }
    EXPECT_EQ(reports.text(), "");
}

TEST(Promise, ReportsABrokenPromiseThatNobodyLookedAt) {
    const test::ReportCapture reports;
    Future<int> future = Promise<int>().future();
    EXPECT_EQ(reports.count(), 0u);
    future = {};
    EXPECT_EQ(reports.count(), 1u);
}

}  // namespace
}  // namespace hocket
