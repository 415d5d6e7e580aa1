// From any thread to a running event loop: a coroutine goes in, a Future comes back.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "hocket/aio/event_loop.hpp"
#include "hocket/futures/promise.hpp"

namespace hocket {
namespace detail {

/// The result of a task that another thread hands to a loop, before, while and after that is one of the loop's tasks.
///
/// Invariant: `task_` is set once, on the loop's thread, under `mutex_`, under which a cancellation is either kept in
/// `reason_` for it to find or passed on to it.
template <class T>
class CrossingState final : public PromiseState<T>, public RunNode {
public:
    CrossingState(Task<T> work, EventLoop& loop, std::string_view name, std::source_location where)
        : loop_(loop), work_(std::move(work)), name_(name), where_(where), context_(current_context()) {}

    bool request_cancel(std::string_view reason) override {
        if (this->done()) return false;
        StateRef<TaskState<void>> task;
        {
            std::scoped_lock guard(mutex_);
            task = task_;
            if (!task && !reason_) reason_.emplace(reason);
        }
        // The task's own answer: it may have ended by this very cancellation before one could ask again.
        return !task || task->request_cancel(reason);
    }
    PartyId producer() const noexcept override {
        std::scoped_lock guard(mutex_);
        return task_ && !this->done() ? task_->producer() : 0;
    }
    std::string description() const override { return "the result of task '" + name_ + "' of another event loop"; }

private:
    std::string_view producer_name() const noexcept override { return name_; }
    // On the loop. The reference is the one of the queue.
    void run() noexcept override {
        const StateRef<CrossingState> self(this);
        try {
            std::scoped_lock guard(mutex_);
            if (!reason_) {
                const EnterContext inherited(context_);
                task_ = spawn(deliver(self, std::move(work_)), loop_, {loop_.root_scope(), nullptr, name_, where_});
                return;
            }
        } catch (...) {
            fail(std::current_exception());
            return;
        }
        drop_work(*reason_);
    }
    // The loop was closed first.
    void drop() noexcept override {
        const StateRef<CrossingState> self(this);
        drop_work("the event loop was closed");
    }
    // It was never begun, and is not going to be.
    void drop_work(std::string_view reason) noexcept {
        work_.release().destroy();
        (void)PromiseState<T>::request_cancel(reason);
    }
    void fail(std::exception_ptr error) noexcept {
        const bool cancelled = is_cancellation(error);
        (void)this->complete(cancelled, [&](Outcome<T>& outcome) { outcome.set_error(std::move(error)); });
    }
    static Task<void> deliver(StateRef<CrossingState> to, Task<T> work) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(work);
                (void)to->complete(false, [](Outcome<T>& outcome) { outcome.set_value(); });
            } else {
                auto&& value = co_await std::move(work);
                (void)to->complete(
                    false, [&](Outcome<T>& outcome) { outcome.set_value(std::forward<decltype(value)>(value)); });
            }
        } catch (...) {
            to->fail(std::current_exception());
        }
    }

    EventLoop& loop_;
    Task<T> work_;
    std::string name_;
    std::source_location where_;
    ContextRef context_;
    mutable std::mutex mutex_;
    StateRef<TaskState<void>> task_;
    std::optional<std::string> reason_;
};

}  // namespace detail

/// Hands `task` to `loop`, which runs it as create_task() would, and returns the Future of its result, to be blocked on
/// or awaited anywhere. The task inherits the caller's context variables. Cancelling the Future cancels the task. If
/// the loop is closed first, the task is cancelled. Any thread. Throws InvalidStateError if the loop is closed.
template <class T>
Future<T> run_coroutine_threadsafe(Task<T> task, EventLoop& loop, std::string_view name = {},
                                   std::source_location where = std::source_location::current()) {
    detail::StateRef<detail::CrossingState<T>> state(
        new detail::CrossingState<T>(std::move(task), loop, name.empty() ? "run_coroutine_threadsafe" : name, where));
    state->add_reference();  // of the queue
    try {
        loop.post_unless_closed(*state);
    } catch (...) {
        state->drop_reference();
        throw;
    }
    return Future<T>(detail::StateRef<detail::SharedState<T>>(state.release()));
}

}  // namespace hocket
