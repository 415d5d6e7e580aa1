// RLock: a lock that its owner may take again.
#pragma once
#include "hocket/sync/lock.hpp"

namespace hocket {

/// As Lock, but the thread or task that owns it may take it again, and then gives it back as often. A task is an owner
/// of its own: it neither shares the lock with the thread that runs its loop nor with the task that spawned it.
class RLock : public detail::LockForms<RLock> {
public:
    RLock() : RLock(std::string_view()) {}
    /// `name` shows in reports.
    explicit RLock(std::string_view name) : core_("rlock", name, detail::LockCore::Reentry::allowed) {}

private:
    friend class detail::LockForms<RLock>;
    friend class Condition;
    detail::LockCore core_;
};

}  // namespace hocket
