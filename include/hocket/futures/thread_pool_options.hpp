// What a ThreadPool can be told, and what it tells.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace hocket {

/// How a ThreadPool is to be.
struct ThreadPoolOptions {
    /// How many threads it runs jobs on; 0 stands for default_workers(), which suits jobs that wait. Jobs that compute
    /// are best served by one thread for each processor.
    std::size_t max_workers = 0;
    /// The threads are called "<name>-0", "<name>-1" and so on.
    std::string name = "pool";
    /// Called on each thread before its first job. If it throws, the pool is broken: all jobs that have not started,
    /// and all later ones, fail with BrokenThreadPool.
    std::function<void()> initializer = nullptr;
    /// How many jobs may be waiting to be started before submit() blocks; 0: any number.
    std::size_t max_pending = 0;
    /// Whether a thread outside of the pool that waits for a job without a time limit runs it itself if it has not been
    /// started. Saves two switches between threads, but the job then sees that thread's id and thread-local variables,
    /// and not what the initializer has prepared.
    bool waiters_help = false;

    /// What a pool has, unless it is told, on a machine with so many processors: Python's min(32, processors + 4).
    static constexpr std::size_t default_workers(std::size_t processors) noexcept {
        return std::min<std::size_t>(32, processors + 4);
    }
};

/// What a ThreadPool is doing. Each number is right by itself; they were not all taken at the same moment.
struct ThreadPoolStatistics {
    std::size_t threads = 0;      ///< started so far
    std::size_t idle = 0;         ///< threads that sleep
    std::size_t blocked = 0;      ///< threads whose job waits for a Future
    std::size_t pending = 0;      ///< jobs in the queues, those included that were cancelled there
    std::uint64_t completed = 0;  ///< jobs that have been run by the pool's threads
    std::uint64_t stolen = 0;     ///< of these, those that one thread took over from another
};

}  // namespace hocket
