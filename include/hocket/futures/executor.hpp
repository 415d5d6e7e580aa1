// Executor: where jobs are submitted to.
#pragma once
#include <atomic>
#include <cstddef>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/futures/detail/job.hpp"
#include "hocket/futures/future.hpp"

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
        using T = detail::CallResult<F, Arguments...>;
        using Call = detail::BoundCall<std::decay_t<F>, std::decay_t<Arguments>...>;
        auto* job = new detail::JobState<T, Call>(
            Call(std::in_place, std::forward<F>(function), std::forward<Arguments>(arguments)...));
        detail::StateRef<detail::SharedState<T>> state(job);
        try {
            execute(*job);
        } catch (...) {
            job->forget();
            throw;
        }
        return Future<T>(std::move(state));
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
