// task_group: a scope that owns the tasks started in it.
#pragma once
#include <concepts>
#include <source_location>
#include <string_view>
#include <utility>

#include "hocket/aio/detail/awaitable.hpp"
#include "hocket/aio/detail/child_set.hpp"
#include "hocket/core/detail/cancel_note.hpp"

namespace hocket {

/// Where the body of task_group() starts its tasks. Belongs to the group's loop.
class TaskGroup {
public:
    explicit TaskGroup(detail::ChildSet& children) noexcept : children_(children) {}
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts `task` beside the body; the group does not end before it has. Its result may be had from the Future or
    /// ignored; its failure is the group's. Also allowed in the group's own tasks, while they run.
    template <class T>
    Future<T> create_task(Task<T> task, std::string_view name = {},
                          std::source_location where = std::source_location::current()) {
        return detail::future_of(children_.spawn(std::move(task), name, where));
    }
    /// Cancels the body and all tasks; the group then ends without an error if nothing else has failed.
    void cancel(std::string_view reason = "the task group was cancelled") {
        cancelled_ = true;
        children_.cancel(detail::CancelNote(reason));
    }
    /// For task_group(): whether cancel() was called.
    bool cancelled() const noexcept { return cancelled_; }

private:
    detail::ChildSet& children_;
    bool cancelled_ = false;
};

/// Calls `body(group)`, a coroutine that starts tasks in the group, and ends when the body and all those tasks have
/// ended. The first failure cancels the rest; when all have ended, everything that failed is thrown as one
/// ExceptionGroup. A task that is cancelled on its own is not a failure; a body that ends by a CancelledError which is
/// not the group's own cancels the rest and passes it on. Cancellation from outside cancels body and tasks, waits for
/// their ends, and throws CancelledError.
template <class Body>
requires std::same_as<std::invoke_result_t<Body&, TaskGroup&>, Task<void>> Task<void> task_group(Body body) {
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    TaskGroup group(children);
    std::exception_ptr left_by;
    try {
        co_await body(group);
    } catch (...) {
        left_by = std::current_exception();
        children.failed(left_by);
    }
    co_await children.join();
    children.leave();
    if (children.first_error()) throw ExceptionGroup("hocket: a task group failed", children.errors());
    children.throw_if_cancelled();
    if (left_by && !group.cancelled()) std::rethrow_exception(left_by);
}

}  // namespace hocket
