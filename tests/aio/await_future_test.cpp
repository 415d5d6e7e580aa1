// Futures as coroutines use them; future_test.cpp has the threads' side.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/futures/promise.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(AwaitFuture, GivesAReferenceFromANamedOneAndTheValueFromATemporary) {
    const auto body = []() -> Task<void> {
        Promise<std::string> promise;
        const Future<std::string> named = promise.future();
        promise.set_result(std::string(100, 'x'));
        const std::string& reference = co_await named;
        EXPECT_EQ(&reference, &named.result());
        const std::string copy = co_await promise.future();
        EXPECT_EQ(copy, reference);
        EXPECT_NE(copy.data(), reference.data());

        const auto text = []() -> Task<std::string> { co_return std::string(100, 'y'); };
        Future<std::string> last = create_task(text());
        co_await yield_now();
        const char* characters = last.result().data();
        const std::string moved = co_await std::move(last);
        EXPECT_EQ(moved.data(), characters);
        EXPECT_FALSE(last.valid());
        EXPECT_THROW(co_await last, InvalidStateError);
        EXPECT_THROW(co_await Future<int>(), InvalidStateError);
    };
    run(body());
}

TEST(AwaitFuture, SeveralTasksAwaitTheSameResult) {
    const auto waits = [](Future<std::unique_ptr<int>> future) -> Task<const std::unique_ptr<int>*> {
        const std::unique_ptr<int>& result = co_await future;
        co_return &result;
    };
    const auto body = [waits]() -> Task<void> {
        Promise<std::unique_ptr<int>> promise;
        const Future<const std::unique_ptr<int>*> one = create_task(waits(promise.future()));
        const Future<const std::unique_ptr<int>*> two = create_task(waits(promise.future()));
        co_await yield_now();
        EXPECT_FALSE(one.done());
        promise.set_result(std::make_unique<int>(3));
        const auto results = co_await gather(one, two);
        EXPECT_EQ(std::get<0>(results), std::get<1>(results));
        EXPECT_EQ(**std::get<0>(results), 3);
    };
    run(body());
}

TEST(AwaitFuture, ThrowsTheExceptionToEachWhoAwaits) {
    const auto body = []() -> Task<void> {
        Promise<int> promise;
        const Future<int> future = promise.future();
        promise.set_exception(std::make_exception_ptr(std::runtime_error("failed")));
        EXPECT_THROW(co_await future, std::runtime_error);
        EXPECT_THROW(co_await future, std::runtime_error);
        EXPECT_THROW(co_await promise.future(), std::runtime_error);
    };
    run(body());
}

TEST(AwaitFuture, GivesReferencesAndNothing) {
    const auto body = []() -> Task<void> {
        int place = 0;
        Promise<int&> promise;
        promise.set_result(place);
        int& moved = co_await promise.future();
        EXPECT_EQ(&moved, &place);
        const Future<int&> named = promise.future();
        int& reference = co_await named;
        EXPECT_EQ(&reference, &place);
        Promise<void> nothing;
        nothing.set_result();
        co_await nothing.future();
        const Future<void> named_nothing = nothing.future();
        co_await named_nothing;
    };
    run(body());
}

TEST(AwaitFuture, WakesItsWaitersInTheirOrder) {
    const auto waits = [](Future<void> future, std::vector<int>& log, int number) -> Task<void> {
        co_await future;
        log.push_back(number);
    };
    const auto body = [waits](std::vector<int>& log) -> Task<void> {
        Promise<void> promise;
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 5; ++i) tasks.push_back(waits(promise.future(), log, i));
        const Future<void> all = create_task(gather(std::move(tasks)));
        co_await yield_now();
        co_await yield_now();
        promise.set_result();
        co_await all;
    };
    std::vector<int> log;
    run(body(log));
    EXPECT_EQ(log, (std::vector{0, 1, 2, 3, 4}));
}

TEST(AwaitFuture, AThreadCompletesWhatATaskAwaits) {
    Promise<std::string> promise;
    const auto body = [](Promise<std::string>& promise) -> Task<std::string> {
        std::thread completes([&] { promise.set_result("from a thread"); });
        std::string result = co_await promise.future();
        completes.join();
        co_return result;
    };
    EXPECT_EQ(run(body(promise)), "from a thread");
}

