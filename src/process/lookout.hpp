// Looking out, for a moment before one sleeps, for what another process is about to do.
#pragma once
#include <time.h>

#include <cstdint>

#include "hocket/aio/detail/wake_rate.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/core/detail/spin_wait.hpp"

namespace hocket::detail {

/// For a thread that sleeps until others have something for it. It looks out only as long as that pays, as an event
/// loop does; see WakeRate.
class Lookout {
public:
    bool pays() const noexcept { return rate_.should_spin(); }
    /// Whether `comes()` was true before the moment was over.
    template <class Comes>
    bool sees(const Comes& comes) noexcept {
        constexpr int kPauses = 8;
        const TimePoint end = std::chrono::steady_clock::now() + WakeRate::kSpin;
        do {
            for (int i = 0; i < kPauses; ++i) {
                if (comes()) {
                    rate_.paid();
                    return true;
                }
                pause_spinning();
            }
        } while (std::chrono::steady_clock::now() < end);
        rate_.wasted();
        return false;
    }
    /// It sleeps, or has slept, until it is woken.
    void sleeps() noexcept {
        if (!can_spin()) return;
        timespec present{};
        (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &present);
        rate_.woken(static_cast<std::uint32_t>(present.tv_sec * 1000 + present.tv_nsec / 1'000'000));
    }

private:
    WakeRate rate_;
};

}  // namespace hocket::detail
