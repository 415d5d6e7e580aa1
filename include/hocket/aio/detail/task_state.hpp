// A spawned task: its coroutine, its context, and the state that its Futures share, in one block.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "hocket/aio/task.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/futures/future.hpp"

namespace hocket::detail {

/// What a task's scheduler is to do with it: start it, cancel it. A node of its own, since a cancellation may arrive
/// from any thread at any time.
class TaskSignal final : public RunNode {
public:
    TaskSignal(TaskContext& task, SharedStateBase& state) noexcept : task_(task), state_(state) {}
    ~TaskSignal() { delete reason_.load(std::memory_order_relaxed); }
    /// Home thread, once.
    void start(PromiseBase& root) noexcept;
    /// Any thread, while the task cannot end. The first reason is kept (none, when there is no memory for it).
    void cancel(std::string_view reason) noexcept;
    void run() noexcept override;
    void drop() noexcept override { state_.drop_reference(); }

private:
    static constexpr std::uint8_t kStart = 1, kCancel = 2;
    TaskContext& task_;
    SharedStateBase& state_;
    PromiseBase* root_ = nullptr;
    std::atomic<std::string*> reason_{nullptr};
    // Not 0: the node is queued. A queued cancellation holds a reference to the state; a queued start lives on the
    // task's own.
    std::atomic<std::uint8_t> pending_{0};
};

/// Whether `error` is a CancelledError.
bool is_cancellation(const std::exception_ptr& error) noexcept;

template <class T>
class TaskState final : public SharedState<T>, public TaskContext {
public:
    TaskState(std::coroutine_handle<TaskPromise<T>> root, Scheduler& home, ScopeNode& scope, TaskObserver* observer,
              std::string_view name, std::source_location spawned_at)
        : SharedState<T>(2),  // the caller's reference and that of the running task
          TaskContext(home, scope, observer, name, spawned_at),
          root_(root),
          signal_(*this, *this) {
        root_.promise().start_in(*this);
    }
    /// Queues the first step.
    void start() noexcept { signal_.start(root_.promise()); }
    bool request_cancel(std::string_view reason) override {
        // Under the lock the task cannot complete, so its loop is alive.
        WaitQueue::Lock lock(this->waiters_);
        if (this->done()) return false;
        signal_.cancel(reason);
        return true;
    }
    void root_finished() noexcept override {
        this->begin_completion();
        try {
            this->outcome_ = std::move(root_.promise().outcome());
        } catch (...) {
            this->outcome_.set_error(std::current_exception());  // moving the result failed
        }
        root_.destroy();
        std::exception_ptr error = this->outcome_.error();
        const bool cancelled = error && is_cancellation(error);
        if (cancelled) error = nullptr;
        if (error && this->observed()) this->mark_retrieved();
        this->finish_completion(cancelled);
        this->ended(std::move(error));
        this->drop_reference();
    }

    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* state, std::size_t size) noexcept { FrameHeap::deallocate(state, size); }

private:
    void destroy() noexcept override {
        const std::exception_ptr error = this->outcome_.error();
        if (this->is_lost(error)) this->report_lost(error, TaskContext::name());
        delete this;
    }

    std::coroutine_handle<TaskPromise<T>> root_;
    TaskSignal signal_;
};

/// Makes `task` a task of its own on `home`, inside `scope`, and queues its first step.
template <class T>
StateRef<TaskState<T>> spawn(Task<T> task, Scheduler& home, ScopeNode& scope, TaskObserver* observer,
                             std::string_view name, std::source_location spawned_at) {
    auto root = task.release();
    TaskState<T>* state = nullptr;
    try {
        state = new TaskState<T>(root, home, scope, observer, name, spawned_at);
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
    state->add_reference();
    return Future<T>(StateRef<SharedState<T>>(&*state));
}

}  // namespace hocket::detail
