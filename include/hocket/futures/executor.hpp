// Executor: where jobs are submitted to.
#pragma once
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/futures/detail/job.hpp"
#include "hocket/futures/future.hpp"
#include "hocket/sync/semaphore.hpp"

namespace hocket {

/// How an executor is to be shut down.
struct ShutdownOptions {
    /// Whether to block until all jobs have ended.
    bool wait = true;
    /// Whether to cancel the jobs that have not been started.
    bool cancel_pending = false;
};

namespace detail {

template <class F, class... Arguments>
using CallResult = std::invoke_result_t<std::decay_t<F>, std::decay_t<Arguments>...>;

template <class C>
class SubmitAwaiter;
template <class C>
class AsyncSubmit;

}  // namespace detail

/// Runs jobs. Thread-safe. The function and the arguments of a job are copied or moved into it (use std::ref for a
/// reference) and destroyed when it has been run, before its result is seen.
class Executor {
public:
    Executor() noexcept = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor() = default;

    /// Has `function(arguments...)` called, once, and returns the Future of its result. Cancelling that Future removes
    /// a job that has not been started; one that runs gets CancelledError from its current or next wait on something
    /// of this library. A job that ends by CancelledError is cancelled. Throws std::runtime_error after shutdown().
    template <class F, class... Arguments>
    Future<detail::CallResult<F, Arguments...>> submit(F&& function, Arguments&&... arguments) {
        const auto* room = this->room();
        if (room) [[unlikely]]
            (*room)->acquire();
        return submit_call(
            Call<F, Arguments...>(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...),
            room);
    }
    /// The same if the queue has a place for it at once, and nothing if not. An unbounded queue always has.
    template <class F, class... Arguments>
    std::optional<Future<detail::CallResult<F, Arguments...>>> try_submit(F&& function, Arguments&&... arguments) {
        const auto* room = this->room();
        if (room && !(*room)->try_acquire()) return std::nullopt;
        return submit_call(
            Call<F, Arguments...>(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...),
            room);
    }
    /// `co_await executor.async_submit(function, arguments...)` submits a job as soon as the queue has a place for it,
    /// and gives its Future. Cancellation: nothing is submitted.
    template <class F, class... Arguments>
    auto async_submit(F&& function, Arguments&&... arguments) {
        return detail::AsyncSubmit<Call<F, Arguments...>>(
            *this,
            Call<F, Arguments...>(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...));
    }

    /// Calls `function` with the elements of the ranges, as many as the shortest has, and gives the results in the
    /// order of the elements: `for (auto& result : executor.map(f, inputs))`. Lazy: no more than a few jobs for each
    /// worker are submitted ahead of the one whose result is asked for. Elements are copied into their jobs; ranges
    /// given as lvalues must outlive the results. Abandoned before its end, it cancels what it has submitted and waits
    /// for what runs. The exception of a job is thrown where its result is asked for.
    template <class F, std::ranges::viewable_range... Ranges>
    auto map(F function, Ranges&&... ranges);

    /// Takes no more jobs; those that have been submitted are run, unless cancelled. May be called more than once.
    /// Throws DeadlockError if a job waits so for the end of its own executor, CancelledError when the thread that
    /// waits is cancelled.
    virtual void shutdown(ShutdownOptions options = ShutdownOptions(),
                          std::source_location where = std::source_location::current()) = 0;

    /// How many jobs it runs at the same time.
    virtual std::size_t concurrency() const noexcept = 0;

protected:
    /// Has `job` run: takes over the reference of its entry, unless it throws.
    virtual void execute(detail::Job& job) = 0;
    /// The bound of the queue, as far as the calling thread has to respect it; null for none.
    virtual const std::shared_ptr<Semaphore>* room() noexcept { return nullptr; }

private:
    template <class C>
    friend class detail::SubmitAwaiter;
    template <class F, class... Arguments>
    using Call = detail::BoundCall<std::decay_t<F>, std::decay_t<Arguments>...>;

    // Takes over the place in `room`.
    template <class C>
    Future<std::invoke_result_t<C&>> submit_call(C&& call, const std::shared_ptr<Semaphore>* room) {
        using T = std::invoke_result_t<C&>;
        detail::JobState<T, C>* job = nullptr;
        try {
            job = new detail::JobState<T, C>(std::move(call));
        } catch (...) {
            if (room) (*room)->release();
            throw;
        }
        if (room) job->set_room(*room);
        detail::StateRef<detail::SharedState<T>> state(job);
        try {
            execute(*job);
        } catch (...) {
            job->discard();
            throw;
        }
        return Future<T>(std::move(state));
    }
};

/// Waits for a place in the queue of an executor and submits a call.
template <class C>
class [[nodiscard]] detail::SubmitAwaiter final {
public:
    SubmitAwaiter(Executor& executor, C call) : executor_(executor), room_(executor.room()), call_(std::move(call)) {
        if (room_) place_.emplace(**room_);
    }
    SubmitAwaiter(const SubmitAwaiter&) = delete;
    SubmitAwaiter& operator=(const SubmitAwaiter&) = delete;
    bool await_ready() { return !place_ || place_->await_ready(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        return place_->await_suspend(caller);
    }
    Future<std::invoke_result_t<C&>> await_resume() {
        if (place_) place_->await_resume();
        return executor_.submit_call(std::move(call_), room_);
    }

private:
    Executor& executor_;
    const std::shared_ptr<Semaphore>* room_;
    C call_;
    std::optional<Semaphore::Awaiter> place_;
};

/// What Executor::async_submit() returns: `co_await` it.
template <class C>
class [[nodiscard("nothing is submitted until it is awaited: write co_await")]] detail::AsyncSubmit {
public:
    AsyncSubmit(Executor & executor, C call) : executor_(executor), call_(std::move(call)) {}
    SubmitAwaiter<C> operator co_await()&& { return SubmitAwaiter<C>(executor_, std::move(call_)); }

private:
    Executor& executor_;
    C call_;
};

/// Runs each job within submit(), on the calling thread: for tests, and to take threads out of a puzzle.
class InlineExecutor final : public Executor {
public:
    InlineExecutor() noexcept = default;
    void shutdown(ShutdownOptions options = ShutdownOptions(),
                  std::source_location where = std::source_location::current()) override;
    std::size_t concurrency() const noexcept override { return 1; }

private:
    void execute(detail::Job& job) override;
    std::atomic<bool> closed_{false};
};

}  // namespace hocket

#include "hocket/futures/map_results.hpp"
