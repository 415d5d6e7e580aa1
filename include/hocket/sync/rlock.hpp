// RLock: a lock that its owner may take again.
#pragma once
#include "hocket/sync/lock.hpp"

namespace hocket {

/// As Lock, but the thread or task that owns it may take it again, and then gives it back as often. A task is an owner
/// of its own: it neither shares the lock with the thread that runs its loop nor with the task that spawned it.
class RLock {
public:
    /// The guards of the standard library pass on where they were made.
    using TellsPlace = void;

    RLock() : RLock(std::string_view()) {}
    /// `name` shows in reports.
    explicit RLock(std::string_view name) : core_("rlock", name, detail::LockCore::Reentry::allowed) {}

    /// Blocks until the lock is taken. Throws DeadlockError, and CancelledError if the thread is cancelled.
    void lock(std::source_location where = std::source_location::current()) {
        core_.lock(detail::current_party(), where);
    }
    /// Takes the lock if it is free or the caller's.
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

    /// Whether the caller would not wait because it has the lock.
    [[nodiscard]] bool may_take_again() const noexcept { return owned(); }

    /// `auto guard = co_await lock.async_lock();` gives a std::unique_lock. Throws as lock() does.
    detail::AsyncLock<RLock> async_lock(std::source_location where = std::source_location::current()) noexcept {
        return {*this, core_, where};
    }

private:
    friend class Condition;
    detail::LockCore core_;
};

}  // namespace hocket
