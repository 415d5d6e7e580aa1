#include "hocket/core/detail/scope_node.hpp"

#include <exception>

#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

void ScopeNode::interrupt_waiting_task() noexcept {
    // Only the innermost scope of a task has something to interrupt.
    if (task_ && &task_->scope() == this && task_->suspended_on()) task_->suspended_on()->cancel();
}

void ScopeNode::cancel(std::string_view reason) noexcept {
    if (cancelled_) return;
    try {
        if (!reason.empty()) reason_ = std::make_unique<std::string>(reason);
    } catch (const std::exception&) {  // no memory: cancelling matters more than saying why
    }
    cancelled_ = true;
    if (effective_) return;
    effective_ = true;
    interrupt_waiting_task();
    // Depth first through the scopes inside, without recursion: the tree can be deep.
    ScopeNode* scope = first_child_;
    while (scope) {
        const bool enters = !scope->shielded_ && !scope->effective_;
        if (enters) {
            scope->effective_ = true;
            scope->interrupt_waiting_task();
        }
        if (enters && scope->first_child_) {
            scope = scope->first_child_;
            continue;
        }
        while (scope != this && !scope->next_) scope = scope->parent_;
        scope = scope == this ? nullptr : scope->next_;
    }
}

void ScopeNode::reset() noexcept {
    cancelled_ = false;
    effective_ = parent_ && !shielded_ && parent_->effective_;
    reason_.reset();
}

std::string_view ScopeNode::reason() const noexcept {
    for (const ScopeNode* scope = this; scope; scope = scope->shielded_ ? nullptr : scope->parent_) {
        if (scope->cancelled_) return scope->reason_ ? std::string_view(*scope->reason_) : std::string_view();
    }
    return {};
}

void ScopeNode::limit_waits() noexcept {
    const auto limit_wait_in = [](const ScopeNode& scope) {
        if (scope.task_ && &scope.task_->scope() == &scope && scope.task_->suspended_on())
            scope.task_->suspended_on()->limited_in_time();
    };
    limit_wait_in(*this);
    ScopeNode* scope = first_child_;
    while (scope) {
        const bool enters = !scope->shielded_;
        if (enters) limit_wait_in(*scope);
        if (enters && scope->first_child_) {
            scope = scope->first_child_;
            continue;
        }
        while (scope != this && !scope->next_) scope = scope->parent_;
        scope = scope == this ? nullptr : scope->next_;
    }
}

}  // namespace hocket::detail
