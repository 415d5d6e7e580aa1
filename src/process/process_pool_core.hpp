// What a ProcessPool, its thread and its workers' channels share.
#pragma once
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/process/detail/process_state.hpp"
#include "hocket/process/detail/remote_job.hpp"
#include "hocket/process/process_pool_options.hpp"
#include "process/channel.hpp"
#include "process/pool_jobs.hpp"
#include "process/pool_worker_handle.hpp"

namespace hocket::detail {

/// Jobs are handed out by whoever submits them if a worker has room, else they wait in `pending_`. A thread of its own,
/// the keeper, takes in results, starts workers, sees to those that have ended, and moves jobs to workers that have
/// nothing to do. It sleeps on the bell, which workers, submitters and the helper's client ring. A thread that waits
/// for the only job of a worker takes in the result itself; `collecting` keeps the two apart.
///
/// Locks: `mutex_` guards all that has no other comment. No job is completed, and no process started, under it.
class ProcessPoolCore final : public ProcessState::Listener,
                              public BlockSource,
                              public std::enable_shared_from_this<ProcessPoolCore> {
public:
    explicit ProcessPoolCore(ProcessPoolOptions options);
    ~ProcessPoolCore();
    /// Starts the keeper. Once, after construction.
    void begin();

    const ProcessPoolOptions& options() const noexcept { return options_; }
    std::size_t max_workers() const noexcept { return max_workers_; }
    void submit(RemoteJob& job);
    bool cancel(RemoteJob& job, std::string_view reason);
    void help(RemoteJob& job) noexcept;
    void close(bool cancel_pending) noexcept;
    /// Waits for the keeper's end. Throws DeadlockError on that thread.
    void join(std::source_location where);
    /// For a destructor.
    void finish() noexcept;
    /// Whether the calling thread is the keeper, which nothing may hold up.
    bool on_keeper() const noexcept;
    ProcessPoolStatistics statistics() const;
    std::vector<int> worker_pids() const;

    SharedBlock take(std::size_t size) override;
    void give_back(SharedBlock block) noexcept override;

private:
    void process_ended(ProcessState& process) noexcept override;
    void keep() noexcept;
    bool collect(PoolWorkerHandle& worker) noexcept;
    PoolWorkerHandle* claim_result(const RemoteJob& job) noexcept;
    bool read_result(PoolWorkerHandle& worker, std::uint32_t position) noexcept;
    void let_go(PoolWorkerHandle& worker, std::uint32_t tail) noexcept;
    bool see_to_the_dead() noexcept;
    void bury(PoolWorkerHandle& worker, FailedJobs& failed) noexcept;
    void start_workers() noexcept;
    bool start_worker(std::size_t index) noexcept;
    TimePoint arrange(FailedJobs& failed) noexcept;

    // Under the lock.
    std::size_t live_workers() const noexcept;
    bool wants_worker() const noexcept;
    PoolWorkerHandle* least_busy() const noexcept;
    PoolWorkerHandle* alone_with(const RemoteJob& job) const noexcept;
    bool hand_out(PoolWorkerHandle& worker, RemoteJob& job) noexcept;
    bool keeps(PoolWorkerHandle& worker, RemoteJob& job) noexcept;
    void hand_out_pending() noexcept;
    void balance() noexcept;
    static JobQueue take_back(PoolWorkerHandle& worker, std::uint32_t most) noexcept;
    void end_cancelled(PoolWorkerHandle& worker) noexcept;
    static void revoke(PoolWorkerHandle& worker, FailedJobs& failed, const std::exception_ptr& error,
                       bool cancelled) noexcept;
    void fail_pending(FailedJobs& failed, const std::exception_ptr& error) noexcept;
    void break_with(std::exception_ptr error, FailedJobs& failed) noexcept;
    std::exception_ptr broken_error(const std::string& how, const PoolWorkerHandle* worker = nullptr) const;

    const ProcessPoolOptions options_;
    const std::size_t max_workers_;
    SharedBlock bell_block_;
    Bell& bell_;

    mutable std::mutex mutex_;
    JobQueue pending_;
    FailedJobs unsendable_;
    std::vector<std::unique_ptr<PoolWorkerHandle>> workers_;  // with room for all
    bool closed_ = false;
    std::exception_ptr broken_;  // null: it is not
    std::uint32_t next_serial_ = 1;
    std::size_t unproved_deaths_ = 0;  // in a row
    std::exception_ptr start_error_;   // of the last attempt to start a worker
    ProcessPoolStatistics counts_;     // those that only grow

    std::mutex blocks_mutex_;
    BlockCache blocks_;
    std::vector<std::uint32_t> dropped_blocks_;  // to be told to the workers; under blocks_mutex_

    std::thread keeper_;
    std::atomic<bool> over_{false};  // set under the lock of joiners_
    WaitQueue joiners_;
    std::mutex join_mutex_;
};

}  // namespace hocket::detail
