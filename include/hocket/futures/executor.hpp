// Executor: where jobs are submitted to.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/futures/detail/job.hpp"
#include "hocket/futures/detail/queue_place.hpp"
#include "hocket/futures/future.hpp"
#include "hocket/futures/map_options.hpp"

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
        detail::QueuePlace place(this->room());
        place.acquire();
        return submit_call(
            Call<F, Arguments...>(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...),
            place);
    }
    /// The same if the queue has a place for it at once, and nothing if not. An unbounded queue always has.
    template <class F, class... Arguments>
    std::optional<Future<detail::CallResult<F, Arguments...>>> try_submit(F&& function, Arguments&&... arguments) {
        detail::QueuePlace place(this->room());
        if (!place.try_acquire()) return std::nullopt;
        return submit_call(
            Call<F, Arguments...>(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...),
            place);
    }
    /// `co_await executor.async_submit(function, arguments...)` submits a job as soon as the queue has a place for it,
    /// and gives its Future. Cancellation: nothing is submitted.
    template <class F, class... Arguments>
    auto async_submit(F&& function, Arguments&&... arguments) {
        return detail::AsyncSubmit<Executor, Call<F, Arguments...>>(
            *this,
            Call<F, Arguments...>(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...));
    }

    /// Calls `function` with the elements of the ranges, as many as the shortest has, and gives the results in the
    /// order of the elements: `for (auto& result : executor.map(f, inputs, {.chunk_size = 100}))`. Lazy: no more than a
    /// few jobs for each worker, or MapOptions::buffer_size, are submitted ahead of the one whose result is asked for.
    /// Elements are copied when their job is submitted; ranges given as lvalues must outlive the results. Abandoned
    /// before its end, it cancels what it has submitted and waits for what runs. What the function throws for an
    /// element is thrown where its result is asked for; the others of its chunk are not affected.
    template <class F, std::ranges::viewable_range... Ranges>
    requires(sizeof...(Ranges) > 0) auto map(F function, Ranges&&... ranges) {
        return map_with(MapOptions(), std::move(function), std::forward<Ranges>(ranges)...);
    }
    template <class F, std::ranges::viewable_range Range>
    auto map(F function, Range&& range, MapOptions options) {
        return map_with(options, std::move(function), std::forward<Range>(range));
    }
    template <class F, std::ranges::viewable_range First, std::ranges::viewable_range Second>
    auto map(F function, First&& first, Second&& second, MapOptions options) {
        return map_with(options, std::move(function), std::forward<First>(first), std::forward<Second>(second));
    }

    /// Takes no more jobs; those that have been submitted are run, unless cancelled. May be called more than once.
    /// Throws DeadlockError if a job waits so for the end of its own executor, or of one whose jobs wait for it;
    /// CancelledError when the thread that waits is cancelled.
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
    template <class E, class C>
    friend class detail::SubmitAwaiter;
    template <class F, class... Arguments>
    using Call = detail::BoundCall<std::decay_t<F>, std::decay_t<Arguments>...>;

    template <class F, class... Ranges>
    auto map_with(MapOptions options, F function, Ranges&&... ranges);
    template <class C>
    Future<std::invoke_result_t<C&>> submit_call(C&& call, detail::QueuePlace& place) {
        using T = std::invoke_result_t<C&>;
        auto* job = new detail::JobState<T, C>(std::move(call));
        place.give_to(*job);
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

/// What can be given jobs by the calls of Executor: that class itself and those derived from it, and ProcessPool, which
/// has the same calls, but must know at compile time what it sends to another process. Code for any executor is a
/// template of `AnyExecutor auto& executor`.
template <class E>
concept AnyExecutor = requires(E& executor, void (*function)()) {
    executor.submit(function);
    executor.try_submit(function);
    executor.async_submit(function);
    executor.shutdown(ShutdownOptions());
    executor.concurrency();
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
