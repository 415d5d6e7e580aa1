// The home of tasks: one thread's run queue, timers and mailbox. The event loop adds I/O to it.
#pragma once
#include <cstdint>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/run_queue.hpp"
#include "hocket/core/detail/scope_node.hpp"
#include "hocket/core/detail/timer_heap.hpp"

namespace hocket::detail {

class TaskContext;

/// Where the mark of a scheduler begins in the ids of its tasks (see PartyId).
inline constexpr int kMarkShift = 48;

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

    /// The same for a list of nodes, linked from the first to the last, on the scheduler's own thread.
    void post_here(RunNode& first, RunNode& last) noexcept { ready_.push(first, last); }

    /// The same from a signal handler, which may have interrupted this very scheduler.
    void post_from_signal(RunNode& node) noexcept {
        if (remote_.push(node)) wake();
    }

    /// The present on the loop's clock.
    TimePoint now() const noexcept { return clock_ ? clock_->now() : std::chrono::steady_clock::now(); }
    /// That clock; null for the steady one.
    Clock* clock() const noexcept { return clock_; }
    TimerHeap& timers() noexcept { return timers_; }
    /// When the loop began its present turn or one shortly before, in milliseconds on its clock. Wraps around.
    std::uint32_t turn_began() const noexcept { return turn_began_; }

    /// The task whose step is being run; null between steps and in callbacks.
    TaskContext* current_task() const noexcept { return current_task_; }
    void set_current_task(TaskContext* task) noexcept { current_task_ = task; }

    /// The scope that all tasks of this scheduler are inside of.
    ScopeNode& root_scope() noexcept { return root_scope_; }

    /// Marks the parties that are tasks of this scheduler (see PartyId); 0 for one of too many.
    std::uint64_t mark() const noexcept { return mark_; }
    /// The same in little room.
    std::uint16_t short_mark() const noexcept { return static_cast<std::uint16_t>(mark_ >> kMarkShift); }

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
    std::uint32_t turn_began_ = 0;
    const std::uint64_t mark_;
    Clock* clock_;  // null: the steady clock
    TimerHeap timers_;
    ScopeNode root_scope_;
    alignas(64) RemoteQueue remote_;  // written by other threads: on a line of its own
};

}  // namespace hocket::detail
