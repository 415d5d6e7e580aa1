// How a pool takes in what its workers have done.
#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <utility>

#include "hocket/core/errors.hpp"
#include "hocket/process/errors.hpp"
#include "process/lookout.hpp"
#include "process/process_pool_core.hpp"

namespace hocket::detail {
namespace {

CancelledError read_cancellation(PayloadReader& reader) {
    auto reason = read_value<std::string>(reader);
    return CancelledError(std::move(reason), read_value<std::string>(reader));
}

}  // namespace

// Takes in results, a few at a time: nobody is woken before all of them are read. By the keeper.
bool ProcessPoolCore::collect(PoolWorkerHandle& worker) noexcept {
    constexpr std::size_t kMost = 16;
    std::uint32_t head = 0;
    {
        const std::scoped_lock guard(mutex_);
        if (worker.collecting || !worker.has_result()) return false;
        worker.collecting = true;
        head = worker.head;
    }
    std::array<std::pair<RemoteJob*, bool>, kMost> read;  // and whether it was cancelled
    std::size_t count = 0;
    std::uint32_t position = worker.tail;
    for (bool large = false; position != head && count < kMost && !large; ++position) {
        const Slot& slot = worker.channel->slot(position);
        if (slot.state.load(std::memory_order_acquire) != SlotState::done) break;
        if (slot.result == SlotResult::none) continue;
        large = slot.place == PayloadPlace::block;
        RemoteJob* job = worker.ring[position % ChannelMemory::kSlots];
        read[count++] = {job, read_result(worker, position)};
    }
    {
        const std::scoped_lock guard(mutex_);
        let_go(worker, position);
    }
    for (std::size_t i = 0; i < count; ++i) read[i].first->finish(read[i].second);
    return true;
}

// The worker that has nothing but `job`; null if there is none. Under the lock.
PoolWorkerHandle* ProcessPoolCore::alone_with(const RemoteJob& job) const noexcept {
    if (job.place != JobPlace::handed_out) return nullptr;
    for (const auto& worker : workers_) {
        if (worker->serial != job.worker) continue;
        return !worker->collecting && worker->tail == job.position && worker->head == job.position + 1 ? &*worker
                                                                                                       : nullptr;
    }
    return nullptr;
}

// The same if the result is there: it is up to the caller now to take it in.
PoolWorkerHandle* ProcessPoolCore::claim_result(const RemoteJob& job) noexcept {
    const std::scoped_lock guard(mutex_);
    PoolWorkerHandle* worker = alone_with(job);
    if (!worker || !worker->has_result()) return nullptr;
    worker->collecting = true;
    return worker;
}

// Waking a thread takes tens of microseconds. One that waits for single short jobs again and again looks out for them
// itself for a moment, and takes in the result while the keeper sleeps on. Where there are several jobs, the keeper
// does that better: it is awake for the one when it is needed for the next.
void ProcessPoolCore::help(RemoteJob& job) noexcept {
    static thread_local Lookout lookout;
    if (on_keeper()) return;
    {
        const std::scoped_lock guard(mutex_);
        if (!alone_with(job)) return;
    }
    PoolWorkerHandle* worker = nullptr;
    if (lookout.pays()) {
        Bell::Watch watch(bell_);
        worker = claim_result(job);
        if (!worker && lookout.sees([&] { return watch.rung(); })) {
            worker = claim_result(job);
            if (worker) watch.answer();
        }
    }
    if (!worker) return lookout.sleeps();
    const bool cancelled = read_result(*worker, job.position);
    bool keeper_has_work = false;
    {
        const std::scoped_lock guard(mutex_);
        let_go(*worker, job.position + 1);
        // What it has passed by because of this, or waits for.
        keeper_has_work = worker->has_result() || worker->ended || closed_ || broken_ ||
                          (worker->jobs == 0 && std::any_of(workers_.begin(), workers_.end(),
                                                            [](const auto& other) { return other->jobs > 1; }));
    }
    if (keeper_has_work) bell_.ring();
    job.finish(cancelled);
}

// The slots up to `tail` are free again, and their jobs over. Under the lock.
void ProcessPoolCore::let_go(PoolWorkerHandle& worker, std::uint32_t tail) noexcept {
    for (; worker.tail != tail; ++worker.tail) {
        Slot& slot = worker.channel->slot(worker.tail);
        if (slot.result != SlotResult::none) {
            RemoteJob* job = worker.ring[worker.tail % ChannelMemory::kSlots];
            job->place = JobPlace::over;
            job->leave_queue();
            worker.proved = true;
            unproved_deaths_ = 0;
            if (!job->is_initializer()) {
                --worker.jobs;
                ++counts_.completed;
            }
            if (worker.cancelling && worker.cancelled_position == worker.tail) {
                worker.cancelling = false;
                worker.kill_at = kNever;
            }
        }
        slot.state.store(SlotState::free, std::memory_order_relaxed);
    }
    worker.channel->tail.store(tail, std::memory_order_release);
    worker.collecting = false;
    hand_out_pending();
}

// Reads the outcome of the job at `position`; returns whether it was cancelled.
bool ProcessPoolCore::read_result(PoolWorkerHandle& worker, std::uint32_t position) noexcept {
    const Slot& slot = worker.channel->slot(position);
    RemoteJob* job = worker.ring[position % ChannelMemory::kSlots];
    job->payload = Payload();
    try {
        std::vector<OwnedDescriptor> descriptors;
        if (slot.descriptors > 0) descriptors = worker.inbox.descriptors(position);
        const auto size = static_cast<std::size_t>(slot.size);
        const std::byte* data = slot.place == PayloadPlace::slot   ? slot.data
                                : slot.place == PayloadPlace::room ? worker.channel->room(position)
                                                                   : worker.inbox.block(slot.block, size).data();
        PayloadReader reader({data, size}, std::move(descriptors));
        std::exception_ptr error;
        switch (slot.result) {
            case SlotResult::value:
                job->set_result(reader, worker.where);
                return false;
            case SlotResult::error:
                error = read_exception(reader, worker.where);
                break;
            case SlotResult::cancelled:
                error = std::make_exception_ptr(read_cancellation(reader));
                break;
            case SlotResult::none:
                break;
        }
        if (job->is_initializer()) {
            FailedJobs failed;
            {
                const std::scoped_lock guard(mutex_);
                break_with(made_error([&] {
                               return broken_error("runs no jobs, because its initializer failed: " + describe(error));
                           }),
                           failed);
            }
            failed.complete();
        }
        job->set_error(std::move(error));
    } catch (...) {
        job->set_error(std::current_exception());
        return false;
    }
    return slot.result == SlotResult::cancelled;
}

}  // namespace hocket::detail
