#include "hocket/futures/detail/pool_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "hocket/core/errors.hpp"
#include "hocket/futures/errors.hpp"

namespace hocket::detail {
namespace {

std::size_t default_workers() noexcept {
    constexpr std::size_t kMost = 32, kMore = 4;
    return std::min<std::size_t>(kMost, std::max(1u, std::thread::hardware_concurrency()) + kMore);
}

}  // namespace

PoolCore::PoolCore(ThreadPoolOptions options)
    : options_(std::move(options)), max_workers_(options_.max_workers ? options_.max_workers : default_workers()) {
    constexpr std::size_t kLimit = 0x7000;  // what word_ can count
    if (max_workers_ > kLimit) {
        throw std::invalid_argument("hocket: a ThreadPool has at most " + std::to_string(kLimit) + " workers, not " +
                                    std::to_string(max_workers_));
    }
}

std::exception_ptr PoolCore::refusal() const {
    if (broken_.load(std::memory_order_acquire)) {
        return std::make_exception_ptr(
            BrokenThreadPool("hocket: the pool '" + options_.name +
                             "' runs no jobs, because its initializer failed: " + describe(error_)));
    }
    return std::make_exception_ptr(CancelledError("the pool was shut down"));
}

void PoolCore::submit(WorkItem& item) {
    if (broken_.load(std::memory_order_acquire)) [[unlikely]]
        std::rethrow_exception(refusal());
    Worker* worker = Worker::current();
    if (worker && &worker->pool() == this && !stopping_.load(std::memory_order_relaxed)) return worker->push(item);
    if (!first_.load(std::memory_order_relaxed)) [[unlikely]]
        start_thread(Thread::on_demand);  // before the item is queued, so that a failure leaves nothing behind
    if (!injected_.push(item)) {
        throw std::runtime_error("hocket: a job was submitted to the pool '" + options_.name + "' after its shutdown");
    }
    notify();
}

void PoolCore::notify(std::uint32_t word) {
    if (word & kSearching) return;
    if (word & kSleeping) return wake_sleeper();
    if (word & kMayStart) return start_thread(Thread::on_demand);
    if (active_.load(std::memory_order_seq_cst) == 0) [[unlikely]]
        add_spare();
}

void PoolCore::wake_sleeper() noexcept {
    Waiter* sleeper = nullptr;
    {
        WaitQueue::Lock lock(idle_);
        if (word_.load(std::memory_order_seq_cst) & kSearching) return;
        sleeper = lock.pop();
        if (sleeper) word_.fetch_add(kOneSearching - kOneSleeping, std::memory_order_seq_cst);
    }
    if (sleeper) sleeper->wake();
}

void PoolCore::search_ended() noexcept {
    const std::uint32_t before = word_.fetch_sub(kOneSearching, std::memory_order_seq_cst);
    if ((before & kSearching) != kOneSearching || !has_work()) return;
    notify(before - kOneSearching);
}

bool PoolCore::sleep() noexcept {
    ThreadWaiter waiter;
    const bool queued = idle_.push_unless(waiter, [this] {
        word_.fetch_add(kOneSleeping - kOneSearching, std::memory_order_seq_cst);
        if (!has_work() && !stopping_.load(std::memory_order_seq_cst)) return false;
        word_.fetch_sub(kOneSleeping - kOneSearching, std::memory_order_seq_cst);
        return true;
    });
    if (queued) waiter.park();
    return queued;
}

bool PoolCore::has_work() const noexcept {
    if (injected_.size() > 0) return true;
    for (const Worker* worker = first_.load(std::memory_order_acquire); worker; worker = worker->next_) {
        if (worker->deque_.size() > 0) return true;
    }
    return false;
}

void PoolCore::start_thread(Thread kind) {
    std::scoped_lock guard(threads_mutex_);
    if (kind == Thread::on_demand && (threads_ >= max_workers_ || stopping_.load(std::memory_order_relaxed))) return;
    try {
        auto worker = std::make_unique<Worker>(*this, threads_);
        Worker& started = *worker;
        started.next_ = first_.load(std::memory_order_relaxed);
        started.thread_ = std::thread([pool = shared_from_this(), &started] { started.main(); });
        first_.store(worker.release(), std::memory_order_release);
    } catch (...) {
        // Who has some threads makes do with them.
        if (threads_ == 0) throw;
        return;
    }
    active_.fetch_add(1, std::memory_order_seq_cst);
    word_.fetch_add(kOneSearching, std::memory_order_seq_cst);
    alive_.fetch_add(1, std::memory_order_relaxed);
    if (++threads_ >= max_workers_) word_.fetch_and(~kMayStart, std::memory_order_seq_cst);
}

void PoolCore::worker_blocks() noexcept {
    blocked_.fetch_add(1, std::memory_order_relaxed);
    if (active_.fetch_sub(1, std::memory_order_seq_cst) == 1 && has_work()) add_spare();
}

void PoolCore::worker_goes_on() noexcept {
    active_.fetch_add(1, std::memory_order_seq_cst);
    blocked_.fetch_sub(1, std::memory_order_relaxed);
}

void PoolCore::add_spare() noexcept {
    Waiter* parked = nullptr;
    {
        WaitQueue::Lock lock(spares_);
        parked = lock.pop();
        if (parked) {
            --parked_;
            active_.fetch_add(1, std::memory_order_seq_cst);
        }
    }
    if (parked) return parked->wake();
    start_thread(Thread::spare);
}

bool PoolCore::park_surplus() noexcept {
    const auto wanted = static_cast<std::int32_t>(max_workers_);
    std::int32_t active = active_.load(std::memory_order_relaxed);
    do {
        if (active <= wanted) [[likely]]
            return false;
    } while (!active_.compare_exchange_weak(active, active - 1, std::memory_order_seq_cst));
    ThreadWaiter waiter;
    const auto needed = [this] {
        if (stopping_.load(std::memory_order_seq_cst)) return true;
        ++parked_;
        return false;
    };
    if (spares_.push_unless(waiter, needed)) {
        waiter.park();  // whoever ends it counts this worker as active
    } else {
        active_.fetch_add(1, std::memory_order_seq_cst);
    }
    return true;
}

void PoolCore::break_with(const std::exception_ptr& error) noexcept {
    {
        std::scoped_lock guard(threads_mutex_);
        if (error_) return;
        error_ = error;
    }
    broken_.store(true, std::memory_order_release);
    abandon_queued();
}

void PoolCore::abandon_queued() noexcept {
    abandons_.store(true, std::memory_order_release);
    const bool cancelled = !broken_.load(std::memory_order_acquire);
    try {
        const std::exception_ptr error = refusal();
        std::vector<WorkItem*> needed;
        const auto abandon = [&](WorkItem& item) {
            if (!item.abandon(error, cancelled)) needed.push_back(&item);
        };
        while (WorkItem* item = injected_.pop()) abandon(*item);
        for (Worker* worker = first_.load(std::memory_order_acquire); worker; worker = worker->next_) {
            while (WorkItem* item = worker->deque_.steal()) abandon(*item);
        }
        for (WorkItem* item : needed) injected_.push_back(*item);
        if (!needed.empty()) notify();
    } catch (const std::exception&) {  // no memory: the workers abandon what is left
    }
}

void PoolCore::close(bool cancel_pending) noexcept {
    injected_.close();
    {
        std::scoped_lock guard(threads_mutex_);
        stopping_.store(true, std::memory_order_seq_cst);
    }
    if (cancel_pending) abandon_queued();
    Waiter* sleepers = nullptr;
    {
        WaitQueue::Lock lock(idle_);
        sleepers = lock.pop_all();
        const std::uint32_t count = (word_.load(std::memory_order_seq_cst) & kSleeping) / kOneSleeping;
        word_.fetch_add(count * (kOneSearching - kOneSleeping), std::memory_order_seq_cst);
    }
    WaitQueue::wake_all(sleepers);
    Waiter* spares = nullptr;
    {
        WaitQueue::Lock lock(spares_);
        spares = lock.pop_all();
        active_.fetch_add(std::exchange(parked_, 0), std::memory_order_seq_cst);
    }
    WaitQueue::wake_all(spares);
}

void PoolCore::worker_ended() noexcept {
    active_.fetch_sub(1, std::memory_order_seq_cst);
    Waiter* waiters = nullptr;
    {
        WaitQueue::Lock lock(ended_);
        if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) waiters = lock.pop_all();
    }
    WaitQueue::wake_all(waiters);
}

