// What a task is, whatever the type of its result: its home, its cancellation scope, its name and origin.
#pragma once
#include <cstdint>
#include <exception>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/core/detail/context.hpp"
#include "hocket/core/detail/coroutine.hpp"
#include "hocket/core/detail/scope_node.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/core/errors.hpp"

namespace hocket::detail {

class Scheduler;

/// Told on the scheduler's thread when a task has ended: how a group learns of its children. It takes care of the
/// error.
class TaskObserver {
public:
    /// `error` is null for a task that ended with a value or by cancellation.
    virtual void task_ended(const std::exception_ptr& error) noexcept = 0;

protected:
    ~TaskObserver() = default;
};

/// Where a task comes from: its place in the tree of scopes, who is told of its end (null: nobody), its name (empty:
/// none), and where it was spawned. Passed as one, by reference, which is what makes spawning cheap.
struct TaskOrigin {
    TaskOrigin(ScopeNode& scope, TaskObserver* observer, std::string_view name, std::source_location where) noexcept
        : scope(scope), observer(observer), name(name), where(where) {}
    ScopeNode& scope;
    TaskObserver* observer;
    std::string_view name;
    std::source_location where;
};

/// Everything that a coroutine inherits hangs off this, reached by one pointer in its promise. Lives on one scheduler
/// for ever. As a Suspension it is what the outermost coroutine waits for before its first step.
class TaskContext : public Suspension {
public:
    TaskContext(const TaskContext&) = delete;
    TaskContext& operator=(const TaskContext&) = delete;

    Scheduler& home() const noexcept { return *home_; }

    /// The innermost scope that the task is in.
    ScopeNode& scope() noexcept { return *scope_; }
    /// Enters or leaves a scope of this task.
    void set_scope(ScopeNode& scope) noexcept { scope_ = &scope; }
    /// Whether a wait must throw instead of waiting.
    bool cancel_pending() const noexcept { return scope_->effectively_cancelled(); }
    /// Cancels every wait of this task, in whichever scope, and of the tasks in its groups. Home thread.
    void cancel_all(std::string_view reason) noexcept { root_scope_.cancel(reason); }
    /// Throws the CancelledError of the present scope.
    [[noreturn]] void throw_cancelled() const;

    /// The values of context variables: its own, inherited from its spawner when it was made.
    ContextRef& context() noexcept { return context_; }

    /// Null while the task runs or is ready to run.
    Suspension* suspended_on() const noexcept { return suspended_on_; }
    /// When it was last suspended, as Scheduler::turn_began() tells time.
    std::uint32_t suspended_since() const noexcept { return suspended_since_; }

    /// Unique in this process, from 1.
    std::uint64_t id() const noexcept;
    /// The same with the scheduler's mark: a PartyId.
    std::uint64_t party() const noexcept { return id_; }
    /// The task that spawned this one; 0 for none.
    std::uint64_t parent_id() const noexcept { return parent_id_; }
    /// The given name, or "Task-<id>".
    std::string name() const;
    std::source_location spawned_at() const noexcept { return spawned_at_; }

    /// The outermost scope of the task: its place in the tree of tasks.
    const ScopeNode& root_scope() const noexcept { return root_scope_; }

    /// The outermost coroutine has reached its end: takes over its result and ends the task.
    virtual void root_finished() noexcept = 0;

protected:
    /// `root`: the outermost coroutine.
    TaskContext(PromiseBase& root, Scheduler& home, const TaskOrigin& origin);
    ~TaskContext();
    bool observed() const noexcept { return observer_ != nullptr; }
    /// Leaves the scope tree and tells the observer.
    void ended(const std::exception_ptr& error) noexcept;

private:
    friend class Suspension;
    void cancel() noexcept override {}  // its first wait will find the cancellation
    Scheduler* home_;
    ScopeNode* scope_;
    Suspension* suspended_on_ = nullptr;
    TaskObserver* observer_;
    std::uint64_t id_;
    std::uint64_t parent_id_;
    char* name_ = nullptr;  // owned; null: unnamed, which most tasks are
    std::source_location spawned_at_;
    ContextRef context_;
    [[no_unique_address]] ScopeNode root_scope_;
    std::uint32_t suspended_since_ = 0;  // in the padding of the scope
};

}  // namespace hocket::detail
