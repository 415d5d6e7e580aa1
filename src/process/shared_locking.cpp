#include "hocket/process/detail/shared_locking.hpp"

#include <stdexcept>

#include "hocket/core/errors.hpp"
#include "process_id.hpp"

namespace hocket::detail {

bool SharedLocking::owner_died() const noexcept {
    const LockState& state = lock_state();
    return state.lock.owner_died() || state.abandoned.load(std::memory_order_relaxed) != 0;
}

std::string SharedLocking::description() const {
    const LockState& state = lock_state();
    std::string text = title();
    if (const std::uint32_t thread = state.lock.owner(); thread != 0) {
        text += ", held by thread " + std::to_string(thread) + " of process " +
                std::to_string(state.owner_process.load(std::memory_order_relaxed));
    } else if (owner_died()) {
        text += ", left behind by thread " + std::to_string(state.owner_thread.load(std::memory_order_relaxed)) +
                " of process " + std::to_string(state.owner_process.load(std::memory_order_relaxed));
    }
    return text;
}

void SharedLocking::throw_owner_died() const {
    const LockState& state = lock_state();
    throw OwnerDiedError("hocket: thread " + std::to_string(state.owner_thread.load(std::memory_order_relaxed)) +
                         " of process " + std::to_string(state.owner_process.load(std::memory_order_relaxed)) +
                         " died while it had the " + title() +
                         "; what the lock protects may be half changed: take the lock by recover(), and mend that");
}

// The calling thread has just taken the lock from `how`.
void SharedLocking::was_taken(RobustLock::Result how) const {
    LockState& state = lock_state();
    if (how == RobustLock::Result::taken_from_dead) [[unlikely]] {
        state.depth = 0;
        state.abandoned.store(1, std::memory_order_relaxed);
    }
    if (state.abandoned.load(std::memory_order_relaxed) == 0) [[likely]] {
        state.owner_process.store(current_process_id(), std::memory_order_relaxed);
        state.owner_thread.store(state.lock.owner(), std::memory_order_relaxed);
    }
}

bool SharedLocking::take(TimePoint deadline, Place where) const {
    LockState& state = lock_state();
    if (state.reentrant != 0 && state.lock.owned()) {
        ++state.depth;
        return true;
    }
    const RobustLock::Result how = state.lock.lock(deadline, where, RobustLock::Cancellation::ends_wait);
    switch (how) {
        case RobustLock::Result::taken:
        case RobustLock::Result::taken_from_dead:
            break;
        case RobustLock::Result::mine:
            throw DeadlockError("hocket: lock() of the " + title() +
                                " by the thread that has it already would wait for ever; a SharedRLock can be taken "
                                "again");
        case RobustLock::Result::late:
            return false;
        case RobustLock::Result::cancelled:
            RobustLock::throw_cancelled();
    }
    was_taken(how);
    if (state.abandoned.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        state.lock.unlock();
        throw_owner_died();
    }
    return true;
}

bool SharedLocking::try_lock(Place where) const {
    LockState& state = lock_state();
    (void)where;
    const RobustLock::Result how = state.lock.try_lock();
    if (how == RobustLock::Result::mine && state.reentrant != 0) {
        ++state.depth;
        return true;
    }
    if (how == RobustLock::Result::mine || how == RobustLock::Result::late) return false;
    was_taken(how);
    if (state.abandoned.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        state.lock.unlock();
        throw_owner_died();
    }
    return true;
}

void SharedLocking::recover_lock(Place where) const {
    LockState& state = lock_state();
    const RobustLock::Result how = state.lock.lock(kNever, where, RobustLock::Cancellation::ends_wait);
    if (how == RobustLock::Result::cancelled) RobustLock::throw_cancelled();
    if (how == RobustLock::Result::mine) {
        throw DeadlockError("hocket: recover() of the " + title() +
                            " by the thread that has it already would wait for ever; it is for the one whose lock() "
                            "has thrown OwnerDiedError");
    }
    state.depth = 0;
    // Should this thread die before it gives the lock back, the kernel says so again.
    state.abandoned.store(0, std::memory_order_relaxed);
    was_taken(RobustLock::Result::taken);
}

void SharedLocking::unlock() const {
    LockState& state = lock_state();
    if (!state.lock.owned()) [[unlikely]] {
        throw std::logic_error("hocket: unlock() of the " + description() +
                               (state.lock.owner() == 0 ? ", which nobody holds" : "") +
                               "; only the thread that took a lock may give it back (a SharedSemaphore may be released "
                               "by anybody)");
    }
    if (state.depth != 0) {
        --state.depth;
        return;
    }
    state.lock.unlock();
}

std::uint32_t SharedLocking::unlock_wholly() const {
    LockState& state = lock_state();
    const std::uint32_t depth = state.depth;
    state.depth = 0;
    state.lock.unlock();
    return depth;
}

void SharedLocking::lock_again(std::uint32_t depth, Place where) const {
    LockState& state = lock_state();
    const RobustLock::Result how = state.lock.lock(kNever, where, RobustLock::Cancellation::ignored);
    was_taken(how);
    state.depth = depth;
}

}  // namespace hocket::detail
