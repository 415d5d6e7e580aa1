// ProcessPool: an executor that runs jobs in processes of its own.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/futures/executor.hpp"
#include "hocket/process/detail/remote_job.hpp"
#include "hocket/process/errors.hpp"
#include "hocket/process/process_map.hpp"
#include "hocket/process/process_pool_options.hpp"

namespace hocket {

/// Worker processes that run jobs. It has the calls of Executor (concept AnyExecutor), but its jobs must be able to
/// travel: the function is a plain one, a lambda without captures, a member function or a function object with
/// serialize(); arguments and results travel by value, see archive.hpp. What cannot is refused by the compiler.
///
/// Workers are forked from the helper that hocket::init() has started, not from the running program: they have the
/// static objects as they were in init(), and none of the program's threads, locks and descriptors. Started when they
/// are needed, they live as long as the pool (but see max_tasks_per_child). Ctrl-C at the terminal does not reach them.
///
/// Order: jobs are handed out first come, first served, each to the worker with the fewest. A worker that has nothing
/// to do takes over jobs that wait in front of another, so the last ones may overtake.
///
/// Exceptions of a job arrive as RemoteError, CancelledError as itself.
///
/// Cancelling the Future of a job that has not begun removes it. One that runs gets CancelledError from its current or
/// next wait on something of this library; if it has not ended after `cancel_grace`, its worker is killed and replaced,
/// and the job is cancelled. One that ends by itself within that time, because it does not wait or catches the
/// CancelledError, delivers its value or error as if nobody had cancelled it.
///
/// A worker that dies (by a signal, by exit(), for want of memory) fails the job that it ran, at once, with
/// BrokenProcessPool, which says how. Those that waited in front of it had not begun and go to others. See
/// OnWorkerDeath, and `repeats` for jobs that may be run twice. If three workers in a row die without having run
/// anything, the pool is broken.
///
/// Done callbacks of its Futures are called on the pool's own thread, which takes in the results of all workers: a slow
/// one delays them, and one that waits for another job of the pool waits for ever. It may submit jobs, also to a queue
/// that is full. (One that is added while a thread waits for the same result may be called on that.)
///
/// Memory: arguments and results of up to 16 KiB are copied through a ring that the pool shares with the worker; larger
/// ones are written to memory that the receiver reads in place, of which up to 256 MiB are kept for the next.
///
/// Shutdown: the destructor does what shutdown() does, without being cancellable. 1. No more jobs are taken. 2. Those
/// that have not begun are cancelled, if that was asked for. 3. The others are run. 4. Each worker is asked to end when
/// it has nothing left to do, and its end is waited for: no zombie stays. 5. The pool's thread ends and is joined. On
/// that thread itself (in a done callback) it does not wait. If the program ends in another way, by SIGKILL too, the
/// workers are killed.
class ProcessPool final {
public:
    /// Throws InvalidStateError if hocket::init() was not called, std::invalid_argument for options that make no sense.
    explicit ProcessPool(ProcessPoolOptions options = ProcessPoolOptions());
    /// `max_workers` processes; 0 stands for the default.
    explicit ProcessPool(std::size_t max_workers, std::string name = "pool");
    ProcessPool(const ProcessPool&) = delete;
    ProcessPool& operator=(const ProcessPool&) = delete;
    ~ProcessPool();

    /// Has `function(arguments...)` called in a worker process, once, and returns the Future of its result. Throws
    /// std::runtime_error after shutdown(), BrokenProcessPool in a broken pool, and what writing an argument throws.
    template <class F, class... Arguments>
    auto submit(F&& function, Arguments&&... arguments) -> Future<detail::JobResult<F, Arguments...>> {
        detail::QueuePlace place(room());
        place.acquire();
        return submit_call(call<F, Arguments...>(function, arguments...), place);
    }
    /// The same if the queue has a place for it at once, and nothing if not. An unbounded queue always has.
    template <class F, class... Arguments>
    auto try_submit(F&& function, Arguments&&... arguments)
        -> std::optional<Future<detail::JobResult<F, Arguments...>>> {
        detail::QueuePlace place(room());
        if (!place.try_acquire()) return std::nullopt;
        return submit_call(call<F, Arguments...>(function, arguments...), place);
    }
    /// `co_await pool.async_submit(function, arguments...)` submits a job as soon as the queue has a place for it, and
    /// gives its Future. The arguments are written at once. Cancellation: nothing is submitted.
    template <class F, class... Arguments>
    auto async_submit(F&& function, Arguments&&... arguments) {
        return detail::AsyncSubmit<ProcessPool, Call<detail::JobResult<F, Arguments...>>>(
            *this, call<F, Arguments...>(function, arguments...));
    }

