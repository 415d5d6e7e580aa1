// Lock: mutual exclusion for threads and tasks, whose deadlocks are errors.
#pragma once
#include <string_view>

#include "hocket/sync/lock_forms.hpp"

namespace hocket {

/// Mutual exclusion among threads and tasks. The one that took it owns it, and only its owner gives it back. Works with
/// std::scoped_lock, std::unique_lock and std::condition_variable_any.
///
/// A wait that could never end is not begun: lock() by the owner, or in a circle of waiting owners, throws
/// DeadlockError, which tells who holds what and waits for what. The timed forms wait in such a case.
///
/// Order: who waits is served first come, first served; a thread that finds the lock free may take it before a thread
/// that has been waiting for less than half a millisecond (see LockCore for why). Thread-safe. Cancellation: a
/// cancelled wait throws CancelledError and takes nothing. Destroy it when nobody holds or wants it.
///
/// Its functions, lock(), try_lock(), try_lock_for(), try_lock_until(), async_lock(), unlock(), owned(), are declared
/// in LockForms.
class Lock : public detail::LockForms<Lock> {
public:
    Lock() : Lock(std::string_view()) {}
    /// `name` shows in reports.
    explicit Lock(std::string_view name) : core_("lock", name) {}

private:
    friend class detail::LockForms<Lock>;
    friend class Condition;
    detail::LockCore core_;
};

}  // namespace hocket
