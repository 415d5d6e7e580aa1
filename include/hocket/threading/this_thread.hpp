// What a thread can do and ask for itself.
#pragma once
#include <sched.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/party.hpp"

namespace hocket {
namespace detail {
void sleep_until(TimePoint deadline, std::source_location where);
}

/// For any thread, whoever started it. Tasks sleep by `co_await sleep()`.
namespace this_thread {

/// Blocks for at least `duration`. Cancellation: throws CancelledError at once.
template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> duration,
               std::source_location where = std::source_location::current()) {
    detail::sleep_until(detail::deadline_after(duration), where);
}
/// Blocks until `deadline`. Cancellation: throws CancelledError at once.
template <class Clock, class Duration>
void sleep_until(std::chrono::time_point<Clock, Duration> deadline,
                 std::source_location where = std::source_location::current()) {
    detail::sleep_until(detail::deadline_at(deadline), where);
}
/// Lets other threads run first, if some are ready.
inline void yield() noexcept { ::sched_yield(); }
/// Throws CancelledError if this thread, or the pool's job that it runs, is cancelled: for long computations that wait
/// for nothing.
void check_cancelled();

/// The name given in ThreadOptions, "MainThread", or "Thread-<number>".
inline std::string name() { return detail::ThreadRecord::current().name(); }
/// Unique in this process and never used again.
inline std::uint64_t id() { return detail::ThreadRecord::current().id(); }
/// The kernel's id, as in /proc/self/task.
inline pid_t native_id() { return detail::ThreadRecord::current().native_id(); }

}  // namespace this_thread
}  // namespace hocket
