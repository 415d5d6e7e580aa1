// The one Future of the library: a result to come, that threads block on and coroutines await.
#pragma once
#include <coroutine>
#include <string_view>
#include <utility>

#include "hocket/core/detail/task_context.hpp"
#include "hocket/futures/detail/shared_state.hpp"

namespace hocket {
namespace detail {

/// Waits for a shared state. When the waiting task is cancelled, the producer is asked to stop, and the wait goes on
/// until it has.
template <class T, bool Moves, bool Shielded = false>
class [[nodiscard]] FutureAwaiter : public Waiter {
public:
    explicit FutureAwaiter(StateRef<SharedState<T>> state) noexcept : state_(std::move(state)) {}

    bool await_ready() const noexcept { return state_->done(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        set_promise(caller.promise());
        if (task().cancel_pending()) {
            if (Shielded) return false;
            state_->request_cancel(task().scope().reason());
        }
        suspend();
        if (state_->wait_with(*this)) return true;
        unsuspend();
        return false;
    }
    decltype(auto) await_resume() {
        if (Shielded && !state_->done()) task().throw_cancelled();
        state_->mark_retrieved();
        if constexpr (Moves) {
            return take();
        } else {
            return static_cast<typename Outcome<T>::ConstReference>(state_->outcome().value());
        }
    }
    void cancel() noexcept override {
        if (Shielded) {
            interrupt(WaitOutcome::cancelled);
        } else {
            state_->request_cancel(task().scope().reason());
        }
    }

private:
    TaskContext& task() const noexcept { return *promise()->task(); }
    T take() {
        if constexpr (std::is_copy_constructible_v<T>) {
            if (state_->shared()) return state_->outcome().value();
        }
        return std::move(state_->outcome()).value();
    }

    StateRef<SharedState<T>> state_;
};

}  // namespace detail

/// A handle to a result that a task, a job or a Promise will deliver. Copies share the one result. Thread-safe as a
/// shared_ptr is: the result may be waited for from anywhere, each handle belongs to one thread at a time.
///
/// A result that is an exception and that nobody has looked at is reported when the last handle is gone.
template <class T>
class Future {
public:
    using Result = T;
    /// A handle to nothing.
    Future() noexcept = default;

    bool valid() const noexcept { return static_cast<bool>(state_); }
    /// Whether the result (a value, an exception, or cancellation) is there.
    bool done() const { return state().done(); }
    /// Whether the work ended by cancellation.
    bool cancelled() const { return state().cancelled(); }

    /// Blocks the calling thread until the result is there, and returns it or throws its exception (CancelledError if
    /// the work was cancelled). Throws DeadlockError on an event loop's thread, where `co_await` is the way to wait,
    /// and CancelledError when this thread is cancelled; the work goes on then.
    decltype(auto) result() const& {
        state().block_until(kNever);
        state().mark_retrieved();
        return static_cast<typename Outcome<T>::ConstReference>(state().outcome().value());
    }
    /// The same for a handle that is given up: moves the value out if no other handle is left (and always if it can't
    /// be copied).
    T result() && {
        state().block_until(kNever);
        return take();
    }
    /// Both forms again, but they throw TimeoutError when the result is not there after `limit`.
    template <class Rep, class Period>
    decltype(auto) result_for(std::chrono::duration<Rep, Period> limit) const& {
        block_for(detail::to_nanoseconds(limit));
        return result();
    }
    template <class Rep, class Period>
    T result_for(std::chrono::duration<Rep, Period> limit) && {
        block_for(detail::to_nanoseconds(limit));
        return take();
    }
    /// Blocks like result(), and returns the exception, or null if there is a value.
    std::exception_ptr exception() const {
        state().block_until(kNever);
        state().mark_retrieved();
        return state().outcome().error();
    }

    /// Asks the work to stop: a task gets CancelledError from its current or next wait. Returns false when the result
    /// is there already; true does not mean that the work has ended, nor that it will not complete after all.
    bool cancel(std::string_view reason = {}) const { return state().request_cancel(reason); }

    /// Awaits the result: a reference into the shared state from a named Future, the value from a temporary or moved
    /// one. Cancelling the awaiting task cancels the work and waits for its end; see shield() for the other way.
    detail::FutureAwaiter<T, false> operator co_await() const& { return detail::FutureAwaiter<T, false>(checked()); }
    detail::FutureAwaiter<T, true> operator co_await() && {
        auto state = checked();
        state_ = {};
        return detail::FutureAwaiter<T, true>(std::move(state));
    }

    /// For the library: the handle to a state, taking over one reference.
    explicit Future(detail::StateRef<detail::SharedState<T>> state) noexcept : state_(std::move(state)) {}
    const detail::StateRef<detail::SharedState<T>>& checked() const {
        if (!state_) throw InvalidStateError("hocket: this Future is a handle to nothing");
        return state_;
    }

private:
    detail::SharedState<T>& state() const { return *checked(); }
    void block_for(Duration limit) const {
        if (!state().block_until(detail::saturating_add(std::chrono::steady_clock::now(), limit)))
            throw TimeoutError("hocket: the result was not there within the time limit");
    }
    T take() {
        state().mark_retrieved();
        if constexpr (std::is_copy_constructible_v<T>) {
            if (state().shared()) return state().outcome().value();
        }
        return std::move(state().outcome()).value();
    }

    detail::StateRef<detail::SharedState<T>> state_;
};

}  // namespace hocket
