// What can be done with a Lock, an RLock and a Condition alike.
#pragma once
#include <chrono>
#include <mutex>
#include <source_location>
#include <string>

#include "hocket/sync/detail/lock_core.hpp"
#include "hocket/sync/detail/standard_guards.hpp"

namespace hocket::detail {

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

/// The functions of a lock of type L, whose LockCore is its `core_`.
template <class L>
class LockForms {
    using Place = std::source_location;

public:
    /// The guards of the standard library pass on where they were made.
    using TellsPlace = void;

    /// Blocks until the lock is taken. Throws DeadlockError, and CancelledError if the thread is cancelled.
    void lock(Place where = Place::current()) { core().lock(current_party(), where); }
    /// Takes the lock if it is free, or an RLock of the caller's.
    [[nodiscard]] bool try_lock(Place where = Place::current()) noexcept {
        return core().try_lock(current_party(), where);
    }
    /// Blocks for at most `limit`; whether the lock was taken. Throws CancelledError.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit, Place where = Place::current()) {
        return core().lock_until(current_party(), deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the lock was taken. Throws CancelledError.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> deadline,
                                      Place where = Place::current()) {
        return core().lock_until(current_party(), deadline_at(deadline), where);
    }
    /// `auto guard = co_await lock.async_lock();` gives a std::unique_lock. Throws as lock() does.
    AsyncLock<L> async_lock(Place where = Place::current()) noexcept { return {static_cast<L&>(*this), core(), where}; }
    /// Throws std::logic_error if the caller is not the owner.
    void unlock() { core().unlock(current_party()); }

    /// Whether the caller has it.
    [[nodiscard]] bool owned() const noexcept { return core().owner() == current_party(); }
    /// For messages: "lock 'a' (0x…), taken at file.cpp:12 by 17", where 17 is the id of a thread or task; nothing but
    /// the first part while nobody has it.
    std::string description() const { return core().describe(); }
    /// Whether the caller has it and may take it once more.
    [[nodiscard]] bool may_take_again() const noexcept { return core().reentrant() && owned(); }
    /// Equal for those that are the same lock: a Condition and what it was made with.
    friend const void* identity_of(const LockForms& lock) noexcept { return &lock.core(); }

protected:
    LockForms() noexcept = default;
    ~LockForms() = default;

private:
    LockCore& core() noexcept { return static_cast<L&>(*this).core_; }
    const LockCore& core() const noexcept { return static_cast<const L&>(*this).core_; }
};

}  // namespace hocket::detail
