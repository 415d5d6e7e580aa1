// Threads that wait for one short job after another take in the results themselves: the keeper sleeps on, and is woken
// for what only it does.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "hocket/process/process_pool.hpp"
#include "hocket/threading.hpp"

namespace hocket {
namespace {

int same(int x) { return x; }

void ask_one_after_another(ProcessPool& pool, int times) {
    for (int i = 0; i < times; ++i) ASSERT_EQ(pool.submit(same, i).result(), i);
}

TEST(ProcessPoolWait, SeveralThreadsAskOneAfterAnother) {
    ProcessPool pool({.max_workers = 2});
    {
        std::vector<Thread> threads;
        for (int i = 0; i < 3; ++i) threads.emplace_back([&pool] { ask_one_after_another(pool, 500); });
        for (Thread& thread : threads) thread.join();
    }
    EXPECT_EQ(pool.statistics().completed, 1500u);
    EXPECT_EQ(pool.statistics().handed_out, 0u);
}

TEST(ProcessPoolWait, ErrorsAndDeathsAreFoundWhileSomebodyLooksOut) {
    ProcessPool pool({.max_workers = 1});
    for (int round = 0; round < 5; ++round) {
        ask_one_after_another(pool, 40);
        EXPECT_THROW(pool.submit([] { throw std::out_of_range("far"); }).result(), RemoteError);
        ask_one_after_another(pool, 40);
        EXPECT_THROW(pool.submit([] { ::raise(SIGKILL); }).result(), BrokenProcessPool);
    }
    EXPECT_EQ(pool.statistics().died, 5u);
}

TEST(ProcessPoolWait, CallbacksAreCalledBesideOneWhoWaits) {
    ProcessPool pool({.max_workers = 1});
    ask_one_after_another(pool, 100);
    std::atomic<int> calls{0};
    for (int i = 0; i < 100; ++i) {
        auto future = pool.submit(same, i);
        future.add_done_callback([&](const auto&) { calls.fetch_add(1); });
        EXPECT_EQ(future.result(), i);
    }
    pool.shutdown();
    EXPECT_EQ(calls.load(), 100);
}

TEST(ProcessPoolWait, ShutdownWhileOneWaits) {
    for (int i = 0; i < 8; ++i) {
        ProcessPool pool({.max_workers = 1});
        ask_one_after_another(pool, 20);
        auto last = pool.submit(same, 7);
        const Thread other([&pool] { pool.shutdown(); });
        EXPECT_EQ(last.result(), 7);
    }
}

}  // namespace
}  // namespace hocket
