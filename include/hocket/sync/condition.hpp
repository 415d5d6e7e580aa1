// Condition: wait until something that a lock protects has changed.
#pragma once
#include <chrono>
#include <concepts>
#include <optional>
#include <source_location>

#include "hocket/core/detail/step.hpp"
#include "hocket/sync/rlock.hpp"

namespace hocket {

/// A lock, and a line of those who gave it back until they are notified. It is locked as a Lock is, by its own lock or
/// by one that it shares with others (an RLock may be taken again).
///
///     std::unique_lock guard(condition);
///     condition.wait(guard, [&] { return !items.empty(); });
///
/// Each wait gives the lock back, however often an RLock was taken, waits for a notification, and takes the lock again
/// before it ends, whichever way: by notification, time-out, cancellation. The forms with a predicate wait until it is
/// true; the others tell of the notification, by which time others may have changed the state again. There are no
/// spurious wake-ups. `guard`, any guard that holds the condition or the lock it was made with, shows that the caller
/// has the lock; a wait or notify() without it throws std::logic_error.
///
/// Order: who has waited longest is notified first. Thread-safe. Cancellation: a cancelled wait throws CancelledError,
/// and a notification that came for it goes to the next. Taking the lock again is neither cancelled nor timed.
class Condition : public detail::LockForms<Condition> {
public:
    Condition() : own_(std::in_place, "condition"), core_(*own_) {}
    /// Uses `lock`, which must outlive the condition.
    explicit Condition(Lock& lock) noexcept : core_(lock.core_) {}
    explicit Condition(RLock& lock) noexcept : core_(lock.core_) {}
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    /// Blocks until notified.
    template <class Guard>
    void wait(Guard& guard, std::source_location where = std::source_location::current()) {
        (void)wait_once(guard, kNever, where);
    }
    /// Blocks until `predicate()`, called with the lock held, is true.
    template <class Guard, std::predicate Predicate>
    void wait(Guard& guard, Predicate predicate, std::source_location where = std::source_location::current()) {
        while (!predicate()) (void)wait_once(guard, kNever, where);
    }
    /// Blocks for at most `limit`; whether it was notified.
    template <class Guard, class Rep, class Period>
    bool wait_for(Guard& guard, std::chrono::duration<Rep, Period> limit,
                  std::source_location where = std::source_location::current()) {
        return wait_once(guard, detail::deadline_after(limit), where);
    }
    /// Blocks for at most `limit`, until `predicate()` is true; what it says at the end.
    template <class Guard, class Rep, class Period, std::predicate Predicate>
    bool wait_for(Guard& guard, std::chrono::duration<Rep, Period> limit, Predicate predicate,
                  std::source_location where = std::source_location::current()) {
        return wait_until(guard, detail::deadline_after(limit), std::move(predicate), where);
    }
    /// Blocks until `deadline` at most; whether it was notified.
    template <class Guard, class Clock, class Duration>
    bool wait_until(Guard& guard, std::chrono::time_point<Clock, Duration> deadline,
                    std::source_location where = std::source_location::current()) {
        return wait_once(guard, detail::deadline_at(deadline), where);
    }
    /// Blocks until `deadline` at most, until `predicate()` is true; what it says at the end.
    template <class Guard, class Clock, class Duration, std::predicate Predicate>
    bool wait_until(Guard& guard, std::chrono::time_point<Clock, Duration> deadline, Predicate predicate,
                    std::source_location where = std::source_location::current()) {
        const TimePoint end = detail::deadline_at(deadline);
        while (!predicate()) {
            if (!wait_once(guard, end, where)) return predicate();
        }
        return true;
    }
    /// `co_await condition.async_wait(guard)` suspends the task until notified. `guard` stays where it is meanwhile.
    template <class Guard>
    detail::Step async_wait(Guard&, std::source_location where = std::source_location::current()) {
        return wait_in_task(where);
    }
    /// The same until `predicate()` is true.
    template <class Guard, std::predicate Predicate>
    detail::Step async_wait(Guard&, Predicate predicate, std::source_location where = std::source_location::current()) {
        return wait_in_task_until(std::move(predicate), where);
    }

    /// Lets `count` of the waiters go on, the longest waiting first, once they get the lock, which the caller must
    /// have.
    void notify(std::size_t count = 1);
    void notify_all();

private:
    friend class detail::LockForms<Condition>;
    class Sleep;
    template <class Guard>
    bool wait_once(const Guard&, TimePoint deadline, std::source_location where) {
        return block(deadline, where);
    }
    bool block(TimePoint deadline, std::source_location where);
    detail::Step wait_in_task(std::source_location where);
    template <class Predicate>
    detail::Step wait_in_task_until(Predicate predicate, std::source_location where) {
        while (!predicate()) co_await wait_in_task(where);
    }
    detail::PartyId holder(const char* attempt) const;

    std::optional<detail::LockCore> own_;
    detail::LockCore& core_;
    detail::WaitQueue waiters_;
};

}  // namespace hocket
