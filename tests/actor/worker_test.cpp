#include "hocket/actor/worker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "hocket/actor/errors.hpp"
#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"

namespace hocket::test {
namespace {

using namespace std::chrono_literals;

TEST(WorkerTest, RunsJobsInTheirOrderOnOneThread) {
    Worker worker("single");
    std::vector<int> order;
    std::vector<Future<std::uint64_t>> results;
    const auto job = [&](int number) {
        order.push_back(number);
        return this_thread::id();
    };
    for (int i = 0; i < 50; ++i) results.push_back(worker.submit(job, i));  // they wait for the start
    worker.start();
    for (int i = 50; i < 100; ++i) results.push_back(worker.submit(job, i));
    const auto thread = results[0].result();
    for (const auto& result : results) EXPECT_EQ(result.result(), thread);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    worker.close();
    worker.join();
    EXPECT_FALSE(worker.is_alive());
}

TEST(WorkerTest, AnErrorGoesToItsFutureAndTheWorkerLivesOn) {
    Worker worker;
    worker.start();
    const auto bad = worker.submit([]() -> int { throw std::runtime_error("bad job"); });
    const auto good = worker.submit([] { return 8; });
    EXPECT_THROW(bad.result(), std::runtime_error);
    EXPECT_EQ(good.result(), 8);
    EXPECT_EQ(run([](Worker& on) -> Task<int> { co_return co_await on.submit([] { return 5; }); }(worker)), 5);
}

TEST(WorkerTest, TakesNothingWhenClosedButDoesWhatItHas) {
    Worker worker("closed one");
    worker.start();
    Event go;
    const auto first = worker.submit([&] { go.wait(); });
    const auto second = worker.submit([] { return 1; });
    worker.close();
    try {
        (void)worker.submit([] {});
        FAIL();
    } catch (const ActorExit& error) {
        EXPECT_STREQ(error.what(), "hocket: the worker 'closed one' was closed and takes no more jobs");
    }
    EXPECT_FALSE(worker.join_for(1ms));
    go.set();
    worker.join();
    EXPECT_EQ(second.result(), 1);
    first.result();
}

TEST(WorkerTest, StopCancelsWhatRunsAndWhatWaits) {
    Worker worker;
    worker.start();
    Event running, never;
    const auto first = worker.submit([&] {
        running.set();
        never.wait();
    });
    const auto second = worker.submit([] { return 1; });
    running.wait();
    worker.stop("enough");
    worker.join();
    EXPECT_TRUE(first.cancelled());
    EXPECT_TRUE(second.cancelled());
}

TEST(WorkerTest, MisuseIsAnError) {
    Worker worker;
    EXPECT_THROW(worker.join(), InvalidStateError);
    const auto lost = worker.submit([] {});
    worker.start();
    EXPECT_THROW(worker.start(), InvalidStateError);
    lost.result();
    Future<void> never;
    {
        Worker unstarted;
        never = unstarted.submit([] {});
    }
    EXPECT_TRUE(never.cancelled());
}

TEST(WorkerTest, WaitingForALaterJobIsADeadlock) {
    Worker worker;
    worker.start();
    const auto outer = worker.submit([&] {
        const auto inner = worker.submit([] { return 1; });
        return inner.result();
    });
    EXPECT_THROW(outer.result(), DeadlockError);
    EXPECT_EQ(worker.submit([] { return 2; }).result(), 2);
}

TEST(WorkerTest, BoundedOneHoldsUpWhoSubmits) {
    Worker worker({}, 1);
    worker.start();
    Event running, go;
    const auto first = worker.submit([&] {
        running.set();
        go.wait();
    });
    running.wait();
    const auto second = worker.submit([] {});
    EXPECT_FALSE(worker.try_submit([] {}));
    go.set();
    second.result();
    worker.submit([] {}).result();
    first.result();
}

TEST(WorkerTest, IsAnExecutor) {
    Worker worker;
    worker.start();
    int sum = 0;
    for (const int square : worker.map([](int x) { return x * x; }, std::vector<int>{1, 2, 3})) sum += square;
    EXPECT_EQ(sum, 14);
    worker.shutdown();
    EXPECT_FALSE(worker.is_alive());
}

}  // namespace
}  // namespace hocket::test
