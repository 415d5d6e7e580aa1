// ThreadPool: an executor that runs jobs on threads of its own.
#pragma once
#include <cstddef>
#include <memory>
#include <source_location>

#include "hocket/futures/errors.hpp"
#include "hocket/futures/executor.hpp"
#include "hocket/futures/thread_pool_options.hpp"

namespace hocket {

/// Threads that share jobs by work stealing. Threads are started as they are needed, up to max_workers.
///
/// Order: jobs submitted from outside of the pool are started first come, first served. What a job submits goes to its
/// own thread, newest first, or to whichever thread has nothing to do.
///
/// Nesting: a job may wait for jobs of the same pool. Its thread runs the awaited job itself if that has not been
/// started, then parts that the awaited one has forked; if all threads wait, spare ones are started. So a pool of
/// one thread suffices for any nesting. Never is a job run on top of another that does not wait for it.
///
/// Bounded (see ThreadPoolOptions::max_pending): who submits waits for a place, except the pool's own jobs, which must
/// not wait for each other.
///
/// Shutdown: the destructor does what shutdown() does, without being cancellable. The queue closes, what was submitted
/// is run, the threads end and are joined. On one of the pool's own threads it does not wait: the threads end when
/// their jobs do.
class ThreadPool final : public Executor {
public:
    explicit ThreadPool(ThreadPoolOptions options = ThreadPoolOptions());
    /// `max_workers` threads; 0 stands for the default.
    explicit ThreadPool(std::size_t max_workers, std::string name = "pool");
    ~ThreadPool() override;

    void shutdown(ShutdownOptions options = ShutdownOptions(),
                  std::source_location where = std::source_location::current()) override;
    std::size_t concurrency() const noexcept override;
    ThreadPoolStatistics statistics() const;

    /// For the library.
    detail::PoolCore& core() const noexcept { return *core_; }

private:
    void execute(detail::Job& job) override;
    const std::shared_ptr<Semaphore>* room() noexcept override;
    std::shared_ptr<detail::PoolCore> core_;
    std::shared_ptr<Semaphore> room_;  // null: any number of jobs may wait
};

}  // namespace hocket
