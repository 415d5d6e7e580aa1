// What add_done_callback() calls, when, and where.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../report_capture.hpp"
#include "hocket/futures.hpp"

namespace hocket {
namespace {

TEST(DoneCallback, RunsOnTheThreadThatSetsTheResult) {
    Promise<int> promise;
    std::thread::id where;
    int seen = 0;
    promise.future().add_done_callback([&](Future<int>& future) {
        where = std::this_thread::get_id();
        seen = future.result();
    });
    EXPECT_EQ(seen, 0);
    std::thread setter([&] { promise.set_result(5); });
    const auto setters_id = setter.get_id();
    setter.join();
    EXPECT_EQ(seen, 5);
    EXPECT_EQ(where, setters_id);
}

TEST(DoneCallback, RunsAtOnceIfTheResultIsThere) {
    Promise<int> promise;
    promise.set_result(5);
    std::thread::id where;
    promise.future().add_done_callback([&](Future<int>&) { where = std::this_thread::get_id(); });
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(DoneCallback, RunsInOrderAndForCancellationToo) {
    Promise<void> promise;
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) {
        promise.future().add_done_callback([&order, i](Future<void>& future) {
            EXPECT_TRUE(future.cancelled());
            order.push_back(i);
        });
    }
    promise.future().cancel();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(DoneCallback, ThatThrowsIsReportedAndHurtsNobody) {
    test::ReportCapture reports;
    Promise<int> promise;
    int called = 0;
    promise.future().add_done_callback([](Future<int>&) { throw std::runtime_error("out of order"); });
    promise.future().add_done_callback([](Future<int>&) { throw CancelledError(); });
    promise.future().add_done_callback([&](Future<int>&) { ++called; });
    EXPECT_NO_THROW(promise.set_result(1));
    EXPECT_EQ(called, 1);
    EXPECT_EQ(promise.future().result(), 1);
    ASSERT_EQ(reports.count(), 2u);
    EXPECT_NE(reports.text().find("out of order"), std::string::npos);
}

TEST(DoneCallback, KeepsTheResultUntilItHasRunAndNoLonger) {
    Promise<std::shared_ptr<int>> promise;
    std::weak_ptr<int> watched;
    int seen = 0;
    promise.future().add_done_callback([&](Future<std::shared_ptr<int>>& future) { seen = *future.result(); });
    {
        auto value = std::make_shared<int>(3);
        watched = value;
        Promise<std::shared_ptr<int>> setter = std::move(promise);
        setter.set_result(std::move(value));
    }
    EXPECT_EQ(seen, 3);
    EXPECT_TRUE(watched.expired());
}

TEST(DoneCallback, HearsOfABrokenPromise) {
    std::string text;
    {
        Promise<int> promise;
        promise.future().add_done_callback([&](Future<int>& future) { text = describe(future.exception()); });
    }
    EXPECT_NE(text.find("broken promise"), std::string::npos);
}

TEST(DoneCallback, ThatWaitsDoesNotHoldUpThoseWhoWaitForTheResult) {
    Promise<int> promise;
    std::atomic<bool> waiter_went_on = false;
    std::thread waiter([&, future = promise.future()] {
        EXPECT_EQ(future.result(), 1);
        waiter_went_on = true;
        waiter_went_on.notify_all();
    });
    promise.future().add_done_callback([&](Future<int>&) { waiter_went_on.wait(false); });
    promise.set_result(1);
    waiter.join();
}

}  // namespace
}  // namespace hocket
