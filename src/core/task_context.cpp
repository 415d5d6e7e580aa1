#include "hocket/core/detail/task_context.hpp"

#include <cstring>

#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/scheduler.hpp"

namespace hocket::detail {

namespace {

// One look at the scheduler for both: what a new task inherits, and from whom.
ContextRef& inherited(std::uint64_t& parent_id) noexcept {
    const Scheduler* here = Scheduler::current();
    TaskContext* parent = here ? here->current_task() : nullptr;
    parent_id = parent ? parent->id() : 0;
    return parent ? parent->context() : current_context();
}

}  // namespace

TaskContext::TaskContext(PromiseBase& root, Scheduler& home, const TaskOrigin& origin)
    : home_(&home),
      scope_(&root_scope_),
      observer_(origin.observer),
      id_(next_party_id() | home.mark()),
      spawned_at_(origin.where),
      context_(inherited(parent_id_)) {
    if (const std::string_view name = origin.name; !name.empty()) {
        name_ = new char[name.size() + 1];
        std::memcpy(name_, name.data(), name.size());
        name_[name.size()] = '\0';
    }
    root_scope_.open(origin.scope, this);
    set_promise(root);
    root.start_in(*this);
}

std::uint64_t TaskContext::id() const noexcept { return number_of(id_); }

TaskContext::~TaskContext() { delete[] name_; }

void TaskContext::throw_cancelled() const { throw cancelled_error(scope_->reason()); }

std::string TaskContext::name() const { return name_ ? name_ : "Task-" + std::to_string(id()); }

void TaskContext::ended(const std::exception_ptr& error) noexcept {
    root_scope_.close();
    if (observer_) observer_->task_ended(error);
}

}  // namespace hocket::detail
