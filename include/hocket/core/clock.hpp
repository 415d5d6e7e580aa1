// Time: one time line for every wait of the library, replaceable in tests.
#pragma once
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace hocket {

/// All time points of the library are on the steady clock's line, in nanoseconds.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A deadline that never comes.
inline constexpr TimePoint kNever = TimePoint::max();

/// Where an event loop takes its time from. Called from the loop's thread only.
class Clock {
public:
    virtual ~Clock() = default;
    /// The present.
    virtual TimePoint now() noexcept = 0;
    /// The loop has nothing to do before `deadline` (or kNever): how long may it block for I/O and other threads?
    /// A virtual clock moves itself to the deadline here and answers zero.
    virtual Duration time_to_wait(TimePoint deadline) noexcept = 0;
};

namespace detail {

/// Any duration as nanoseconds, saturating: hours::max() means "for ever", not an overflow. Throws
/// std::invalid_argument on NaN.
template <class Rep, class Period>
constexpr Duration to_nanoseconds(std::chrono::duration<Rep, Period> duration) {
    // As precise as Duration, whatever Rep is: neither rounds up beyond the limit nor loses a nanosecond.
    using Nanoseconds = std::chrono::duration<long double, std::nano>;
    constexpr auto limit = static_cast<long double>(std::numeric_limits<Duration::rep>::max());
    if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
        if (std::isnan(duration.count())) throw std::invalid_argument("hocket: a duration is not a number");
    }
    if constexpr (!std::chrono::treat_as_floating_point_v<Rep> && std::ratio_less_equal_v<Period, std::nano>) {
        return std::chrono::duration_cast<Duration>(duration);
    } else {
        const long double nanoseconds = std::chrono::duration_cast<Nanoseconds>(duration).count();
        if (nanoseconds >= limit) return Duration::max();
        if (nanoseconds <= -limit) return Duration::min();
        return Duration(static_cast<Duration::rep>(nanoseconds));
    }
}

/// `start + duration`, saturating at kNever.
constexpr TimePoint saturating_add(TimePoint start, Duration duration) noexcept {
    const auto since = start.time_since_epoch();
    if (duration > Duration::zero() && since > Duration::max() - duration) return kNever;
    if (duration < Duration::zero() && since < Duration::min() - duration) return TimePoint::min();
    return start + duration;
}

}  // namespace detail
}  // namespace hocket
