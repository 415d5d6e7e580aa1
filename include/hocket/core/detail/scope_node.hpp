// Cancellation of tasks: a tree of scopes, as in Trio.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hocket::detail {

class TaskContext;

/// A region of a task's execution, or of several tasks, that is cancelled as one. Level-triggered: once cancelled, each
/// wait inside throws CancelledError until the scope is left. A shielded scope is not reached by the cancellation of
/// those around it.
///
/// Invariant: effectively_cancelled() == cancelled by itself, or not shielded and the parent is effectively cancelled;
/// it is kept up to date downwards, so that a wait reads one flag. Used on its scheduler's thread only; no lock, no
/// atomic.
class ScopeNode {
public:
    /// A scope inside no other, of no task.
    ScopeNode() noexcept = default;
    /// Opens a scope inside `parent`, for the waits of `task`.
    ScopeNode(ScopeNode& parent, TaskContext* task, bool shielded = false) noexcept { open(parent, task, shielded); }
    ScopeNode(const ScopeNode&) = delete;
    ScopeNode& operator=(const ScopeNode&) = delete;
    ~ScopeNode() { close(); }

    void open(ScopeNode& parent, TaskContext* task, bool shielded = false) noexcept;
    /// Takes the scope out of the tree; the scopes inside must have been closed.
    void close() noexcept;

    /// Cancels all waits inside, now and later. The first reason given is kept (none, when there is no memory for it).
    /// Runs no user code: whoever waits is posted.
    void cancel(std::string_view reason) noexcept;
    /// Takes the cancellation back, when no scope is left inside.
    void reset() noexcept;
    /// Whether cancel() was called on this very scope.
    bool cancelled() const noexcept { return cancelled_; }
    /// Whether waits in this scope must throw.
    bool effectively_cancelled() const noexcept { return effective_; }
    /// The reason of the nearest cancelled scope around, which owns the text; empty when there is none.
    std::string_view reason() const noexcept;

    /// Says whether the scope ends the waits inside when its time is up.
    void set_timed(bool timed) noexcept {
        const bool news = timed && !timed_;
        timed_ = timed;
        if (news) limit_waits();
    }
    /// Whether this scope or one that reaches into it does.
    bool time_limited() const noexcept {
        for (const ScopeNode* scope = this; scope; scope = scope->shielded_ ? nullptr : scope->parent_) {
            if (scope->timed_) return true;
        }
        return false;
    }

    ScopeNode* parent() const noexcept { return parent_; }
    TaskContext* task() const noexcept { return task_; }
    /// Iteration over the scopes inside, oldest first.
    ScopeNode* first_child() const noexcept { return first_child_; }
    ScopeNode* next_sibling() const noexcept { return next_; }

private:
    void interrupt_waiting_task() noexcept;
    void limit_waits() noexcept;

    ScopeNode* parent_ = nullptr;
    ScopeNode* first_child_ = nullptr;
    ScopeNode* next_ = nullptr;
    ScopeNode* previous_ = nullptr;  // of the first child: the last one
    TaskContext* task_ = nullptr;
    std::unique_ptr<std::string> reason_;
    bool cancelled_ = false;
    bool effective_ = false;
    bool shielded_ = false;
    bool timed_ = false;
};

inline void ScopeNode::open(ScopeNode& parent, TaskContext* task, bool shielded) noexcept {
    parent_ = &parent;
    task_ = task;
    shielded_ = shielded;
    effective_ = !shielded && parent.effective_;
    next_ = nullptr;
    if (ScopeNode* first = parent.first_child_) {
        previous_ = first->previous_;
        previous_->next_ = this;
        first->previous_ = this;
    } else {
        previous_ = this;
        parent.first_child_ = this;
    }
}

inline void ScopeNode::close() noexcept {
    if (!parent_) return;
    ScopeNode* first = parent_->first_child_;
    if (first == this) {
        parent_->first_child_ = next_;
        if (next_) next_->previous_ = previous_;
    } else {
        previous_->next_ = next_;
        (next_ ? next_ : first)->previous_ = previous_;
    }
    parent_ = nullptr;
}

}  // namespace hocket::detail
