// One wait of a coroutine in a wait queue: what the awaiters of all primitives have in common.
#pragma once
#include <coroutine>

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

/// Throws in a task that is cancelled already, as every wait does: for one that may go on without waiting.
inline void refuse_if_cancelled() {
    const TaskContext* const task = Scheduler::current()->current_task();
    if (task->cancel_pending()) task->throw_cancelled();
}

/// Base of an awaiter `Derived` that has
///     bool try_now();        takes what it wants if there is no need to wait
///     bool take_or_queue();  the same, else adds itself to a WaitQueue; true when it took it. May throw. Before it
///                            calls code of the program, which may cancel the task, it calls unsuspend().
/// and an await_resume() that begins with check().
///
/// In a cancelled scope it throws CancelledError at once, without taking anything. One that need not wait goes on
/// without suspending, until the task's cooperative budget is spent. Cancelled while it waits, it takes nothing and
/// loses its place in the line.
template <class Derived>
class QueueAwaiter : public Waiter {
public:
    bool await_ready() {
        Scheduler& home = *Scheduler::current();
        if (home.current_task()->cancel_pending()) return refused_ = true;
        return home.spend_budget() && derived().try_now();
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        set_promise(caller.promise());
        suspend();  // from the moment that it is queued, it may be woken
        try {
            if (!derived().take_or_queue()) return true;
        } catch (...) {
            unsuspend();
            throw;
        }
        // It has what it wants. If the budget is spent it goes behind the others nevertheless.
        end_unqueued();
        if (Scheduler::current()->has_budget()) {
            unsuspend();
            return false;
        }
        post();
        return true;
    }

protected:
    QueueAwaiter() noexcept = default;
    ~QueueAwaiter() = default;
    /// Throws CancelledError if the wait was cancelled, or not begun because of that.
    void check() const {
        if (refused_) Scheduler::current()->current_task()->throw_cancelled();
        if (outcome() == WaitOutcome::cancelled) promise()->task()->throw_cancelled();
    }

private:
    Derived& derived() noexcept { return static_cast<Derived&>(*this); }
    bool refused_ = false;
};

}  // namespace hocket::detail
