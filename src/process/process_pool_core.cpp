#include "process/process_pool_core.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/process/errors.hpp"
#include "hocket/threading/cancel_shield.hpp"
#include "process/block_signals.hpp"
#include "process/unix_message.hpp"

namespace hocket::detail {
namespace {

// When a worker that could not be told of a job's memory or descriptors is tried again, if nothing else happens.
constexpr auto kTryAgain = std::chrono::milliseconds(10);

// The pool whose keeper this thread is. (keeper_ itself changes when it is joined.)
thread_local const ProcessPoolCore* kept_here = nullptr;

std::size_t processors() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1u, std::thread::hardware_concurrency());
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

ProcessPoolOptions checked(ProcessPoolOptions options) {
    constexpr std::size_t kMost = 4096;
    if (options.max_workers > kMost) {
        throw std::invalid_argument("hocket: a ProcessPool has at most " + std::to_string(kMost) + " workers, not " +
                                    std::to_string(options.max_workers));
    }
    for (const int processor : options.cpu_affinity) {
        if (processor >= 0 && processor < CPU_SETSIZE) continue;
        throw std::invalid_argument("hocket: cpu_affinity of the pool '" + options.name + "' names processor " +
                                    std::to_string(processor) + ", which there cannot be");
    }
    return options;
}

}  // namespace

// ---- The pool, from outside

ProcessPoolCore::ProcessPoolCore(ProcessPoolOptions options)
    : options_(checked(std::move(options))),
      max_workers_(options_.max_workers ? options_.max_workers : processors()),
      bell_block_("hocket-bell", sizeof(Bell)),
      bell_(*new (bell_block_.data()) Bell) {
    workers_.reserve(max_workers_);
}

ProcessPoolCore::~ProcessPoolCore() = default;

void ProcessPoolCore::begin() {
    const BlockSignals blocked;
    keeper_ = std::thread([self = shared_from_this()] { self->keep(); });
}

bool ProcessPoolCore::on_keeper() const noexcept { return kept_here == this; }

void ProcessPoolCore::submit(RemoteJob& job) {
    if (job.payload.descriptors().size() > kMostDescriptors) [[unlikely]] {
        throw std::length_error("hocket: a job takes at most " + std::to_string(kMostDescriptors) +
                                " descriptors along, not " + std::to_string(job.payload.descriptors().size()));
    }
    bool ring = false;
    {
        const std::scoped_lock guard(mutex_);
        if (broken_) std::rethrow_exception(broken_);
        if (closed_) {
            throw std::runtime_error("hocket: a job was submitted to the pool '" + options_.name +
                                     "' after its shutdown");
        }
        PoolWorkerHandle* worker = pending_.empty() ? least_busy() : nullptr;
        if (!worker || !hand_out(*worker, job)) pending_.push_back(job);
        ring = wants_worker();
    }
    if (ring) bell_.ring();
}

bool ProcessPoolCore::cancel(RemoteJob& job, std::string_view reason) {
    {
        const std::scoped_lock guard(mutex_);
        if (job.place == JobPlace::over) return false;
        if (job.place == JobPlace::handed_out) {
            const auto found = std::find_if(workers_.begin(), workers_.end(),
                                            [&](const auto& each) { return each->serial == job.worker; });
            if (found == workers_.end()) {
                // The worker is dead, and the keeper about to see to it.
                job.cancel_reason = reason;
                job.cancel_requested = true;
                return true;
            }
            PoolWorkerHandle& worker = **found;
            auto state = SlotState::queued;
            if (!worker.channel->slot(job.position)
                     .state.compare_exchange_strong(state, SlotState::revoked, std::memory_order_acq_rel)) {
                // Its result is about to be taken in; the worker may be running another that is being cancelled.
                if (state != SlotState::running) return false;
                if (job.cancel_requested) return true;
                job.cancel_reason = reason;
                job.cancel_requested = true;
                worker.cancelling = true;
                worker.cancelled_position = job.position;
                worker.kill_at = saturating_add(std::chrono::steady_clock::now(), options_.cancel_grace);
                ChannelMemory& memory = *worker.channel;
                memory.reason_size = std::min(reason.size(), ChannelMemory::kReason);
                std::memcpy(memory.reason, reason.data(), memory.reason_size);
                memory.cancelled.store(job.position, std::memory_order_release);
                memory.cancels.fetch_add(1, std::memory_order_release);
                memory.control.ring();
                bell_.ring();  // there is a new deadline
                return true;
            }
            --worker.jobs;
        } else {
            pending_.remove(job);
        }
        job.place = JobPlace::over;
        job.leave_queue();
    }
    job.payload = Payload();
    job.fail(std::make_exception_ptr(cancelled_error(reason)), true);
    bell_.ring();  // a pool that shuts down may have nothing left to do
    return true;
}

