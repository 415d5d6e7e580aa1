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

#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/futures/detail/work_deque.hpp"
#include "hocket/futures/detail/work_item.hpp"
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
    /// Own thread: runs one entry of `victim` not below `floor`; false when there is none.
    bool leapfrog(Worker& victim, WorkDeque<WorkItem>::Position floor) noexcept;
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
    void main() noexcept;
    WorkItem* find() noexcept;
    WorkItem* search() noexcept;
    WorkItem* steal() noexcept;
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
    std::thread thread_;
};

/// What a ThreadPool and its threads share.
///
/// Jobs from outside go to `injected_`, those of the workers to their own deques. A worker looks into its own deque,
/// newest first, then into the injection queue, then steals; now and then into the injection queue first, so that it
/// does not starve.
///
/// Who sleeps: `word_` counts the workers that search (awake, without work) and those that sleep; workers go from the
/// one to the other under the lock of `idle_` only. Whoever queues work looks at it afterwards: if nobody searches, a
/// sleeper is made a searcher and woken, or a thread is started. A searcher that finds work, and is the last, does the
/// same if there is more; one that finds nothing counts itself as sleeping and then looks once more, under the lock. No
/// work is overlooked: queueing (store of the queue, load of word_) and falling asleep (change of word_, loads of the
/// queues) are sequentially consistent, so that one of the two sees the other.
///
/// Nested waiting: a worker whose job blocks on a Future is not `active_` meanwhile. The one that makes active_ zero
/// with work queued, or queues work while it is zero, starts a spare thread; the same argument holds. There are spares
/// too many when the blocked go on; the surplus parks, when it has nothing of its own left, until it is needed again.
///
/// Shutdown: the injection queue closes, sleepers are woken, and a worker ends when it finds no work. What runs may
/// fork until then. PoolCore lives as long as its threads.
class PoolCore : public std::enable_shared_from_this<PoolCore> {
public:
    explicit PoolCore(ThreadPoolOptions options);
    PoolCore(const PoolCore&) = delete;
    PoolCore& operator=(const PoolCore&) = delete;
    ~PoolCore();

    const ThreadPoolOptions& options() const noexcept { return options_; }
    std::size_t max_workers() const noexcept { return max_workers_; }
    /// Queues `item`. Throws std::runtime_error after shutdown, BrokenThreadPool in a broken pool, std::system_error if
    /// there is no thread and none can be started; the item is not queued then.
    void submit(WorkItem& item);
    /// Closes the queue. Any thread.
    void close(bool cancel_pending) noexcept;
    /// Waits for the end of all threads, and for nobody else's. Throws DeadlockError on one of these threads.
    void join(std::source_location where);
    /// For a destructor: close() and join(), but on one of the pool's own threads it lets go instead of joining.
    void finish() noexcept;
    ThreadPoolStatistics statistics() const;

    /// After work was queued: sees to it that somebody looks for it.
    void notify() { notify(word_.load(std::memory_order_seq_cst)); }
    /// The same, cheaper, but may overlook a worker that falls asleep at this moment.
    void notify_soon() {
        const std::uint32_t word = word_.load(std::memory_order_relaxed);
        if (!(word & kSearching) && (word & (kSleeping | kMayStart))) [[unlikely]]
            notify(word);
    }

    void worker_blocks() noexcept;
    void worker_goes_on() noexcept;

private:
    friend class Worker;
    // word_: how many search, whether threads may still be started on demand, how many sleep.
    static constexpr std::uint32_t kOneSearching = 1, kSearching = 0x7fff;
    static constexpr std::uint32_t kMayStart = 0x8000;
    static constexpr std::uint32_t kOneSleeping = 0x10000, kSleeping = 0xffff0000;

    void notify(std::uint32_t word);
    void wake_sleeper() noexcept;
    enum class Thread { on_demand, spare };
    void start_thread(Thread kind);
    void add_spare() noexcept;
    bool park_surplus() noexcept;
    bool has_work() const noexcept;
    void search_ended() noexcept;
    /// Adds the calling worker, which searches, to the sleepers; false if it should go on searching.
    bool sleep() noexcept;
    void worker_ended() noexcept;
    void break_with(const std::exception_ptr& error) noexcept;
    void abandon_queued() noexcept;
    std::exception_ptr refusal() const;

    const ThreadPoolOptions options_;
    const std::size_t max_workers_;
    alignas(64) std::atomic<std::uint32_t> word_{kMayStart};
    std::atomic<std::int32_t> active_{0};
    std::atomic<std::int32_t> blocked_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> abandons_{false};  // jobs are not run any more
    std::atomic<bool> broken_{false};    // set before abandons_, after error_
    std::exception_ptr error_;
    WaitQueue idle_;
    WaitQueue spares_;
    std::int32_t parked_ = 0;              // under the lock of spares_
    WaitQueue ended_;                      // who waits for the end of all threads
    std::atomic<std::size_t> alive_{0};    // threads; falls under the lock of ended_
    std::atomic<Worker*> first_{nullptr};  // list of all workers, newest first
    alignas(64) InjectionQueue injected_;
    mutable std::mutex threads_mutex_;
    std::size_t threads_ = 0;  // started; under threads_mutex_
};

/// While it lives the calling thread blocks: if it is a pool's worker, the pool sees to it that others can go on.
class BlockedWorker {
public:
    BlockedWorker() noexcept : worker_(Worker::current()) {
        if (worker_) worker_->pool().worker_blocks();
    }
    BlockedWorker(const BlockedWorker&) = delete;
    BlockedWorker& operator=(const BlockedWorker&) = delete;
    ~BlockedWorker() {
        if (worker_) worker_->pool().worker_goes_on();
    }

private:
    Worker* worker_;
};

inline void Worker::push_fork(WorkItem& item) {
    deque_.push(&item, WorkDeque<WorkItem>::Publish::soon);
    pool_.notify_soon();
}

}  // namespace hocket::detail
