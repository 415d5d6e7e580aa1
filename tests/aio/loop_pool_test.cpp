#include "hocket/aio/loop_pool.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/sync/barrier.hpp"
#include "hocket/threading/this_thread.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<std::string> name_of_thread() {
    co_await yield_now();
    co_return this_thread::name();
}

TEST(LoopPool, HandsTasksToItsLoopsInTurn) {
    LoopPool loops(3, "io");
    std::multiset<std::string> names;
    for (int i = 0; i < 6; ++i) names.insert(loops.submit(name_of_thread()).result_for(10s));
    EXPECT_EQ(names, (std::multiset<std::string>{"io-0", "io-0", "io-1", "io-1", "io-2", "io-2"}));
}

TEST(LoopPool, RunsATaskOnEachLoopAtTheSameTime) {
    LoopPool loops(3);
    Barrier barrier(3);
    auto futures = loops.run_on_each([&](std::size_t index) -> Task<std::size_t> {
        co_await barrier.async_wait();
        co_return index;
    });
    ASSERT_EQ(futures.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(futures[i].result_for(10s), i);
}

TEST(LoopPool, HasALoopForEachUsableProcessorUnlessTold) {
    LoopPool loops;
    EXPECT_GE(loops.size(), 1u);
    EXPECT_LE(loops.size(), std::max(1u, std::thread::hardware_concurrency()));
    EXPECT_THROW(loops.loop(loops.size()), std::out_of_range);
}

TEST(LoopPool, CancelsWhatRunsWhenItStops) {
    LoopPool loops(2);
    const auto endless = [](std::size_t) -> Task<void> { co_await sleep(1h); };
    auto futures = loops.run_on_each(endless);
    loops.stop();
    for (auto& future : futures) EXPECT_THROW(future.result_for(10s), CancelledError);
    EXPECT_THROW(loops.submit(name_of_thread()), InvalidStateError);
}

}  // namespace
}  // namespace hocket
