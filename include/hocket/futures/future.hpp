// The one Future of the library: a result to come, that threads block on and coroutines await.
#pragma once
#include <coroutine>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hocket/core/detail/task_context.hpp"
#include "hocket/futures/detail/shared_state.hpp"

namespace hocket {
namespace detail {

/// Waits for a shared state. When the waiting task is cancelled, the producer is asked to stop, and the wait goes on
/// until it has.
template <class T, bool Moves, bool Shielded = false>
class [[nodiscard]] FutureAwaiter : public StateWaiter {
public:
    explicit FutureAwaiter(StateRef<SharedState<T>> state) noexcept
        : StateWaiter(StateRef<SharedStateBase>(state.release())) {}

    bool await_ready() const noexcept { return state().done(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        set_promise(caller.promise());
        if (task().cancel_pending()) {
            if (Shielded) return false;
            state().request_cancel(task().scope().reason());
        }
        suspend();
        try {
            enter();
            if (state().wait_with(*this)) return true;
        } catch (...) {
            unsuspend();
            throw;
        }
        unsuspend();
        return false;
    }
    decltype(auto) await_resume() {
        leave();
        if (Shielded && !state().done()) task().throw_cancelled();
        state().mark_retrieved();
        if constexpr (Moves) {
            return take();
        } else {
            return static_cast<typename Outcome<T>::ConstReference>(outcome_of().value());
        }
    }
    void cancel() noexcept override {
        if (Shielded) {
            interrupt(WaitOutcome::cancelled);
        } else {
            state().cancel_quietly(task().scope().reason());
        }
    }

private:
    Outcome<T>& outcome_of() const noexcept { return static_cast<SharedState<T>&>(state()).outcome(); }
    T take() {
        if constexpr (std::is_copy_constructible_v<T>) {
            if (state().shared()) return outcome_of().value();
        }
        return std::move(outcome_of()).value();
    }
};

/// A function that is called with a Future when that is done. Deletes itself.
template <class T, class F>
class DoneCallback final : public Waiter {
public:
    DoneCallback(StateRef<SharedState<T>> state, F function)
        : Waiter(Kind::calls_back), state_(std::move(state)), function_(std::move(function)) {}
    void run() noexcept override;

private:
    ~DoneCallback() = default;
    StateRef<SharedState<T>> state_;
    F function_;
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
    /// the work was cancelled). Throws CancelledError when this thread is cancelled (the work goes on then), and
    /// DeadlockError where the wait could never end: if the work waits for this thread, task or job, and on an event
    /// loop's thread, where `co_await` is the way to wait. A pool's worker runs the awaited job itself if that has not
    /// been started.
    decltype(auto) result(std::source_location where = std::source_location::current()) const& {
        state().block_until(kNever, where);
        return get();
    }
    /// The same for a handle that is given up: moves the value out if no other handle is left (and always if it can't
    /// be copied).
    T result(std::source_location where = std::source_location::current()) && {
        state().block_until(kNever, where);
        return take();
    }
    /// Both forms again, but they throw TimeoutError when the result is not there after `limit`.
    template <class Rep, class Period>
    decltype(auto) result_for(std::chrono::duration<Rep, Period> limit,
                              std::source_location where = std::source_location::current()) const& {
        block_until(detail::deadline_after(limit), where);
        return get();
    }
    template <class Rep, class Period>
    T result_for(std::chrono::duration<Rep, Period> limit,
                 std::source_location where = std::source_location::current()) && {
        block_until(detail::deadline_after(limit), where);
        return take();
    }
    /// The same with a point in time.
    template <class Clock, class Any>
    decltype(auto) result_until(std::chrono::time_point<Clock, Any> deadline,
                                std::source_location where = std::source_location::current()) const& {
        block_until(detail::deadline_at(deadline), where);
        return get();
    }
    template <class Clock, class Any>
    T result_until(std::chrono::time_point<Clock, Any> deadline,
                   std::source_location where = std::source_location::current()) && {
        block_until(detail::deadline_at(deadline), where);
        return take();
    }
    /// Blocks like result(), and returns the exception, or null if there is a value.
    std::exception_ptr exception(std::source_location where = std::source_location::current()) const {
        state().block_until(kNever, where);
        return error();
    }
    /// The same, but throws TimeoutError when the result is not there after `limit`.
    template <class Rep, class Period>
    std::exception_ptr exception_for(std::chrono::duration<Rep, Period> limit,
                                     std::source_location where = std::source_location::current()) const {
        block_until(detail::deadline_after(limit), where);
        return error();
    }
    /// The same with a point in time.
    template <class Clock, class Any>
    std::exception_ptr exception_until(std::chrono::time_point<Clock, Any> deadline,
                                       std::source_location where = std::source_location::current()) const {
        block_until(detail::deadline_at(deadline), where);
        return error();
    }

    /// Calls `function(future)` once the result is there, with a Future<T>&: now and here if it is there already,
    /// otherwise on the thread that completes it (a pool's worker, a task's loop, whoever calls set_result() or
    /// cancel()), after those who wait were woken, in the order of the calls of add_done_callback(). An exception in
    /// it is reported and hurts nobody. It should be short, and must not block where a loop runs.
    template <class F>
    void add_done_callback(F function) const {
        static_assert(std::is_invocable_v<F&, Future<T>&>, "a done callback is called with a Future<T>&");
        auto* callback = new detail::DoneCallback<T, F>(checked(), std::move(function));
        if (!state().wait_with(*callback)) callback->run();
    }

    /// Asks the work to stop: a task gets CancelledError from its current or next wait. Returns false when the result
    /// is there already; true does not mean that the work has ended, nor that it will not complete after all.
    bool cancel(std::string_view reason = {}) const { return state().request_cancel(detail::CancelNote(reason)); }

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
    void block_until(TimePoint deadline, std::source_location where) const {
        if (!state().block_until(deadline, where))
            throw TimeoutError("hocket: the result was not there within the time limit");
    }
    decltype(auto) get() const {
        state().mark_retrieved();
        return static_cast<typename Outcome<T>::ConstReference>(state().outcome().value());
    }
    std::exception_ptr error() const {
        state().mark_retrieved();
        return state().outcome().error();
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

template <class T, class F>
void detail::DoneCallback<T, F>::run() noexcept {
    {
        Future<T> future(std::move(state_));
        try {
            function_(future);
        } catch (...) {
            SharedStateBase::report_callback(std::current_exception());
        }
    }
    delete this;
}

}  // namespace hocket