    /// Calls `function` with the elements of the ranges, as many as the shortest has, and gives the results in the
    /// order of the elements: `for (auto& result : pool.map(f, inputs, {.chunk_size = 500}))`. Lazy: no more than a few
    /// dozen jobs for each worker, or MapOptions::buffer_size, are submitted ahead of the one whose result is asked
    /// for. Ranges given as lvalues must outlive the results. Abandoned before its end, it cancels what it has
    /// submitted. The exception of an element is thrown where its result is asked for; the others of its chunk are not
    /// affected.
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
    /// Throws DeadlockError in a done callback, which the pool's own thread runs; CancelledError when the thread that
    /// waits is cancelled.
    void shutdown(ShutdownOptions options = ShutdownOptions(),
                  std::source_location where = std::source_location::current());
    /// How many jobs it runs at the same time.
    std::size_t concurrency() const noexcept;
    ProcessPoolStatistics statistics() const;
    /// The pids of the workers that live.
    std::vector<int> worker_pids() const;

    /// For the library: where large arguments are written, and how a written call is submitted.
    detail::BlockSource* block_source() const noexcept;
    template <class T>
    Future<T> submit_payload(const detail::FunctionName& entry, detail::Payload payload) {
        detail::QueuePlace place(room());
        place.acquire();
        return submit_call(Call<T>(entry, std::move(payload)), place);
    }

private:
    template <class E, class C>
    friend class detail::SubmitAwaiter;

    // A call that was written, and gives a T.
    template <class T>
    struct Call {
        Call(const detail::FunctionName& entry, detail::Payload payload) noexcept
            : entry(entry), payload(std::move(payload)) {}
        detail::FunctionName entry;
        detail::Payload payload;
    };

    template <class F, class... Arguments>
    static void run(detail::PayloadReader& arguments, detail::Payload& result) {
        using T = detail::RemoteResult<F, Arguments...>;
        if constexpr (std::is_void_v<T>) {
            detail::call_from<F, Arguments...>(arguments);
        } else {
            detail::write_value<T>(result, detail::call_from<F, Arguments...>(arguments));
        }
    }
    template <class F, class... Arguments>
    Call<detail::JobResult<F, Arguments...>> call(const F& function, const Arguments&... arguments) {
        using Function = std::decay_t<F>;
        detail::require_sendable_call<Function, detail::ArrivesAs<Arguments>...>();
        detail::require_given_well<Arguments...>();
        detail::require_transferable<detail::JobResult<F, Arguments...>>();
        static const detail::FunctionName entry = detail::name_of(&run<Function, detail::ArrivesAs<Arguments>...>);
        detail::Payload payload(block_source());
        detail::write_function<Function>(payload, function);
        (detail::write_argument<detail::ArrivesAs<Arguments>>(payload, arguments), ...);
        return Call<detail::JobResult<F, Arguments...>>(entry, std::move(payload));
    }
    template <class T>
    Future<T> submit_call(Call<T>&& call, detail::QueuePlace& place) {
        auto* job = new detail::RemoteState<T>(core_, call.entry, std::move(call.payload));
        place.give_to(*job);
        detail::StateRef<detail::SharedState<T>> state(job);
        try {
            submit_job(*job);
        } catch (...) {
            job->leave_queue();
            job->drop_reference();
            throw;
        }
        return Future<T>(std::move(state));
    }
    template <class F, class... Ranges>
    auto map_with(MapOptions options, F function, Ranges&&... ranges) {
        detail::require_sendable_call<F, detail::ArrivesAs<std::ranges::range_value_t<Ranges>>...>();
        detail::require_transferable<
            detail::RemoteResult<F, detail::ArrivesAs<std::ranges::range_value_t<Ranges>>...>>();
        return ProcessMapResults<ProcessPool, F, std::views::all_t<Ranges>...>(
            *this, options, std::move(function), std::views::all(std::forward<Ranges>(ranges))...);
    }
    void submit_job(detail::RemoteJob& job);
    const std::shared_ptr<Semaphore>* room() const noexcept;

    std::shared_ptr<detail::ProcessPoolCore> core_;
    std::shared_ptr<Semaphore> room_;  // null: any number of jobs may wait
};

}  // namespace hocket
