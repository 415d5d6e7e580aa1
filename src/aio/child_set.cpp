#include "hocket/aio/detail/child_set.hpp"

#include "running_task.hpp"

namespace hocket::detail {

ChildSet::ChildSet(OnError on_error)
    : owner_(running_task("hocket: tasks can only be gathered inside a task")),
      outer_(&owner_.scope()),
      scope_(*outer_, &owner_),
      on_error_(on_error) {
    owner_.set_scope(scope_);
}

void ChildSet::leave() noexcept {
    if (!entered_) return;
    entered_ = false;
    owner_.set_scope(*outer_);
}

std::vector<std::exception_ptr> ChildSet::errors() const {
    std::vector<std::exception_ptr> all;
    if (!first_error_) return all;
    all.reserve(1 + more_errors_.size());
    all.push_back(first_error_);
    all.insert(all.end(), more_errors_.begin(), more_errors_.end());
    return all;
}

void ChildSet::failed(std::exception_ptr error) noexcept {
    if (!is_cancellation(error)) {
        if (!first_error_) {
            first_error_ = std::move(error);
        } else {
            try {
                more_errors_.push_back(error);
            } catch (const std::bad_alloc&) {
                SharedStateBase::report_lost(error, "a task of a group, whose first error is thrown,");
            }
        }
    }
    if (on_error_ == OnError::cancel_others) scope_.cancel("another task of the group failed");
}

void ChildSet::task_ended(const std::exception_ptr& error) noexcept {
    --running_;
    if (error) failed(error);
    if (running_ == 0 && joiner_) {
        JoinAwaiter* joiner = joiner_;
        joiner_ = nullptr;
        joiner->all_ended();
    }
}

}  // namespace hocket::detail
