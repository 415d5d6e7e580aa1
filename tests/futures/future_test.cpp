// Future and Promise as threads use them.
#include "hocket/futures/future.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/test_loop.hpp"
#include "hocket/futures/promise.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

std::exception_ptr error(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

TEST(Future, IsAHandleToNothingByDefault) {
    const Future<int> future;
    EXPECT_FALSE(future.valid());
    EXPECT_THROW(future.done(), InvalidStateError);
    EXPECT_THROW(future.result(), InvalidStateError);
    EXPECT_THROW(future.result_for(1h), InvalidStateError);
    EXPECT_THROW(future.cancel(), InvalidStateError);
    Promise<int> promise;
    Future<int> moved_from = promise.future();
    EXPECT_TRUE(moved_from.valid());
    const Future<int> moved_to = std::move(moved_from);
    EXPECT_FALSE(moved_from.valid());
    EXPECT_TRUE(moved_to.valid());
}

TEST(Future, BlocksThreadsUntilTheResultIsThere) {
    Promise<std::string> promise;
    const Future<std::string> future = promise.future();
    EXPECT_FALSE(future.done());
    std::latch waiting(4);
    std::vector<std::thread> threads;
    std::vector<const std::string*> results(4);
    for (auto& result : results) {
        threads.emplace_back([&waiting, &result, future] {
            waiting.count_down();
            result = &future.result();
        });
    }
    waiting.wait();
    promise.set_result("done");
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(future.done());
    EXPECT_FALSE(future.cancelled());
    EXPECT_EQ(future.result(), "done");
    for (const std::string* result : results) EXPECT_EQ(result, &future.result());  // one result, shared
}

TEST(Future, WaitsNoLongerThanTheLimit) {
    Promise<int> promise;
    const Future<int> future = promise.future();
    EXPECT_THROW(future.result_for(1ms), TimeoutError);
    EXPECT_THROW(future.result_for(0s), TimeoutError);
    EXPECT_THROW(future.result_for(-1h), TimeoutError);
    EXPECT_THROW(future.result_for(std::chrono::hours::min()), TimeoutError);
    EXPECT_THROW(promise.future().result_for(1us), TimeoutError);
    EXPECT_FALSE(future.done());  // the work goes on
    std::thread thread([&] { EXPECT_EQ(future.result_for(std::chrono::hours::max()), 5); });
    promise.set_result(5);
    thread.join();
    EXPECT_EQ(future.result_for(-1h), 5);  // it is there
}

TEST(Future, ThrowsTheExceptionEachTime) {
    Promise<int> promise;
    const Future<int> future = promise.future();
    promise.set_exception(error("failed"));
    EXPECT_TRUE(future.done());
    EXPECT_FALSE(future.cancelled());
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW(future.result(), std::runtime_error);
        EXPECT_THROW(future.result_for(1s), std::runtime_error);
        EXPECT_EQ(describe(future.exception()), "failed");
    }
    EXPECT_THROW(promise.future().result(), std::runtime_error);
}

TEST(Future, HasNoExceptionWhenItHasAValue) {
    Promise<void> promise;
    promise.set_result();
    EXPECT_EQ(promise.future().exception(), nullptr);
    EXPECT_NO_THROW(promise.future().result());
}

TEST(Future, CancellationCompletesAPromise) {
    Promise<int> promise;
    const Future<int> future = promise.future();
    std::latch waiting(1);
    std::string reason;
    std::thread thread([&] {
        waiting.count_down();
        try {
            future.result();
        } catch (const CancelledError& cancelled) {
            reason = cancelled.reason();
        }
    });
    waiting.wait();
    EXPECT_TRUE(future.cancel("no longer needed"));
    thread.join();
    EXPECT_EQ(reason, "no longer needed");
    EXPECT_TRUE(future.done());
    EXPECT_TRUE(future.cancelled());
    EXPECT_FALSE(future.cancel("again"));
    EXPECT_EQ(describe(future.exception()), "cancelled by thread 'MainThread': no longer needed");
    EXPECT_FALSE(promise.try_set_result(1));
    EXPECT_FALSE(promise.try_set_exception(error("late")));
    EXPECT_THROW(promise.set_result(1), InvalidStateError);
    EXPECT_THROW(promise.set_exception(error("late")), InvalidStateError);
}

TEST(Future, GivesItsExceptionWithinATimeLimit) {
    Promise<int> promise;
    const Future<int> future = promise.future();
    EXPECT_THROW((void)future.exception_for(1ms), TimeoutError);
    EXPECT_THROW((void)future.exception_until(std::chrono::system_clock::now()), TimeoutError);
    promise.set_exception(error("failed"));
    EXPECT_TRUE(future.exception_for(0ms));
    EXPECT_TRUE(future.exception_until(std::chrono::steady_clock::now()));
    Promise<int> other;
    other.set_result(1);
    EXPECT_FALSE(other.future().exception_for(1h));
}

