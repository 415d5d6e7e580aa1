#include "hocket/aio/detail/callback.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/virtual_clock.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// Calls a function when the last copy dies.
template <class F>
std::shared_ptr<void> at_the_end(F function) {
    return std::shared_ptr<void>(nullptr, [function](void*) { function(); });
}

TEST(Callback, WhatADroppedOneOwnsMayPostAgain) {
    std::vector<int> log;
    {
        EventLoop loop;
        const auto post_again = [&] {
            log.push_back(1);
            auto last = at_the_end([&] { log.push_back(2); });
            loop.call_soon_threadsafe([last] { ADD_FAILURE() << "called by a loop that is gone"; });
            last = nullptr;
            log.push_back(3);
        };
        auto owned = at_the_end(post_again);
        loop.call_soon([owned] { ADD_FAILURE() << "called by a loop that does not run"; });
        owned = nullptr;
        EXPECT_TRUE(log.empty());
    }
    EXPECT_EQ(log, (std::vector{1, 3, 2}));  // all is destroyed, what came last too
}

TEST(Callback, OwnsItsFunctionUntilItWasCalled) {
    EventLoop loop;
    int destroyed = 0;
    auto owned = at_the_end([&] { ++destroyed; });
    loop.call_soon([owned, &destroyed] { EXPECT_EQ(destroyed, 0); });
    owned = nullptr;
    loop.call_soon([&] {
        EXPECT_EQ(destroyed, 1);
        loop.stop();
    });
    loop.run_forever();
    EXPECT_EQ(destroyed, 1);
}

TEST(TimerHandle, MayBeCancelledByItsOwnCall) {
    VirtualClock clock;
    EventLoop loop({.clock = &clock});
    int calls = 0;
    std::optional<TimerHandle> handle;
    handle = loop.call_later(1s, [&] {
        ++calls;
        handle->cancel();
    });
    loop.call_later(2s, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(handle->cancelled());
}

TEST(TimerHandle, MayBeCancelledWhenItsTimeHasComeAndItWaitsForItsTurn) {
    VirtualClock clock;
    EventLoop loop({.clock = &clock});
    std::optional<TimerHandle> second;
    loop.call_later(1s, [&] { second->cancel(); });
    second = loop.call_later(1s, [] { ADD_FAILURE() << "was cancelled"; });
    loop.call_later(2s, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(clock.now(), TimePoint(2s));
}

TEST(TimerHandle, OutlivesItsLoop) {
    int destroyed = 0;
    auto owned = at_the_end([&] { ++destroyed; });
    std::optional<TimerHandle> handle;
    {
        EventLoop loop;
        handle = loop.call_later(1h, [owned] { ADD_FAILURE() << "called too early"; });
        owned = nullptr;
    }
    handle->cancel();
    EXPECT_TRUE(handle->cancelled());
    handle.reset();
    EXPECT_EQ(destroyed, 1);
}

TEST(TimerHandle, Moves) {
    VirtualClock clock;
    EventLoop loop({.clock = &clock});
    std::vector<int> calls;
    TimerHandle first = loop.call_later(1s, [&] { calls.push_back(1); });
    TimerHandle second = loop.call_later(2s, [&] { calls.push_back(2); });
    TimerHandle moved = std::move(first);
    first.cancel();  // a handle to nothing
    EXPECT_FALSE(first.cancelled());
    second = std::move(moved);
    second.cancel();  // the first call, while the second goes on without a handle
    EXPECT_TRUE(second.cancelled());
    loop.call_later(3s, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(calls, std::vector{2});
}

}  // namespace
}  // namespace hocket
