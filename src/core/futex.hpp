// Sleeping on a word and waking who sleeps there: futex(2).
#pragma once
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/atomic.hpp"

namespace hocket::detail {

#ifdef HOCKET_MODEL

// With a deadline, time passes at once: tests give one that is over already.
inline void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t value, TimePoint deadline) noexcept {
    model::step(&word);
    if (deadline == kNever) model::sleep_on(&word, [&] { return word.peek() == value; });
}
inline void futex_wake(const Atomic<std::uint32_t>* word) noexcept {
    model::step(word);
    model::wake_at(word);
}

#else

/// Sleeps while `word` is `value`. Wakes up at the deadline, and now and then for no reason.
inline void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t value, TimePoint deadline) noexcept {
    timespec until{};
    if (deadline != kNever) {
        const auto since = deadline.time_since_epoch().count();
        until.tv_sec = static_cast<time_t>(since / 1'000'000'000);
        until.tv_nsec = static_cast<long>(since % 1'000'000'000);
    }
    // FUTEX_WAIT_BITSET takes an absolute time on the monotonic clock, which is what steady_clock is on Linux.
    ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline == kNever ? nullptr : &until, nullptr,
              FUTEX_BITSET_MATCH_ANY);
}

/// Wakes one thread that sleeps on `word`.
inline void futex_wake(const Atomic<std::uint32_t>* word) noexcept {
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

#endif

}  // namespace hocket::detail
