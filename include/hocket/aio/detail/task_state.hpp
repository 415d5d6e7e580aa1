// A spawned task: its coroutine, its context, and the state that its Futures share, in one block.
#pragma once
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/aio/task.hpp"
#include "hocket/core/detail/is_cancellation.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/futures/future.hpp"

namespace hocket::detail {

/// Keeps the first reason given for a cancellation (none, when there is no memory for it). Any thread.
void note_reason(std::atomic<std::string*>& place, std::string_view reason) noexcept;

/// A spawned task. As a Suspension it is queued for its first step, and later when it is to be cancelled, which may be
/// asked for by any thread at any time.
///
/// Invariant: until the task ends one reference is its own, dropped on its home thread. So when that is the only one,
/// no handle exists or can come to be, and nobody waits or cancels.
template <class T>
class TaskState final : public SharedState<T>, public TaskContext {
public:
    TaskState(TaskPromise<T>& root, Scheduler& home, const TaskOrigin& origin)
        : SharedState<T>(2),  // the caller's reference and that of the running task
          TaskContext(root, home, origin) {}
    ~TaskState() { delete reason_.load(std::memory_order_relaxed); }
    /// Queues the first step.
    void start() noexcept { this->home().post(*this); }
    bool request_cancel(std::string_view reason) override {
        if (this->done()) return false;
        note_reason(reason_, reason);
        // Under the lock the task cannot complete, so its loop is alive: the one reason to post while holding it.
        WaitQueue::Lock lock(this->waiters_);
        if (this->done()) return false;
        if (signals_.fetch_or(kCancel, std::memory_order_acq_rel) == 0) {
            this->add_reference();
            this->home().post(*this);
        }
        return true;
    }
    void root_finished() noexcept override {
        auto root = std::coroutine_handle<TaskPromise<T>>::from_address(this->promise()->handle().address());
        try {
            this->outcome_ = std::move(root.promise().outcome());
        } catch (...) {
            this->outcome_.set_error(std::current_exception());  // moving the result failed
        }
        root.destroy();
        std::exception_ptr error = this->outcome_.error();
        const bool cancelled = error && is_cancellation(error);
        if (cancelled) error = nullptr;
        if (error && this->observed()) this->mark_retrieved();
        this->shared() ? this->finish_completion(cancelled) : this->finish_alone(cancelled);
        this->ended(error);
        this->drop_reference();
    }

    PartyId producer() const noexcept override { return this->done() ? 0 : this->party(); }
    std::string description() const override { return "the result of task '" + TaskContext::name() + "'"; }

    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* state, std::size_t size) noexcept { FrameHeap::deallocate(state, size); }

private:
    static constexpr std::uint8_t kStart = 1, kCancel = 2;

    void run() noexcept override {
        const std::uint8_t signals = take_signals();
        if ((signals & kCancel) && !this->done()) {
            const std::string* reason = reason_.load(std::memory_order_acquire);
            this->cancel_all(reason ? std::string_view(*reason) : std::string_view());
        }
        if (signals & kStart) {
            Suspension::run();
        } else {
            this->drop_reference();
        }
    }
    std::uint8_t take_signals() noexcept {
        if (this->shared()) return signals_.exchange(0, std::memory_order_acq_rel);
        const std::uint8_t signals = signals_.load(std::memory_order_relaxed);  // shared() has acquired it
        signals_.store(0, std::memory_order_relaxed);
        return signals;
    }
    void drop() noexcept override { this->drop_reference(); }
    bool holds_other_reference() const noexcept override {
        return Scheduler::current() == &this->home() && !this->done();
    }
    void destroy() noexcept override {
        const std::exception_ptr error = this->outcome_.error();
        if (this->is_lost(error)) this->report_lost(error, TaskContext::name());
        delete this;
    }

    // Not 0: queued. A queued cancellation holds a reference; a queued start lives on the task's own.
    std::atomic<std::uint8_t> signals_{kStart};
    std::atomic<std::string*> reason_{nullptr};
};

/// Makes `task` a task of its own on `home`, and queues its first step.
template <class T>
StateRef<TaskState<T>> spawn(Task<T>&& task, Scheduler& home, const TaskOrigin& origin) {
    auto root = task.release();
    TaskState<T>* state = nullptr;
    try {
        state = new TaskState<T>(root.promise(), home, origin);
    } catch (...) {
        root.destroy();
        throw;
    }
    state->start();
    return StateRef<TaskState<T>>(state);
}

/// The Future of a spawned task.
template <class T>
Future<T> future_of(StateRef<TaskState<T>> state) {
    return Future<T>(StateRef<SharedState<T>>(state.release()));
}

}  // namespace hocket::detail
