// WakeRate: whether a loop should look out for posts for a moment before it sleeps.
#pragma once
#include <chrono>
#include <cstdint>

namespace hocket::detail {

/// Waking a thread out of the kernel takes some 50 microseconds. Two loops that answer each other would spend all their
/// time on that, so a loop whose sleeps are ended by posts of other threads several times within a few milliseconds
/// spins before it sleeps, as long as that pays: an idle loop spins not at all, and one that is woken now and then
/// hardly. For the loop's thread.
class WakeRate {
public:
    /// How long it spins at a time.
    static constexpr std::chrono::microseconds kSpin{50};

    bool should_spin() const noexcept { return credit_ > 0; }
    /// A sleep was ended by another thread's post, at `present` in milliseconds of a coarse clock.
    void woken(std::uint32_t present) noexcept {
        if (wakes_ == 0 || present - first_ > kMilliseconds) {
            first_ = present;
            wakes_ = 0;
        }
        if (++wakes_ < kWakes) return;
        wakes_ = 0;
        credit_ = kCredit;
    }
    /// Something came while it was spinning, or nothing did.
    void paid() noexcept { credit_ = kCredit; }
    void wasted() noexcept { --credit_; }

private:
    static constexpr std::uint32_t kMilliseconds = 4;  // a tick of the coarse clock
    static constexpr std::uint8_t kWakes = 8;
    static constexpr std::uint8_t kCredit = 8;
    std::uint32_t first_ = 0;
    std::uint8_t wakes_ = 0;   // since then
    std::uint8_t credit_ = 0;  // vain attempts that are left
};

}  // namespace hocket::detail