void ProcessPoolCore::close(bool cancel_pending) noexcept {
    FailedJobs failed;
    {
        const std::scoped_lock guard(mutex_);
        closed_ = true;
        if (cancel_pending) {
            const std::exception_ptr error =
                made_error([] { return std::make_exception_ptr(CancelledError("the pool was shut down")); });
            while (RemoteJob* job = pending_.front()) {
                pending_.remove(*job);
                failed.add(*job, error, true);
            }
            for (const auto& worker : workers_) revoke(*worker, failed, error, true);
        }
    }
    failed.complete();
    bell_.ring();
}

void ProcessPoolCore::join(std::source_location where) {
    if (on_keeper()) {
        throw DeadlockError("hocket: a done callback of the pool '" + options_.name +
                            "' waits for the end of the pool, whose thread runs the callback");
    }
    if (!over_.load(std::memory_order_acquire)) {
        ThreadWaiter waiter;
        if (joiners_.push_unless(waiter, [this] { return over_.load(std::memory_order_relaxed); }))
            (void)waiter.block(kNever, where);
    }
    const std::scoped_lock guard(join_mutex_);
    if (keeper_.joinable()) keeper_.join();
}

void ProcessPoolCore::finish() noexcept {
    close(false);
    if (on_keeper()) return keeper_.detach();
    const CancelShield shield;
    join(std::source_location::current());
}

ProcessPoolStatistics ProcessPoolCore::statistics() const {
    const std::scoped_lock guard(mutex_);
    ProcessPoolStatistics found = counts_;
    found.pending = pending_.size();
    for (const auto& worker : workers_) {
        if (worker->ended || !worker->process) continue;
        ++found.workers;
        if (worker->jobs == 0) ++found.idle;
        found.handed_out += worker->jobs;
    }
    return found;
}

std::vector<int> ProcessPoolCore::worker_pids() const {
    const std::scoped_lock guard(mutex_);
    std::vector<int> pids;
    for (const auto& worker : workers_) {
        if (!worker->ended && worker->process) pids.push_back(worker->process->pid());
    }
    return pids;
}

SharedBlock ProcessPoolCore::take(std::size_t size) {
    const std::scoped_lock guard(blocks_mutex_);
    return blocks_.take(size);
}

void ProcessPoolCore::give_back(SharedBlock block) noexcept {
    const std::scoped_lock guard(blocks_mutex_);
    const std::uint32_t dropped = blocks_.give_back(std::move(block));
    if (dropped == 0) return;
    try {
        dropped_blocks_.push_back(dropped);
    } catch (const std::bad_alloc&) {  // the workers that know it keep some addresses for it, and no memory
    }
}

void ProcessPoolCore::process_ended(ProcessState& process) noexcept {
    {
        const std::scoped_lock guard(mutex_);
        for (const auto& worker : workers_) {
            if (&*worker->process == &process) worker->ended = true;
        }
    }
    bell_.ring();
}

// ---- Who gets which job; under the lock

std::size_t ProcessPoolCore::live_workers() const noexcept {
    std::size_t live = 0;
    for (const auto& worker : workers_) live += !worker->ended && !worker->retiring && !worker->killed;
    return live;
}

bool ProcessPoolCore::wants_worker() const noexcept {
    if (broken_ || workers_.size() >= max_workers_) return false;
    std::size_t jobs = pending_.size();
    for (const auto& worker : workers_) jobs += worker->jobs;
    return jobs > live_workers();
}

PoolWorkerHandle* ProcessPoolCore::least_busy() const noexcept {
    PoolWorkerHandle* best = nullptr;
    for (const auto& worker : workers_) {
        if (worker->takes_jobs() && (!best || worker->jobs < best->jobs)) best = &*worker;
    }
    return best;
}

