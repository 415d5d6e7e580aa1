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

/// The time point that is `limit` from now; kNever for limits without end.
template <class Rep, class Period>
TimePoint deadline_after(std::chrono::duration<Rep, Period> limit) {
    return saturating_add(std::chrono::steady_clock::now(), to_nanoseconds(limit));
}

/// A time point of any clock on the library's time line. The clock is read once: if it is set later on, that is not
/// noticed.
template <class Clock, class Any>
TimePoint deadline_at(std::chrono::time_point<Clock, Any> when) {
    if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
        return TimePoint(to_nanoseconds(when.time_since_epoch()));
    } else {
        return saturating_add(std::chrono::steady_clock::now(), to_nanoseconds(when - Clock::now()));
    }
}

}  // namespace detail
}  // namespace hocket
