// Timer: calls a function once, after a time.
#pragma once
#include <chrono>
#include <source_location>
#include <utility>

#include "hocket/sync/event.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {

/// Calls a function once, in a thread of its own, so that a callback that takes long delays no other timer. That costs
/// the start of a thread; for thousands of timers use EventLoop::call_later(). An exception of the callback is reported
/// (ReportKind::lost_exception). Thread-safe, except for the destructor.
///
/// Shutdown: the destructor cancels the timer; a callback that runs already is cancelled as a Thread is and waited for.
class Timer {
public:
    /// Calls `function()` after `delay`, or at once if that is not positive. Throws as Thread does.
    template <class Rep, class Period, class F>
    Timer(std::chrono::duration<Rep, Period> delay, F function, const ThreadOptions& options = ThreadOptions())
        : thread_(options, [this, deadline = detail::deadline_after(delay), function = std::move(function)]() mutable {
              if (due(deadline)) function();
          }) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// The function is not called any more, but for a call that is just beginning. Does not wait.
    void cancel() noexcept { cancelled_.set(); }
    /// Blocks until the function has returned or the timer was cancelled; throws what the function threw, which is not
    /// reported then.
    void join(std::source_location where = std::source_location::current()) { thread_.join(where); }
    /// Whether the function is still to be called, or running.
    bool is_alive() const noexcept { return thread_.is_alive(); }

private:
    bool due(TimePoint deadline) { return !cancelled_.wait_until(deadline); }
    Event cancelled_;
    Thread thread_;  // last: it uses the event
};

}  // namespace hocket