// The job could not be handed out. Whether it is to be kept for later, rather than being over.
bool ProcessPoolCore::keeps(PoolWorkerHandle& worker, RemoteJob& job) noexcept {
    if (!worker.refusal || job.is_initializer()) return true;
    unsendable_.add(job, std::exchange(worker.refusal, nullptr), false);
    bell_.ring();
    return false;
}

// False: it cannot be told of what the job takes along now. Then the job is as it was.
bool ProcessPoolCore::hand_out(PoolWorkerHandle& worker, RemoteJob& job) noexcept {
    const std::uint32_t position = worker.head;
    Slot& slot = worker.channel->slot(position);
    Payload& payload = job.payload;
    if (payload.in_block() && !worker.introduce(payload.block())) return !keeps(worker, job);
    slot.descriptors = static_cast<std::uint32_t>(payload.descriptors().size());
    if (slot.descriptors > 0) {
        std::array<int, kMostDescriptors> descriptors;
        for (std::size_t i = 0; i < slot.descriptors; ++i) descriptors[i] = payload.descriptors()[i].get();
        if (!worker.tell(ChannelMessage{ChannelMessage::Kind::descriptors, position},
                         std::span(descriptors.data(), slot.descriptors)))
            return !keeps(worker, job);
    }
    slot.entry = job.entry;
    slot.initializer = job.is_initializer();
    worker.channel.write(position, payload);
    worker.ring[position % ChannelMemory::kSlots] = &job;
    job.place = JobPlace::handed_out;
    job.worker = worker.serial;
    job.position = position;
    if (!job.is_initializer()) {
        ++worker.jobs;
        ++worker.assigned;
    }
    slot.state.store(SlotState::queued, std::memory_order_release);
    worker.channel->head.store(++worker.head, std::memory_order_seq_cst);
    worker.channel->work.ring();
    if (options_.max_tasks_per_child && worker.assigned >= options_.max_tasks_per_child) worker.retire();
    return true;
}

void ProcessPoolCore::hand_out_pending() noexcept {
    while (RemoteJob* job = pending_.front()) {
        PoolWorkerHandle* worker = least_busy();
        if (!worker) return;
        pending_.remove(*job);
        if (!hand_out(*worker, *job)) return pending_.push_front(*job);
    }
}

// A worker without jobs takes over half of those that have not begun from the one that has most.
void ProcessPoolCore::balance() noexcept {
    if (!pending_.empty()) return;
    for (const auto& idle : workers_) {
        if (idle->jobs > 0 || !idle->takes_jobs()) continue;
        PoolWorkerHandle* busiest = nullptr;
        for (const auto& worker : workers_) {
            if (!worker->ended && worker->jobs > 1 && (!busiest || worker->jobs > busiest->jobs)) busiest = &*worker;
        }
        if (!busiest) return;
        JobQueue moved = take_back(*busiest, busiest->jobs / 2);
        while (RemoteJob* job = moved.front()) {
            moved.remove(*job);
            if (idle->takes_jobs() && hand_out(*idle, *job)) continue;
            job->place = JobPlace::pending;
            pending_.push_back(*job);
        }
    }
}

// Takes the last `most` jobs that have not begun from a worker.
JobQueue ProcessPoolCore::take_back(PoolWorkerHandle& worker, std::uint32_t most) noexcept {
    JobQueue taken;
    for (std::uint32_t position = worker.head; position != worker.tail && taken.size() < most;) {
        Slot& slot = worker.channel->slot(--position);
        RemoteJob* job = worker.ring[position % ChannelMemory::kSlots];
        auto queued = SlotState::queued;
        if (slot.state.load(std::memory_order_acquire) == queued && job->is_initializer()) break;
        if (!slot.state.compare_exchange_strong(queued, SlotState::revoked, std::memory_order_acq_rel)) {
            if (queued == SlotState::revoked) continue;
            break;  // it has come so far
        }
        --worker.jobs;
        taken.push_front(*job);
    }
    return taken;
}

// The time of a job that was cancelled is up. It may end in this moment: only when the worker has nothing else to begin
// is it certain that its end costs no other job.
void ProcessPoolCore::end_cancelled(PoolWorkerHandle& worker) noexcept {
    worker.kill_at = kNever;
    JobQueue taken = take_back(worker, ChannelMemory::kSlots);
    for (RemoteJob* job = taken.front(); job; job = job->next) job->place = JobPlace::pending;
    pending_.put_before(taken);
    const Slot& slot = worker.channel->slot(worker.cancelled_position);
    if (slot.state.load(std::memory_order_acquire) != SlotState::running) return;
    worker.kill();
}

