// The threads of a pool and how they share the work.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <source_location>
#include <string>
#include <thread>

#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/futures/detail/work_deque.hpp"
#include "hocket/futures/detail/work_item.hpp"
#include "hocket/futures/detail/workforce.hpp"
#include "hocket/futures/thread_pool_options.hpp"

namespace hocket::detail {

class PoolCore;

/// One thread of a pool. Lives until the pool's end.
class Worker {
public:
    Worker(PoolCore& pool, std::size_t index) noexcept : pool_(pool), index_(index) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// The worker that is the calling thread; null elsewhere.
    static Worker* current() noexcept { return current_; }
    PoolCore& pool() const noexcept { return pool_; }

    /// Own thread: queues what its job has made. The item may be run by any worker.
    void push(WorkItem& item);
    /// Own thread: the same for an item that this thread is going to take back itself.
    void push_fork(WorkItem& item);
    /// Own thread: takes back `item` if it is the newest entry, apart from entries of claimed jobs, which are dropped.
    bool take_back(WorkItem& item) noexcept;
    /// Own thread: takes back `fork`, which was pushed here; false if a thief has it. What was pushed after it, by jobs
    /// that it was not waited for, goes to the pool.
    bool take_back_fork(WorkItem& fork) noexcept;
    /// Own thread: runs one part of an item that `victim` has been running since `floor`; false when there is none.
    /// A part is a fork, which the item does not end without; what else it has queued goes to the pool. For who waits
    /// for the item, which is `over` or not: nothing that it does not wait for is run on top of it.
    template <class Over>
    bool leapfrog(Worker& victim, WorkDeque<WorkItem>::Position floor, Over over) noexcept {
        WorkItem* part = steal_part(victim, floor);
        if (!part) return false;
        // Taken before the item was over, if it is not now.
        if (over()) {
            put_back(*part);
            return false;
        }
        run(*part);
        return true;
    }
    /// Where the next push will be.
    WorkDeque<WorkItem>::Position next_position() const noexcept { return deque_.next_position(); }
    /// How many jobs are on this thread's stack.
    int nesting() const noexcept { return nesting_; }

    /// Own thread: counts a job as being on the stack.
    class Nested {
    public:
        explicit Nested(Worker& worker) noexcept : worker_(worker) { ++worker_.nesting_; }
        Nested(const Nested&) = delete;
        Nested& operator=(const Nested&) = delete;
        ~Nested() {
            --worker_.nesting_;
            worker_.completed_.store(worker_.completed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        }

    private:
        Worker& worker_;
    };

private:
    friend class PoolCore;
    static const OwnedKind kOwnedKind;  // for a WaitEdge of who waits for the end of the thread
    bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
    std::string name() const;
    void main() noexcept;
    void end() noexcept;
    WorkItem* find() noexcept;
    WorkItem* search() noexcept;
    WorkItem* steal() noexcept;
    WorkItem* steal_part(Worker& victim, WorkDeque<WorkItem>::Position floor) noexcept;
    void put_back(WorkItem& item) noexcept;
    void run(WorkItem& item) noexcept;

    static inline thread_local constinit Worker* current_ = nullptr;
    PoolCore& pool_;
    const std::size_t index_;
    WorkDeque<WorkItem> deque_;
    int nesting_ = 0;
    unsigned turns_ = 0;
    std::atomic<std::uint64_t> completed_{0};
    std::atomic<std::uint64_t> stolen_{0};
    Worker* next_ = nullptr;
    std::atomic<PartyId> party_{0};   // of the thread, below its jobs
    std::atomic<bool> ended_{false};  // set under the lock of joiners_
    WaitQueue joiners_;
    std::thread thread_;
};

/// What a ThreadPool and its threads share.
///
/// Jobs from outside go to `injected_`, those of the workers to their own deques. A worker looks into its own deque,
/// newest first, then into the injection queue, then steals; now and then into the injection queue first, so that it
/// does not starve. Workforce sees to it that none is overlooked.
///
/// Shutdown: the injection queue closes, sleepers are woken, and a worker ends when it finds no work. What runs may
/// fork until then. PoolCore lives as long as its threads.
class PoolCore final : public Workforce, public std::enable_shared_from_this<PoolCore> {
public:
    explicit PoolCore(ThreadPoolOptions options);
    ~PoolCore();

    const ThreadPoolOptions& options() const noexcept { return options_; }
    std::size_t max_workers() const noexcept { return max_workers_; }
    /// Queues `item`. Throws std::runtime_error after shutdown, BrokenThreadPool in a broken pool, std::system_error if
    /// there is no thread and none can be started; the item is not queued then.
    void submit(WorkItem& item);
    /// Closes the queue. Any thread.
    void close(bool cancel_pending) noexcept;
    /// Waits for the end of all threads, and for nobody else's. Throws DeadlockError on one of these threads, and where
    /// one of them waits for the caller, unless that is to be reported only.
    void join(std::source_location where, OnCircle on_circle = OnCircle::fail);
    /// For a destructor: close() and join(), but on one of the pool's own threads it lets go instead of joining.
    void finish() noexcept;
    ThreadPoolStatistics statistics() const;

private:
    friend class Worker;
    friend class BlockedWorker;
    bool has_work() const noexcept override;
    bool start_thread(Start start) override;
    /// Queues what was taken out of a queue, and has still to be run.
    void put_back(WorkItem& item) noexcept;
    void break_with(const std::exception_ptr& error) noexcept;
    void abandon_queued() noexcept;
    std::exception_ptr refusal() const;

    const ThreadPoolOptions options_;
    const std::size_t max_workers_;
    std::atomic<std::int32_t> blocked_{0};
    std::atomic<bool> abandons_{false};  // jobs are not run any more
    std::atomic<bool> broken_{false};    // set before abandons_, after error_
    std::exception_ptr error_;
    std::atomic<Worker*> first_{nullptr};  // list of all workers, newest first
    alignas(64) InjectionQueue injected_;
    mutable std::mutex threads_mutex_;
    std::size_t threads_ = 0;  // started; under threads_mutex_
    bool detached_ = false;    // nobody is going to join them; likewise
    bool joined_ = false;      // all have ended, and none is started any more; likewise
};

/// While it lives the calling thread blocks: if it is a pool's worker, the pool sees to it that others can go on.
class BlockedWorker {
public:
    BlockedWorker() noexcept : worker_(Worker::current()) {
        if (!worker_) return;
        worker_->pool().blocked_.fetch_add(1, std::memory_order_relaxed);
        worker_->pool().worker_blocks();
    }
    BlockedWorker(const BlockedWorker&) = delete;
    BlockedWorker& operator=(const BlockedWorker&) = delete;
    ~BlockedWorker() {
        if (!worker_) return;
        worker_->pool().worker_goes_on();
        worker_->pool().blocked_.fetch_sub(1, std::memory_order_relaxed);
    }

private:
    Worker* worker_;
};

inline void Worker::push_fork(WorkItem& item) {
    deque_.push(&item, WorkDeque<WorkItem>::Publish::soon);
    pool_.notify_soon();
}

}  // namespace hocket::detail
