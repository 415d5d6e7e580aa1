// Lock: mutual exclusion for threads and tasks, whose deadlocks are errors.
#pragma once
#include <mutex>
#include <source_location>
#include <string_view>

#include "hocket/sync/detail/lock_core.hpp"
#include "hocket/sync/detail/standard_guards.hpp"

namespace hocket {
namespace detail {

/// Waits for a lock of type L and gives a guard of it.
template <class L>
class [[nodiscard]] GuardAwaiter final : public LockCore::Awaiter {
public:
    GuardAwaiter(L& lock, LockCore& core, std::source_location where) noexcept
        : LockCore::Awaiter(core, where), guarded_(lock) {}
    std::unique_lock<L> await_resume() {
        finish();
        return std::unique_lock<L>(guarded_, std::adopt_lock);
    }

private:
    L& guarded_;
};

/// What async_lock() returns: `co_await` it.
template <class L>
class [[nodiscard("waiting for a lock does nothing until it is awaited: write co_await")]] AsyncLock {
public:
    AsyncLock(L & lock, LockCore & core, std::source_location where) noexcept
        : lock_(lock), core_(core), where_(where) {}
    GuardAwaiter<L> operator co_await() const noexcept { return GuardAwaiter<L>(lock_, core_, where_); }

private:
    L& lock_;
    LockCore& core_;
    std::source_location where_;
};

}  // namespace detail

/// Mutual exclusion among threads and tasks. The one that took it owns it, and only its owner gives it back. Works with
/// std::scoped_lock, std::unique_lock and std::condition_variable_any.
///
/// A wait that could never end is not begun: lock() by the owner, or in a circle of waiting owners, throws
/// DeadlockError, which tells who holds what and waits for what. The timed forms wait in such a case.
///
/// Order: who waits is served first come, first served; a thread that finds the lock free may take it before a thread
/// that has been waiting for less than half a millisecond (see LockCore for why). Thread-safe. Cancellation: a
/// cancelled wait throws CancelledError and takes nothing. Destroy it when nobody holds or wants it.
class Lock {
public:
    /// The guards of the standard library pass on where they were made.
    using TellsPlace = void;

    Lock() : Lock(std::string_view()) {}
    /// `name` shows in reports.
    explicit Lock(std::string_view name) : core_("lock", name) {}

    /// Blocks until the lock is taken. Throws DeadlockError, and CancelledError if the thread is cancelled.
    void lock(std::source_location where = std::source_location::current()) {
        core_.lock(detail::current_party(), where);
    }
    /// Takes the lock if it is free.
    [[nodiscard]] bool try_lock(std::source_location where = std::source_location::current()) noexcept {
        return core_.try_lock(detail::current_party(), where);
    }
    /// Blocks for at most `limit`; whether the lock was taken.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit,
                                    std::source_location where = std::source_location::current()) {
        return core_.lock_until(detail::current_party(), detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the lock was taken.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> deadline,
                                      std::source_location where = std::source_location::current()) {
        return core_.lock_until(detail::current_party(), detail::deadline_at(deadline), where);
    }
    /// Throws std::logic_error if the caller is not the owner.
    void unlock() { core_.unlock(detail::current_party()); }
    /// Whether the caller has it.
    [[nodiscard]] bool owned() const noexcept { return core_.owner() == detail::current_party(); }

    /// `auto guard = co_await lock.async_lock();` gives a std::unique_lock. Throws as lock() does.
    detail::AsyncLock<Lock> async_lock(std::source_location where = std::source_location::current()) noexcept {
        return {*this, core_, where};
    }

private:
    friend class Condition;
    detail::LockCore core_;
};

}  // namespace hocket