void PoolCore::join(std::source_location where) {
    if (Worker* worker = Worker::current(); worker && &worker->pool() == this) {
        throw DeadlockError("hocket: a job of the pool '" + options_.name +
                            "' waits for the end of the pool, which waits for the end of the job");
    }
    ThreadWaiter waiter;
    const auto ended = [this] { return alive_.load(std::memory_order_acquire) == 0; };
    if (ended_.push_unless(waiter, ended)) (void)waiter.block(kNever, where);
    std::scoped_lock guard(threads_mutex_);
    for (Worker* worker = first_.load(std::memory_order_acquire); worker; worker = worker->next_) {
        if (worker->thread_.joinable()) worker->thread_.join();
    }
}

void PoolCore::finish() noexcept {
    close(false);
    Worker* worker = Worker::current();
    if (worker && &worker->pool() == this) {
        std::scoped_lock guard(threads_mutex_);
        for (Worker* each = first_.load(std::memory_order_acquire); each; each = each->next_) {
            if (each->thread_.joinable()) each->thread_.detach();
        }
        return;
    }
    ThreadCanceller* canceller = ThreadCanceller::install(nullptr);
    join(std::source_location::current());
    ThreadCanceller::install(canceller);
}

PoolCore::~PoolCore() {
    Worker* worker = first_.load(std::memory_order_acquire);
    while (worker) {
        Worker* next = worker->next_;
        delete worker;
        worker = next;
    }
}

ThreadPoolStatistics PoolCore::statistics() const {
    ThreadPoolStatistics found;
    {
        std::scoped_lock guard(threads_mutex_);
        found.threads = threads_;
    }
    found.idle = (word_.load(std::memory_order_relaxed) & kSleeping) / kOneSleeping;
    found.blocked = static_cast<std::size_t>(std::max(0, blocked_.load(std::memory_order_relaxed)));
    found.pending = injected_.size();
    for (const Worker* worker = first_.load(std::memory_order_acquire); worker; worker = worker->next_) {
        found.pending += worker->deque_.size();
        found.completed += worker->completed_.load(std::memory_order_relaxed);
        found.stolen += worker->stolen_.load(std::memory_order_relaxed);
    }
    return found;
}

}  // namespace hocket::detail
