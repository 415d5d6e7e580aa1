// What a ProcessPool can be told, and what it tells.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "hocket/core/clock.hpp"
#include "hocket/process/detail/function_name.hpp"
#include "hocket/process/detail/remote_call.hpp"

namespace hocket {

/// What happens when a worker process ends that should not have: it was killed, has crashed, or a job has ended it.
/// The job that it ran fails with BrokenProcessPool in either case.
enum class OnWorkerDeath : std::uint8_t {
    go_on,       ///< nothing else: its other jobs had not begun, and go to other workers
    break_pool,  ///< all other jobs, and all later ones, fail with BrokenProcessPool, as in Python
};

/// A function with its arguments, called in each worker process before its first job: `.initializer = {prepare, path}`.
/// Both must be able to travel, like those of a job.
class ProcessInitializer {
public:
    /// None.
    ProcessInitializer() noexcept = default;
    template <class F, class... Arguments>
    requires(!std::is_same_v<std::remove_cvref_t<F>, ProcessInitializer>)
        ProcessInitializer(F&& function, Arguments&&... arguments) {
        using Function = std::decay_t<F>;
        detail::require_sendable_call<Function, detail::ArrivesAs<Arguments>...>();
        entry_ = detail::name_of(&run<Function, detail::ArrivesAs<Arguments>...>);
        write_ = [function = Function(std::forward<F>(function)),
                  kept = std::tuple<detail::ArrivesAs<Arguments>...>(
                      detail::ArrivesAs<Arguments>(std::forward<Arguments>(arguments))...)](detail::Payload& payload) {
            detail::write_function<Function>(payload, function);
            std::apply([&](const auto&... each) { (detail::write_value(payload, each), ...); }, kept);
        };
    }
    explicit operator bool() const noexcept { return static_cast<bool>(write_); }

    /// For the library.
    const detail::FunctionName& entry() const noexcept { return entry_; }
    void write(detail::Payload& payload) const { write_(payload); }

private:
    template <class F, class... Arguments>
    static void run(detail::PayloadReader& arguments, detail::Payload&) {
        (void)detail::call_from<F, Arguments...>(arguments);
    }
    detail::FunctionName entry_;
    std::function<void(detail::Payload&)> write_;
};

/// How a ProcessPool is to be.
struct ProcessPoolOptions {
    /// How many worker processes it has at most; 0 stands for one for each processor. They are started as they are
    /// needed.
    std::size_t max_workers = 0;
    /// The worker processes are called "<name>-0", "<name>-1" and so on, in `ps` too.
    std::string name = "pool";
    /// Called in each worker before its first job. If it throws, or ends its worker, the pool is broken: all jobs that
    /// have not been started, and all later ones, fail with BrokenProcessPool.
    ProcessInitializer initializer = {};
    /// A worker ends after so many jobs (of map(): chunks) and another takes its place: against leaks in what the jobs
    /// call. 0: never.
    std::size_t max_tasks_per_child = 0;
    /// Worker number i runs on processor cpu_affinity[i % size] only. Empty: on any.
    std::vector<int> cpu_affinity = {};
    /// How many jobs may be waiting, beyond one for each of `max_workers`, before submit() blocks, except in a done
    /// callback of one; 0: any number.
    std::size_t max_pending = 0;
    OnWorkerDeath on_worker_death = OnWorkerDeath::go_on;
    /// How often a job whose worker has died is run again before it fails. Only for jobs that may be run twice: the
    /// first run may have had effects.
    std::size_t repeats = 0;
    /// How long a job that runs and is cancelled has to end by itself, by CancelledError from its waits, or with its
    /// value; then its worker is killed.
    Duration cancel_grace = std::chrono::seconds(1);
};

/// What a ProcessPool is doing. The numbers are of one moment.
struct ProcessPoolStatistics {
    std::size_t workers = 0;      ///< processes that live
    std::size_t idle = 0;         ///< of these, those without a job
    std::size_t pending = 0;      ///< jobs that no worker has been given
    std::size_t handed_out = 0;   ///< jobs that run or wait in front of a worker
    std::uint64_t completed = 0;  ///< jobs that have ended in a worker, by a result or an exception
    std::uint64_t started = 0;    ///< processes started so far
    std::uint64_t died = 0;       ///< of these, those that have ended when they should not have
    std::uint64_t repeated = 0;   ///< runs of jobs whose worker had died before
};

}  // namespace hocket
