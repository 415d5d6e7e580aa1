#include "hocket/aio/detail/child_set.hpp"

namespace hocket::detail {
namespace {

TaskContext& current_task() {
    Scheduler* scheduler = Scheduler::current();
    if (!scheduler || !scheduler->current_task())
        throw InvalidStateError("hocket: tasks can only be gathered inside a task");
    return *scheduler->current_task();
}

}  // namespace

ChildSet::ChildSet(OnError on_error)
    : owner_(current_task()), outer_(&owner_.scope()), scope_(*outer_, &owner_), on_error_(on_error) {
    owner_.set_scope(scope_);
}

void ChildSet::leave() noexcept {
    if (!entered_) return;
    entered_ = false;
    owner_.set_scope(*outer_);
}

void ChildSet::failed(std::exception_ptr error) noexcept {
    if (!is_cancellation(error)) errors_.push_back(std::move(error));
    if (on_error_ == OnError::cancel_others) scope_.cancel("another task of the group failed");
}

void ChildSet::task_ended(std::exception_ptr error) noexcept {
    --running_;
    if (error) failed(std::move(error));
    if (running_ == 0 && joiner_) {
        JoinAwaiter* joiner = joiner_;
        joiner_ = nullptr;
        joiner->all_ended();
    }
}

}  // namespace hocket::detail