TEST(AwaitFuture, BlockingOnALoopsOwnWorkIsToldToBeADeadlock) {
    const auto body = []() -> Task<void> {
        const Future<void> work = create_task([]() -> Task<void> { co_await yield_now(); }());
        EXPECT_THROW(work.result(), DeadlockError);
        EXPECT_THROW(work.result_for(1h), DeadlockError);
        EXPECT_THROW((void)work.exception(), DeadlockError);
        co_await work;
        EXPECT_NO_THROW(work.result());
    };
    run(body());
    EventLoop loop;
    Promise<void> promise;
    loop.call_soon([&] {
        EXPECT_THROW(promise.future().result(), DeadlockError);
        loop.stop();
    });
    loop.run_forever();
}

// Two loops in two threads hand a turn to and fro by futures of the other's making.
TEST(AwaitFutureStress, TwoLoopsPlayPingPong) {
    constexpr int kRounds = 500;
    using Promises = std::vector<Promise<std::unique_ptr<int>>>;
    const auto plays = [](Promises& mine, const std::vector<Future<std::unique_ptr<int>>>& theirs,
                          bool serves) -> Task<int> {
        int received = 0;
        for (int round = 0; round < kRounds; ++round) {
            if (serves) mine[round].set_result(std::make_unique<int>(round));
            const std::unique_ptr<int>& turn = co_await theirs[round];
            received += *turn == round;
            if (!serves) mine[round].set_result(std::make_unique<int>(round));
        }
        co_return received;
    };
    const test::StressTime time;
    do {
        Promises ping(kRounds), pong(kRounds);
        std::vector<Future<std::unique_ptr<int>>> pings, pongs;
        for (const auto& promise : ping) pings.push_back(promise.future());
        for (const auto& promise : pong) pongs.push_back(promise.future());
        int returned = 0;
        std::thread other([&] { returned = run(plays(pong, pings, false)); });
        EXPECT_EQ(run(plays(ping, pongs, true)), kRounds);
        other.join();
        EXPECT_EQ(returned, kRounds);
    } while (time.left());
}

// Each loop is destroyed as soon as its task has seen its result, perhaps while the other thread is about to wake it.
TEST(AwaitFutureStress, ALoopMayEndRightAfterItWasWoken) {
    const auto waits = [](Future<int> future) -> Task<int> {
        const int result = co_await std::move(future);
        co_return result;
    };
    const test::StressTime time;
    do {
        constexpr int kLoops = 50;
        std::vector<Promise<int>> promises(kLoops);
        std::vector<Future<int>> futures;
        for (const auto& promise : promises) futures.push_back(promise.future());
        std::thread completes([&] {
            for (int i = 0; i < kLoops; ++i) promises[i].set_result(i);
        });
        for (int i = 0; i < kLoops; ++i) EXPECT_EQ(run(waits(futures[i])), i);
        completes.join();
    } while (time.left());
}

// A task of another loop is awaited through futures, with time limits that race with its end.
TEST(AwaitFutureStress, TimeLimitsRaceWithTheWorkOfAnotherLoop) {
    constexpr int kRounds = 200;
    const auto waits = [](const std::vector<Future<int>>& futures, int& late) -> Task<int> {
        int sum = 0;
        for (const Future<int>& future : futures) {
            for (bool there = false; !there;) {
                try {
                    sum += co_await timeout(std::chrono::microseconds(late % 32), shield(future));
                    there = true;
                } catch (const TimeoutError&) {
                    ++late;
                }
            }
        }
        co_return sum;
    };
    const auto completes = [](std::vector<Promise<int>>& promises) -> Task<void> {
        for (auto& promise : promises) {
            co_await sleep(10us);
            promise.set_result(1);
        }
    };
    int late = 0;
    const test::StressTime time;
    do {
        std::vector<Promise<int>> promises(kRounds);
        std::vector<Future<int>> futures;
        for (const auto& promise : promises) futures.push_back(promise.future());
        std::thread other([&] { run(completes(promises)); });
        EXPECT_EQ(run(waits(futures, late)), kRounds);
        other.join();
    } while (time.left());
    EXPECT_GT(late, 0);
}

}  // namespace
}  // namespace hocket
