#include "hocket/futures/detail/pool_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "hocket/core/errors.hpp"
#include "hocket/futures/errors.hpp"

namespace hocket::detail {
namespace {

std::size_t default_workers() noexcept {
    return ThreadPoolOptions::default_workers(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

PoolCore::PoolCore(ThreadPoolOptions options)
    : options_(std::move(options)), max_workers_(options_.max_workers ? options_.max_workers : default_workers()) {
    if (max_workers_ > kMostWorkers) {
        throw std::invalid_argument("hocket: a ThreadPool has at most " + std::to_string(kMostWorkers) +
                                    " workers, not " + std::to_string(max_workers_));
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
    if (worker && &worker->pool() == this && !stopping()) return worker->push(item);
    if (!first_.load(std::memory_order_relaxed)) [[unlikely]]
        (void)start_thread(Start::on_demand);  // before the item is queued, so that a failure leaves nothing behind
    if (!injected_.push(item)) {
        throw std::runtime_error("hocket: a job was submitted to the pool '" + options_.name + "' after its shutdown");
    }
    notify();
}

bool PoolCore::has_work() const noexcept {
    if (injected_.size() > 0) return true;
    for (const Worker* worker = first_.load(std::memory_order_acquire); worker; worker = worker->next_) {
        if (worker->deque_.size() > 0) return true;
    }
    return false;
}

bool PoolCore::start_thread(Start start) {
    std::scoped_lock guard(threads_mutex_);
    if (joined_ || (start == Start::on_demand && (threads_ >= max_workers_ || stopping()))) return false;
    try {
        auto worker = std::make_unique<Worker>(*this, threads_);
        Worker& started = *worker;
        started.next_ = first_.load(std::memory_order_relaxed);
        started.thread_ = std::thread([pool = shared_from_this(), &started] { started.main(); });
        if (detached_) started.thread_.detach();
        first_.store(worker.release(), std::memory_order_release);
    } catch (...) {
        // Who has some threads makes do with them.
        if (threads_ == 0) throw;
        return false;
    }
    thread_started(options_.initializer ? Begins::preparing : Begins::searching);
    if (++threads_ >= max_workers_) starts_no_more();
    return true;
}

void PoolCore::put_back(WorkItem& item) noexcept {
    injected_.push_back(item);
    notify();
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
        const auto abandon = [&](WorkItem& item) {
            if (!item.abandon(error, cancelled)) put_back(item);
        };
        // What is put back is not looked at again.
        for (std::size_t left = injected_.size(); left > 0; --left) {
            if (WorkItem* item = injected_.pop()) abandon(*item);
        }
        for (Worker* worker = first_.load(std::memory_order_acquire); worker; worker = worker->next_) {
            for (std::size_t left = worker->deque_.size(); left > 0; --left) {
                if (WorkItem* item = worker->deque_.steal()) abandon(*item);
            }
        }
    } catch (const std::exception&) {  // no memory: the workers abandon what is left
    }
}

void PoolCore::close(bool cancel_pending) noexcept {
    injected_.close();
    // Nobody is started on demand after stop(), and of those who were called each calls the next: what is queued may be
    // waiting for a thread yet. Who searches does not count, since it may have found something already.
    if (!cancel_pending) {
        std::size_t left = statistics().pending;
        // After that, so that who has just been woken for one of these is counted for none: a thread too many at most.
        const std::size_t asleep = sleeping();  // called below
        for (; left > asleep && start_thread(Start::on_demand); --left) {
        }
    }
    {
        std::scoped_lock guard(threads_mutex_);
        stop();
    }
    if (cancel_pending) abandon_queued();
    wake_all();
}

void PoolCore::join(std::source_location where, OnCircle on_circle) {
    if (Worker* worker = Worker::current(); worker && &worker->pool() == this) {
        throw DeadlockError("hocket: a job of the pool '" + options_.name +
                            "' waits for the end of the pool, which waits for the end of the job");
    }
    for (;;) {
        // One after another, which lets each wait be seen in the wait-for graph.
        Worker* const first = first_.load(std::memory_order_acquire);
        for (Worker* worker = first; worker; worker = worker->next_) {
            if (worker->ended()) continue;
            ThreadWaiter waiter;
            WaitEdge edge;
            edge.enter(waiter, worker, Worker::kOwnedKind, where, on_circle);
            const BlockedWorker blocked;
            if (worker->joiners_.push_unless(waiter, [worker] { return worker->ended(); }))
                (void)waiter.block(kNever, where);
        }
        std::scoped_lock guard(threads_mutex_);
        if (first != first_.load(std::memory_order_relaxed)) continue;
        // They looked for work when they were not counted any more, and found none. Who has submitted some of what they
        // have done may still be about to start a spare thread for it, which is to find that it comes too late.
        joined_ = true;
        for (Worker* worker = first; worker; worker = worker->next_) {
            if (worker->thread_.joinable()) worker->thread_.join();
        }
        return;
    }
}

void PoolCore::finish() noexcept {
    close(false);
    Worker* worker = Worker::current();
    if (worker && &worker->pool() == this) {
        std::scoped_lock guard(threads_mutex_);
        detached_ = true;
        for (Worker* each = first_.load(std::memory_order_acquire); each; each = each->next_) {
            if (each->thread_.joinable()) each->thread_.detach();
        }
        return;
    }
    ThreadCanceller* canceller = ThreadCanceller::install(nullptr);
    join(std::source_location::current(), OnCircle::report);
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
    found.idle = sleeping();
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
