// The home of tasks: one thread's run queue, timers and mailbox. The event loop adds I/O to it.
#pragma once
#include <cstdint>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/run_queue.hpp"
#include "hocket/core/detail/scope_node.hpp"
#include "hocket/core/detail/timer_heap.hpp"

namespace hocket::detail {

class TaskContext;

/// One thread, one scheduler. Everything but post() is for the thread that runs it.
class Scheduler {
public:
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    /// The scheduler that runs on this thread right now; null outside of a running loop.
    static Scheduler* current() noexcept { return current_; }

    /// Queues `node` to run on this scheduler. Any thread; wakes the loop only if it sleeps.
    void post(RunNode& node) noexcept {
        if (current_ == this) {
            ready_.push(node);
        } else if (remote_.push(node)) {
            wake();
        }
    }

    /// The present on the loop's clock.
    TimePoint now() const noexcept { return clock_ ? clock_->now() : std::chrono::steady_clock::now(); }
    TimerHeap& timers() noexcept { return timers_; }

    /// The task whose step is being run; null between steps and in callbacks.
    TaskContext* current_task() const noexcept { return current_task_; }
    void set_current_task(TaskContext* task) noexcept { current_task_ = task; }

    /// The scope that all tasks of this scheduler are inside of.
    ScopeNode& root_scope() noexcept { return root_scope_; }

    /// Marks the parties that are tasks of this scheduler (see PartyId); 0 for one of too many.
    std::uint64_t mark() const noexcept { return mark_; }

    /// Cooperative budget: an operation that could go on without suspending asks first; false means that it should
    /// queue itself behind the others. Refilled at each step.
    bool spend_budget() noexcept { return budget_-- > 0; }
    bool has_budget() const noexcept { return budget_ > 0; }

protected:
    static constexpr int kBudget = 64;  // operations without suspension in one step of a task

    explicit Scheduler(Clock* clock) noexcept;
    ~Scheduler();
    /// Makes a sleeping loop look at its mailbox. Any thread; at most one call for each time that it fell asleep.
    virtual void wake() noexcept = 0;

    static inline thread_local constinit Scheduler* current_ = nullptr;
    LocalQueue ready_;
    int budget_ = kBudget;
    TaskContext* current_task_ = nullptr;
    const std::uint64_t mark_;
    Clock* clock_;  // null: the steady clock
    TimerHeap timers_;
    ScopeNode root_scope_;
    alignas(64) RemoteQueue remote_;  // written by other threads: on a line of its own
};

}  // namespace hocket::detail