TEST(Future, ReasonsAndNamesMayContainAnything) {
    Promise<void> promise;
    const Future<void> future = promise.future();
    const std::string why("a\0b\0", 4);
    const std::string before = detail::ThreadRecord::current().name();
    detail::ThreadRecord::current().set_name(std::string_view("x\0y", 3));
    future.cancel(why);
    detail::ThreadRecord::current().set_name(before);
    try {
        future.result();
        FAIL();
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), why);
        EXPECT_EQ(error.by(), "thread 'x?y'");
    }
}

TEST(Future, CannotBeCancelledWhenItIsDone) {
    Promise<int> promise;
    promise.set_result(1);
    EXPECT_FALSE(promise.future().cancel());
    EXPECT_EQ(promise.future().result(), 1);
}

TEST(Future, GivesReferencesIntoTheSharedResult) {
    Promise<std::unique_ptr<int>> promise;
    const Future<std::unique_ptr<int>> future = promise.future();
    promise.set_result(std::make_unique<int>(3));
    const std::unique_ptr<int>& result = future.result();
    EXPECT_EQ(*result, 3);
    EXPECT_EQ(&future.result(), &result);
    EXPECT_EQ(&future.result_for(1s), &result);
}

TEST(Future, MovesTheResultOutOfTheLastHandle) {
    const auto completed = [](std::string text) {
        Promise<std::string> promise;
        Future<std::string> future = promise.future();
        promise.set_result(std::move(text));
        return future;
    };
    const std::string text(1000, 'x');
    Future<std::string> last = completed(text);
    const char* characters = last.result().data();
    const std::string moved = std::move(last).result();
    EXPECT_EQ(moved.data(), characters);

    Future<std::string> limited = completed(text);
    characters = limited.result().data();
    EXPECT_EQ(std::move(limited).result_for(1s).data(), characters);

    Future<std::string> first = completed(text);
    const Future<std::string> second = first;
    EXPECT_EQ(std::move(first).result(), text);
    EXPECT_EQ(second.result(), text);  // copied, as it is still wanted here
}

TEST(Future, MovesWhatCannotBeCopied) {
    Promise<std::unique_ptr<int>> promise;
    Future<std::unique_ptr<int>> future = promise.future();
    promise.set_result(std::make_unique<int>(3));
    const std::unique_ptr<int> taken = promise.future().result();
    EXPECT_EQ(*taken, 3);
    EXPECT_EQ(future.result(), nullptr);
}

TEST(Future, HoldsReferencesAndOverAlignedValues) {
    int number = 4;
    Promise<int&> reference;
    reference.set_result(number);
    EXPECT_EQ(&reference.future().result(), &number);
    const Future<int&> handle = reference.future();
    EXPECT_EQ(&handle.result(), &number);

    class alignas(128) Wide {
    public:
        explicit Wide(int value) : value(value) {}
        int value;
    };
    Promise<Wide> wide;
    wide.set_result(5);
    const Future<Wide> wide_future = wide.future();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&wide_future.result()) % 128, 0u);
    EXPECT_EQ(wide_future.result().value, 5);
}

TEST(Future, ABlockedThreadCanBeCancelled) {
    Promise<int> promise;
    const Future<int> future = promise.future();
    detail::ThreadCanceller canceller;
    std::latch installed(1);
    std::thread thread([&] {
        detail::ThreadCanceller::install(&canceller);
        installed.count_down();
        EXPECT_THROW(future.result(), CancelledError);
        EXPECT_THROW(future.result_for(1h), CancelledError);
        detail::ThreadCanceller::install(nullptr);
    });
    installed.wait();
    canceller.cancel();
    thread.join();
    EXPECT_FALSE(future.done());  // the thread was cancelled, not the work
    promise.set_result(6);
    EXPECT_EQ(future.result(), 6);
}

TEST(Future, DoesNotBlockTheThreadOfALoop) {
    Promise<int> promise;
    const auto blocks = [](Promise<int>& promise) -> test::Job {
        const Future<int> future = promise.future();
        EXPECT_THROW(future.result(), DeadlockError);
        EXPECT_THROW(future.result_for(1ns), DeadlockError);
        EXPECT_THROW(future.exception(), DeadlockError);
        promise.set_result(7);
        EXPECT_EQ(future.result(), 7);  // no need to block
        co_return;
    };
    test::TestLoop loop;
    loop.spawn(blocks(promise));
    loop.run();
    EXPECT_TRUE(promise.future().done());
}

}  // namespace
}  // namespace hocket
