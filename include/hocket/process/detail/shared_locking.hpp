// What can be done with a SharedLock, a SharedRLock and a SharedCondition alike.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <source_location>
#include <string>

#include "hocket/core/errors.hpp"
#include "hocket/process/detail/robust_lock.hpp"
#include "hocket/process/detail/shared_object.hpp"
#include "hocket/process/owner_died_error.hpp"
#include "hocket/sync/detail/standard_guards.hpp"

namespace hocket::detail {

/// A lock's state in shared memory. All but `lock` is written by its owner.
struct LockState {
    RobustLock lock;
    std::atomic<std::uint32_t> owner_process{0};
    std::atomic<std::uint32_t> owner_thread{0};
    std::atomic<std::uint32_t> abandoned{0};  // the one who had it last but these died, and nobody has recovered it
    std::uint32_t depth = 0;                  // how often its owner has taken it again
    std::uint32_t reentrant = 0;              // whether its owner may; never changes
};

/// A handle to a lock. Its functions are those of Lock; a copy is the same lock.
class SharedLocking : public SharedObject {
    using Place = std::source_location;

public:
    /// The guards of the standard library pass on where they were made.
    using TellsPlace = void;

    /// Blocks until the lock is taken. Throws OwnerDiedError, not having taken it, if its last owner died with it;
    /// DeadlockError if the calling thread has it already (and it is no SharedRLock); CancelledError.
    void lock(Place where = Place::current()) const { (void)take(kNever, where); }
    /// Takes the lock if it is free, or a SharedRLock of the caller's. Throws OwnerDiedError.
    [[nodiscard]] bool try_lock(Place where = Place::current()) const;
    /// Blocks for at most `limit`; whether the lock was taken. Throws OwnerDiedError, CancelledError.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit, Place where = Place::current()) const {
        return take(deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the lock was taken. Throws OwnerDiedError, CancelledError.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> deadline,
                                      Place where = Place::current()) const {
        return take(deadline_at(deadline), where);
    }
    /// Throws std::logic_error if the calling thread is not the owner.
    void unlock() const;

    /// Whether the calling thread has it.
    [[nodiscard]] bool owned() const { return lock_state().lock.owned(); }
    /// Whether lock() would throw OwnerDiedError now.
    [[nodiscard]] bool owner_died() const noexcept;
    /// For messages: "shared lock 'a', held by thread 17 of process 12".
    std::string description() const;

protected:
    explicit SharedLocking(const SharedObject& object) noexcept : SharedObject(object) {}
    SharedLocking(const SharedObject& whole, LockState& part) noexcept : SharedObject(whole, &part) {}
    SharedLocking(const Kind& kind, std::string_view name) : SharedObject(kind, name) {}
    SharedLocking(SharedMemory memory, const Kind& kind) : SharedObject(std::move(memory), kind) {}
    /// That of a message, which may be part of another object.
    explicit SharedLocking(InputArchive& archive) : SharedObject(archive, {nullptr, sizeof(LockState)}) {}
    ~SharedLocking() = default;
    SharedLocking(const SharedLocking&) = default;
    SharedLocking(SharedLocking&&) = default;
    SharedLocking& operator=(const SharedLocking&) = default;
    SharedLocking& operator=(SharedLocking&&) = default;

    LockState& lock_state() const noexcept { return state<LockState>(); }
    void allow_reentry() const noexcept { lock_state().reentrant = 1; }
    void recover_lock(Place where) const;
    /// Gives it back wholly, and says how often it had been taken again.
    std::uint32_t unlock_wholly() const;
    /// Takes it, as often, neither cancelled nor timed, even if its owner has died with it meanwhile.
    void lock_again(std::uint32_t depth, Place where) const;
    [[noreturn]] void throw_owner_died() const;

private:
    bool take(TimePoint deadline, Place where) const;
    void was_taken(RobustLock::Result how) const;
};

}  // namespace hocket::detail
