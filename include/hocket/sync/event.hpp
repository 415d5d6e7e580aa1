// Event: a flag that threads and tasks wait for.
#pragma once
#include <atomic>
#include <chrono>
#include <source_location>

#include "hocket/core/detail/queue_awaiter.hpp"

namespace hocket {

/// A flag, clear at first. set() lets everybody go on who waits now, and whoever comes before clear().
///
/// A waiter that comes between set() and clear() may miss that it was set; to tell others of each change, use a
/// Condition. Thread-safe; may be destroyed by the one whose wait() has returned. Cancellation: a cancelled wait throws
/// CancelledError.
class Event {
public:
    Event() noexcept = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }
    void set() noexcept;
    void clear() noexcept { set_.store(false, std::memory_order_relaxed); }

    /// Blocks until the event is set.
    void wait(std::source_location where = std::source_location::current()) { (void)block(kNever, where); }
    /// Blocks for at most `limit`; whether the event was set.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(std::chrono::duration<Rep, Period> limit,
                                std::source_location where = std::source_location::current()) {
        return block(detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the event was set.
    template <class Clock, class Duration>
    [[nodiscard]] bool wait_until(std::chrono::time_point<Clock, Duration> deadline,
                                  std::source_location where = std::source_location::current()) {
        return block(detail::deadline_at(deadline), where);
    }

    class [[nodiscard]] Awaiter final : public detail::QueueAwaiter<Awaiter> {
    public:
        explicit Awaiter(Event& event) noexcept : event_(event) {}
        // Under the queue's lock only: see below.
        bool try_now() const noexcept { return false; }
        std::string waits_for() const override { return "an event"; }
        bool take_or_queue() noexcept { return !event_.queue(*this); }
        void await_resume() const { check(); }

    private:
        Event& event_;
    };
    /// What async_wait() returns: `co_await` it.
    class [[nodiscard("waiting for an event does nothing until it is awaited: write co_await")]] Wait {
    public:
        explicit Wait(Event & event) noexcept : event_(event) {}
        Awaiter operator co_await() const noexcept { return Awaiter(event_); }

    private:
        Event& event_;
    };
    /// `co_await event.async_wait()` suspends the task until the event is set.
    Wait async_wait() noexcept { return Wait(*this); }

private:
    // A wait never ends without the queue's lock, not even when the event is set, which set() may still be using: the
    // waiter may destroy it (see WaitQueue).
    bool block(TimePoint deadline, std::source_location where);
    bool queue(detail::Waiter& waiter) noexcept {
        return waiters_.push_unless(waiter, [this] { return is_set(); });
    }
    std::atomic<bool> set_{false};
    detail::WaitQueue waiters_;
};

}  // namespace hocket
