// PriorityLock: a lock for threads with real-time priorities.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/sync/detail/standard_guards.hpp"

namespace hocket {

/// Mutual exclusion among threads that the kernel runs by priority (SCHED_FIFO and the like), with priority
/// inheritance: as long as a thread waits for the lock, its owner runs with at least that thread's priority. A thread
/// of middle priority then cannot hold up one of high priority that waits for one of low priority (priority inversion).
/// Among threads of the common scheduling policy it has no use: take a Lock, which is faster when it is fought for.
///
/// Works with std::scoped_lock, std::unique_lock, std::condition_variable_any and acquire(). As with a Lock, a wait
/// that would close a circle of owners throws DeadlockError. Order: by priority, then first come, first served. For
/// threads only: the kernel has no priority of a task that it could inherit. Debug mode does not check the order of
/// such locks. Cancellation: a thread that is cancelled before it would wait gets CancelledError; a wait that has begun
/// ends with the lock, since the kernel decides who is next.
///
/// It is the kernel's priority-inheriting futex (futex(2), FUTEX_LOCK_PI). Invariant: the word is the kernel's id of
/// the owner, 0 when there is none, with the flag FUTEX_WAITERS when somebody waits; without waiters it is changed by
/// one compare-and-swap, and with waiters by the kernel. `owner_` is set after the lock was taken and cleared before it
/// is given back, both by the owner, so that the wait-for graph never sees an owner that is none any more; its clearing
/// (release) is read by the next owner (acquire).
class PriorityLock {
    using Place = std::source_location;

public:
    /// The guards of the standard library pass on where they were made.
    using TellsPlace = void;

    PriorityLock() : PriorityLock(std::string_view()) {}
    /// `name` shows in reports.
    explicit PriorityLock(std::string_view name) : name_(name) {}
    PriorityLock(const PriorityLock&) = delete;
    PriorityLock& operator=(const PriorityLock&) = delete;

    /// Blocks until the lock is taken. Throws DeadlockError, and CancelledError as described above.
    void lock(Place where = Place::current()) { (void)lock_until(kNever, where); }
    /// Takes the lock if it is free.
    [[nodiscard]] bool try_lock(Place where = Place::current()) noexcept;
    /// Blocks for at most `limit`; whether the lock was taken. Needs Linux 5.14.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit, Place where = Place::current()) {
        return lock_until(detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the lock was taken. Needs Linux 5.14.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> deadline,
                                      Place where = Place::current()) {
        return lock_until(detail::deadline_at(deadline), where);
    }
    /// Throws std::logic_error if the caller is not the owner; std::system_error if it is not for the kernel, as in the
    /// child of a fork() by the owner, which has a lock that the parent has taken.
    void unlock();

    /// Whether the caller has it.
    [[nodiscard]] bool owned() const noexcept {
        return owner_.load(std::memory_order_relaxed) == detail::current_party();
    }
    /// For messages: "priority lock 'a' (0x…), taken at file.cpp:12 by 17"; nothing but the first part while nobody has
    /// it.
    std::string description() const;

private:
    static const detail::OwnedKind kOwnedKind;
    bool lock_until(TimePoint deadline, Place where);
    bool wait_in_kernel(TimePoint deadline);
    void note_taken(Place where) noexcept;

    std::atomic<std::uint32_t> word_{0};
    std::atomic<detail::PartyId> owner_{0};
    std::atomic<Place> taken_at_{};
    const std::string name_;
};

}  // namespace hocket
