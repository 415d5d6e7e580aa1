// A clock for tests: time passes only when everybody waits for it.
#pragma once
#include "hocket/core/clock.hpp"

namespace hocket {

/// Starts at the epoch and jumps to the next deadline whenever its loop has nothing else to do, so that an hour of
/// sleeping takes no time and always comes out the same. It does not wait for sockets or other threads: a test that
/// uses those with time-outs wants real time. Pass it by LoopOptions::clock. Not thread-safe.
class VirtualClock final : public Clock {
public:
    TimePoint now() noexcept override { return now_; }
    Duration time_to_wait(TimePoint deadline) noexcept override {
        if (deadline == kNever) return Duration::max();
        if (deadline > now_) now_ = deadline;
        return Duration::zero();
    }
    /// Moves time forward by hand.
    void advance(Duration duration) noexcept { now_ = detail::saturating_add(now_, duration); }

private:
    TimePoint now_{};
};

}  // namespace hocket
