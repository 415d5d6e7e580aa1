// SharedLock, SharedRLock: mutual exclusion among processes, whose owners may die.
#pragma once
#include <mutex>
#include <source_location>
#include <string_view>

#include "hocket/process/detail/shared_locking.hpp"

namespace hocket {
namespace detail {
class SharedData;
}

/// Mutual exclusion among the threads of any number of processes. It is a handle: copies are the same lock, in this
/// process and, as an argument or message, in others. Works with std::scoped_lock and std::unique_lock.
///
/// A lock whose owner ends without giving it back, killed for example, is free again at once, and nobody may use what
/// it protects as if nothing had happened: lock() throws OwnerDiedError, for each who tries, until one takes it by
/// recover().
///
///     try {
///         std::scoped_lock guard(lock);
///         ...
///     } catch (const hk::OwnerDiedError&) {
///         auto guard = lock.recover();
///         // look at what is protected, and mend it
///     }
///
/// The owner is a thread, not a task: a task that waits for the lock blocks its loop, and so does what it does while it
/// has it. Order: whoever comes first when it is given back. Thread-safe. Cancellation: a cancelled wait throws
/// CancelledError and takes nothing. The handle must live as long as the lock is held by it.
///
/// Its functions, lock(), try_lock(), try_lock_for(), try_lock_until(), unlock(), owned(), owner_died(),
/// description(), descriptor(), are declared in SharedLocking and SharedObject.
class SharedLock : public detail::SharedLocking {
public:
    SharedLock() : SharedLock(std::string_view()) {}
    /// A new lock. `name` shows in messages. Throws std::system_error.
    explicit SharedLock(std::string_view name) : SharedLocking(kind(), name) {}
    explicit SharedLock(InputArchive& archive) : SharedLocking(archive) {}
    /// The lock of another process, by the descriptor of it that this one has, and keeps. Throws
    /// std::invalid_argument if it is none.
    static SharedLock from_descriptor(int descriptor) { return SharedLock(SharedMemory::from_descriptor(descriptor)); }

    /// Takes the lock, blocking, even if its last owner died with it, and makes it as it was before that.
    [[nodiscard("the lock is given back at once if its guard is not kept")]] std::unique_lock<SharedLock> recover(
        std::source_location where = std::source_location::current()) {
        recover_lock(where);
        return std::unique_lock<SharedLock>(*this, std::adopt_lock);
    }

private:
    friend class detail::SharedData;
    SharedLock(const detail::SharedObject& whole, detail::LockState& part) noexcept : SharedLocking(whole, part) {}
    explicit SharedLock(SharedMemory memory) : SharedLocking(std::move(memory), kind()) {}
    static Kind kind() noexcept { return {"shared lock", sizeof(detail::LockState)}; }
};

/// As SharedLock, but the thread that owns it may take it again, and then gives it back as often.
class SharedRLock : public detail::SharedLocking {
public:
    SharedRLock() : SharedRLock(std::string_view()) {}
    explicit SharedRLock(std::string_view name) : SharedLocking(kind(), name) { allow_reentry(); }
    explicit SharedRLock(InputArchive& archive) : SharedLocking(archive) {}
    static SharedRLock from_descriptor(int descriptor) {
        return SharedRLock(SharedMemory::from_descriptor(descriptor));
    }

    /// As SharedLock::recover().
    [[nodiscard("the lock is given back at once if its guard is not kept")]] std::unique_lock<SharedRLock> recover(
        std::source_location where = std::source_location::current()) {
        recover_lock(where);
        return std::unique_lock<SharedRLock>(*this, std::adopt_lock);
    }

private:
    explicit SharedRLock(SharedMemory memory) : SharedLocking(std::move(memory), kind()) {}
    static Kind kind() noexcept { return {"shared rlock", sizeof(detail::LockState)}; }
};

}  // namespace hocket
