// wait() and as_completed().
#include "hocket/futures/wait.hpp"
#include "hocket/sync/event.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "hocket/futures/promise.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

struct Promises {
    explicit Promises(std::size_t count) : promises(count) {
        for (auto& promise : promises) futures.push_back(promise.future());
    }
    std::vector<Promise<int>> promises;
    std::vector<Future<int>> futures;
};

std::exception_ptr error() { return std::make_exception_ptr(std::runtime_error("failed")); }

TEST(Wait, ReturnsAtOnceWithWhatIsDone) {
    Promises p(3);
    p.promises[1].set_result(1);
    const auto [done, pending] = wait(p.futures, FIRST_COMPLETED);
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(done[0].result(), 1);
    EXPECT_EQ(pending.size(), 2u);
    EXPECT_TRUE(wait(std::vector<Future<int>>()).done.empty());
    EXPECT_TRUE(wait(std::vector<Future<int>>(), FIRST_COMPLETED).done.empty());
}

TEST(Wait, TellsWhatIsPendingWhenTheTimeIsUp) {
    Promises p(2);
    p.promises[0].set_result(0);
    for (const ReturnWhen when : {ALL_COMPLETED, FIRST_EXCEPTION}) {
        const auto [done, pending] = wait(p.futures, when, 1ms);
        EXPECT_EQ(done.size(), 1u);
        EXPECT_EQ(pending.size(), 1u);
    }
    EXPECT_EQ(wait(std::vector{p.futures[1]}, FIRST_COMPLETED, 1ms).pending.size(), 1u);
    EXPECT_EQ(wait(p.futures, ALL_COMPLETED, -1h).pending.size(), 1u);
}

TEST(Wait, ForAllWaitsForAll) {
    Promises p(3);
    std::thread setter([&] {
        for (auto& promise : p.promises) promise.set_result(1);
    });
    const auto [done, pending] = wait(p.futures);
    EXPECT_EQ(done.size(), 3u);
    EXPECT_TRUE(pending.empty());
    setter.join();
}

TEST(Wait, ForTheFirstIsWokenByOne) {
    Promises p(3);
    std::thread setter([&] { p.promises[2].set_result(7); });
    const auto [done, pending] = wait(p.futures, FIRST_COMPLETED);
    setter.join();
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(done[0].result(), 7);
    EXPECT_EQ(pending.size(), 2u);
}

TEST(Wait, ForTheFirstExceptionIgnoresValuesAndCancellations) {
    Promises p(4);
    p.promises[0].set_result(1);
    p.futures[1].cancel();
    EXPECT_EQ(wait(p.futures, FIRST_EXCEPTION, 1ms).pending.size(), 2u);
    std::thread setter([&] { p.promises[3].set_exception(error()); });
    const auto [done, pending] = wait(p.futures, FIRST_EXCEPTION);
    setter.join();
    EXPECT_EQ(done.size(), 3u);
    EXPECT_EQ(pending.size(), 1u);
    EXPECT_THROW(done[2].result(), std::runtime_error);
}

TEST(Wait, TakesAFutureTwice) {
    Promises p(1);
    const std::vector<Future<int>> twice{p.futures[0], p.futures[0]};
    EXPECT_EQ(wait(twice, FIRST_COMPLETED, 1ms).pending.size(), 2u);
    p.promises[0].set_result(1);
    EXPECT_EQ(wait(twice, FIRST_EXCEPTION).done.size(), 2u);
}

TEST(Wait, IsCancelledWithItsThread) {
    Promises p(2);
    detail::ThreadCanceller canceller;
    canceller.cancel();
    detail::ThreadCanceller* before = detail::ThreadCanceller::install(&canceller);
    EXPECT_THROW((void)wait(p.futures, FIRST_COMPLETED), CancelledError);
    EXPECT_THROW((void)wait(p.futures), CancelledError);
    detail::ThreadCanceller::install(before);
    p.promises[0].set_result(1);  // finds no trace of the waits
}

TEST(AsCompleted, GivesFuturesInTheOrderOfTheirCompletion) {
    Promises p(4);
    p.promises[2].set_result(2);
    std::vector<int> order;
    std::thread setter;
    for (Future<int>& future : as_completed(p.futures)) {
        order.push_back(future.result());
        if (order.size() == 1) p.promises[3].set_result(3);
        if (order.size() == 2) {
            setter = std::thread([&] {
                p.promises[0].set_result(0);
                p.promises[1].set_result(1);
            });
        }
    }
    setter.join();
    EXPECT_EQ(order, (std::vector<int>{2, 3, 0, 1}));
}

TEST(AsCompleted, OfNothingIsEmpty) {
    for (Future<int>& future : as_completed(std::vector<Future<int>>())) FAIL() << future.valid();
}

TEST(AsCompleted, ThrowsWhenTheTimeIsUp) {
    Promises p(2);
    p.promises[1].set_result(1);
    std::size_t given = 0;
    EXPECT_THROW(
        {
            for (Future<int>& future : as_completed(p.futures, 5ms)) given += future.done();
        },
        TimeoutError);
    EXPECT_EQ(given, 1u);
}

TEST(Wait, IsNotHeldUpByACallbackThatWasThereBefore) {
    Promises p(2);
    Event called, go_on;
    p.futures[0].add_done_callback([&](Future<int>&) {
        called.set();
        go_on.wait();
    });
    std::thread setter([&] { p.promises[0].set_result(1); });
    const auto result = hocket::wait(p.futures, FIRST_COMPLETED);
    EXPECT_EQ(result.done.size(), 1u);
    called.wait();
    go_on.set();
    setter.join();
}

TEST(AsCompleted, MayBeAbandonedWhileFuturesComplete) {
    for (int round = 0; round < 200; ++round) {
        Promises p(8);
        std::thread setter([&] {
            for (auto& promise : p.promises) promise.set_result(round);
        });
        for (Future<int>& future : as_completed(p.futures)) {
            EXPECT_EQ(future.result(), round);
            break;
        }
        setter.join();
    }
}

}  // namespace
}  // namespace hocket
