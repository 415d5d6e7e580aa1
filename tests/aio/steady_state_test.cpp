// What costs no memory from the system once it has been done some times.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "aio/allocations.hpp"
#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/core/detail/frame_allocator.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<int> number(int n) { co_return n; }
Task<int> number_later(int n) {
    co_await yield_now();
    co_return n;
}

class SteadyState : public ::testing::Test {
protected:
    void SetUp() override {
        if (!test::counts_allocations()) GTEST_SKIP() << "this sanitizer gets each frame from operator new";
    }
    // How much memory `step()` takes in 1000 repetitions.
    template <class Step>
    std::uint64_t allocations_of(Step step) {
        const auto repeats = [](Step& step) -> Task<std::uint64_t> {
            for (int i = 0; i < 100; ++i) co_await step();
            const std::uint64_t before = test::allocations() + detail::FrameHeap::system_allocations();
            for (int i = 0; i < 1000; ++i) co_await step();
            co_return test::allocations() + detail::FrameHeap::system_allocations() - before;
        };
        return run(repeats(step), {.clock = &clock_});
    }
    VirtualClock clock_;
};

TEST_F(SteadyState, CountsAllocationsAtAll) {
    const auto allocates = []() -> Task<void> {
        const std::string text(1000, 'x');
        co_await yield_now();
        EXPECT_EQ(text.size(), 1000u);
    };
    EXPECT_EQ(allocations_of(allocates), 1000u);
}

TEST_F(SteadyState, AwaitingNeedsNoMemory) {
    EXPECT_EQ(allocations_of([] { return number(1); }), 0u);
    EXPECT_EQ(allocations_of([] { return number_later(1); }), 0u);
    EXPECT_EQ(allocations_of([] { return yield_now(); }), 0u);
    EXPECT_EQ(allocations_of([] { return sleep(1s); }), 0u);
}

TEST_F(SteadyState, SpawningNeedsNoMemory) {
    EXPECT_EQ(allocations_of([] { return create_task(number_later(1)); }), 0u);
    EXPECT_EQ(allocations_of([] { return shield(number_later(1)); }), 0u);
    const auto drops = []() -> Task<void> {
        (void)create_task(number(1));
        co_await yield_now();
    };
    EXPECT_EQ(allocations_of(drops), 0u);
}

TEST_F(SteadyState, WaitingForSeveralNeedsNoMemory) {
    EXPECT_EQ(allocations_of([] { return gather(number_later(1), sleep(1s), number(3)); }), 0u);
    const auto body = [](TaskGroup& group) -> Task<void> {
        (void)group.create_task(number_later(1));
        (void)group.create_task(number_later(2));
        co_return;
    };
    EXPECT_EQ(allocations_of([&] { return task_group(body); }), 0u);
}

TEST_F(SteadyState, LimitsNeedNoMemory) {
    EXPECT_EQ(allocations_of([] { return timeout(1s, number_later(1)); }), 0u);
    EXPECT_EQ(allocations_of([] { return finally(number_later(1), [] { return yield_now(); }); }), 0u);
}

TEST_F(SteadyState, CallbacksNeedNoMemory) {
    int calls = 0;
    const auto calls_soon = [&calls]() -> Task<void> {
        EventLoop::current().call_soon([&] { ++calls; });
        EventLoop::current().call_soon_threadsafe([&] { ++calls; });
        co_await yield_now();
    };
    EXPECT_EQ(allocations_of(calls_soon), 0u);
    EXPECT_GE(calls, 2000);
}

}  // namespace
}  // namespace hocket
