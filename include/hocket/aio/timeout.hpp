// Limits and protections: timeout, shield, finally.
#pragma once
#include <chrono>
#include <concepts>
#include <utility>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/create_task.hpp"
#include "hocket/aio/detail/awaitable.hpp"

namespace hocket {
namespace detail {

/// A length of time, or the end of it.
class TimeLimit {
public:
    explicit TimeLimit(Duration length) noexcept : length_(length) {}
    explicit TimeLimit(TimePoint deadline) noexcept : deadline_(deadline) {}
    /// For work that begins now.
    TimePoint deadline(TimePoint now) const noexcept {
        return length_ == Duration::max() ? deadline_ : saturating_add(now, length_);
    }
    /// Throws the TimeoutError.
    [[noreturn]] void throw_expired() const;

private:
    Duration length_ = Duration::max();  // or: by deadline_
    TimePoint deadline_ = kNever;
};

template <class A>
Task<AwaitResult<A>> run_within(TimeLimit limit, A awaitable) {
    CancelScope scope;
    scope.set_deadline(limit.deadline(Scheduler::current()->now()));
    try {
        co_return co_await std::move(awaitable);
    } catch (const CancelledError&) {
        if (!scope.timed_out() || !scope.owns_cancellation()) throw;
    }
    limit.throw_expired();
}

}  // namespace detail

/// Awaits `awaitable` for at most `limit` on the loop's clock, counted from when the timeout itself is awaited. When
/// the time is up the work is cancelled, its end (clean-up included) awaited, and TimeoutError thrown. If the work
/// completes in spite of it, its result is given. Cancellation from outside reaches the work.
template <class Rep, class Period, class A>
Task<detail::AwaitResult<A>> timeout(std::chrono::duration<Rep, Period> limit, A awaitable) {
    return detail::run_within(detail::TimeLimit(detail::to_nanoseconds(limit)), std::move(awaitable));
}

/// The same until `deadline`, a point in time on the loop's clock, see EventLoop::time(): several steps may share one.
template <class A>
Task<detail::AwaitResult<A>> timeout_at(TimePoint deadline, A awaitable) {
    return detail::run_within(detail::TimeLimit(deadline), std::move(awaitable));
}

/// What shield() returns: `co_await` it. As with a Future, a named one gives a reference into the shared state, a
/// temporary or moved one the value.
template <class T>
class [[nodiscard("a shield does nothing until it is awaited: write co_await")]] Shield {
public:
    explicit Shield(Future<T> future) noexcept : future_(std::move(future)) {}
    detail::FutureAwaiter<T, false, true> operator co_await() const& {
        return detail::FutureAwaiter<T, false, true>(future_.checked());
    }
    detail::FutureAwaiter<T, true, true> operator co_await()&& {
        auto state = future_.checked();
        future_ = {};
        return detail::FutureAwaiter<T, true, true>(std::move(state));
    }

private:
    Future<T> future_;
};

/// Awaits work without becoming its owner: when the awaiting task is cancelled it gets CancelledError at once, and the
/// work goes on.
template <class T>
Shield<T> shield(Future<T> future) {
    return Shield<T>(std::move(future));
}
/// The same for a Task, which is spawned as by create_task().
template <class T>
Shield<T> shield(Task<T> task, std::source_location where = std::source_location::current()) {
    return Shield<T>(create_task(std::move(task), {}, where));
}

/// Awaits `awaitable`, then, on every way out, cancellation included, what `cleanup()` returns; gives the result or
/// throws the exception of the former. The clean-up runs shielded from cancellation. If it throws, that exception takes
/// the place of the other.
template <class A, std::invocable Cleanup>
Task<detail::AwaitResult<A>> finally(A awaitable, Cleanup cleanup) {
    using Result = detail::AwaitResult<A>;
    Outcome<Result> outcome;
    try {
        if constexpr (std::is_void_v<Result>) {
            co_await std::move(awaitable);
            outcome.set_value();
        } else {
            outcome.set_value(co_await std::move(awaitable));
        }
    } catch (...) {
        outcome.set_error(std::current_exception());
    }
    {
        CancelScope scope(shielded);
        co_await cleanup();
    }
    co_return std::move(outcome).value();
}

}  // namespace hocket