void ProcessPoolCore::revoke(PoolWorkerHandle& worker, FailedJobs& failed, const std::exception_ptr& error,
                             bool cancelled) noexcept {
    for (std::uint32_t position = worker.tail; position != worker.head; ++position) {
        RemoteJob* job = worker.ring[position % ChannelMemory::kSlots];
        Slot& slot = worker.channel->slot(position);
        auto queued = SlotState::queued;
        if (slot.state.load(std::memory_order_acquire) != queued || job->is_initializer()) continue;
        if (!slot.state.compare_exchange_strong(queued, SlotState::revoked, std::memory_order_acq_rel)) continue;
        --worker.jobs;
        failed.add(*job, error, cancelled);
    }
}

void ProcessPoolCore::fail_pending(FailedJobs& failed, const std::exception_ptr& error) noexcept {
    while (RemoteJob* job = pending_.front()) {
        pending_.remove(*job);
        failed.add(*job, error, false);
    }
}

void ProcessPoolCore::break_with(std::exception_ptr error, FailedJobs& failed) noexcept {
    if (broken_) return;
    broken_ = std::move(error);
    fail_pending(failed, broken_);
    for (const auto& each : workers_) {
        revoke(*each, failed, broken_, false);
        // What runs may be half done for ever.
        each->kill();
    }
}

// ---- The keeper

// Nothing here fails for want of memory: what cannot be done now is tried again, and an error that cannot be made is
// replaced by one that says so.
void ProcessPoolCore::keep() noexcept {
    kept_here = this;
    for (;;) {
        const std::uint32_t seen = bell_.rings();
        bool news = false;
        // Only this thread adds and removes workers.
        for (const auto& worker : workers_) news = collect(*worker) || news;
        news = see_to_the_dead() || news;
        start_workers();
        FailedJobs failed;
        const TimePoint next = arrange(failed);
        failed.complete();
        {
            const std::scoped_lock guard(mutex_);
            if (closed_ && workers_.empty() && pending_.empty() && unsendable_.empty()) break;
        }
        if (!news) bell_.wait(seen, next);
    }
    // Whoever reports a worker's end may have this object a moment longer than the pool is there: it leaves no
    // descriptor behind. The bell stays mapped for those who ring it still.
    {
        const std::scoped_lock guard(blocks_mutex_);
        blocks_.clear();
    }
    bell_block_.close_descriptor();
    WaitQueue::Popped joiners;
    {
        WaitQueue::Lock lock(joiners_);
        over_.store(true, std::memory_order_release);
        joiners = lock.pop_all();
    }
    WaitQueue::wake_all(joiners);
}

// Moves jobs and ends workers; returns when the next one's time is up.
TimePoint ProcessPoolCore::arrange(FailedJobs& failed) noexcept {
    std::vector<std::uint32_t> dropped;
    {
        const std::scoped_lock guard(blocks_mutex_);
        dropped.swap(dropped_blocks_);
    }
    const std::scoped_lock guard(mutex_);
    hand_out_pending();
    balance();
    failed.take(unsendable_);
    if (start_error_ && live_workers() == 0) fail_pending(failed, start_error_);
    const TimePoint now = std::chrono::steady_clock::now();
    TimePoint next = !pending_.empty() && least_busy() ? now + kTryAgain : kNever;
    for (const auto& worker : workers_) {
        for (const std::uint32_t block : dropped) {
            if (worker->known_blocks.erase(block) > 0)
                (void)worker->tell(ChannelMessage{ChannelMessage::Kind::drop_block, block}, {});
        }
        if (worker->ended) continue;
        if (worker->kill_at <= now) end_cancelled(*worker);
        next = std::min(next, worker->kill_at);
        if ((closed_ || broken_) && pending_.empty() && worker->jobs == 0 && !worker->retiring) worker->retire();
    }
    return next;
}

bool cancel_in_pool(ProcessPoolCore& pool, RemoteJob& job, std::string_view reason) { return pool.cancel(job, reason); }
void help_in_pool(ProcessPoolCore& pool, RemoteJob& job) noexcept { pool.help(job); }

}  // namespace hocket::detail
