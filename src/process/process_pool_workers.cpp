// How a pool starts its workers, and what becomes of the jobs of those that have ended.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/process/detail/process_setup.hpp"
#include "hocket/process/errors.hpp"
#include "process/pool_worker.hpp"
#include "process/process_pool_core.hpp"

namespace hocket::detail {
namespace {

// So many workers in a row that die without having completed anything mean that none ever will.
constexpr std::size_t kMostUnprovedDeaths = 3;

std::exception_ptr cancellation_of(const RemoteJob& job) noexcept {
    return made_error([&] { return std::make_exception_ptr(cancelled_error(job.cancel_reason)); });
}

// Prepares one worker; if it cannot be, the pool is broken.
class InitializerJob final : public RemoteJob {
public:
    InitializerJob(FunctionName entry, Payload payload) noexcept : RemoteJob(entry, std::move(payload)) {}
    void set_result(PayloadReader&, const std::string&) noexcept override {}
    void set_error(std::exception_ptr) noexcept override {}
    void finish(bool) noexcept override { delete this; }
    bool is_initializer() const noexcept override { return true; }
};

}  // namespace

bool ProcessPoolCore::see_to_the_dead() noexcept {
    bool found = false;
    for (;; found = true) {
        std::unique_ptr<PoolWorkerHandle> worker;
        {
            const std::scoped_lock guard(mutex_);
            const auto dead = std::find_if(workers_.begin(), workers_.end(),
                                           [](const auto& each) { return each->ended && !each->collecting; });
            if (dead == workers_.end()) return found;
            worker = std::move(*dead);
            workers_.erase(dead);
        }
        // What it had completed before its end counts.
        while (collect(*worker)) {
        }
        FailedJobs failed;
        {
            const std::scoped_lock guard(mutex_);
            bury(*worker, failed);
            hand_out_pending();
        }
        failed.complete();
    }
}

std::exception_ptr ProcessPoolCore::broken_error(const std::string& how, const PoolWorkerHandle* worker) const {
    return std::make_exception_ptr(BrokenProcessPool("hocket: the pool '" + options_.name + "' " + how,
                                                     worker ? worker->process->pid() : 0,
                                                     worker ? worker->process->end().code : 0));
}

// What a dead worker leaves behind. Under the lock.
void ProcessPoolCore::bury(PoolWorkerHandle& worker, FailedJobs& failed) noexcept {
    const ProcessEnd& end = worker.process->end();
    const auto what = [&] {
        return "worker process " + std::to_string(worker.process->pid()) + " ('" + worker.process->name() + "') " +
               end.text();
    };
    const auto broken = [&](const char* how) {
        return made_error([&] { return broken_error(how + what(), &worker); });
    };
    RemoteJob* ran = nullptr;
    for (std::uint32_t position = worker.head; position != worker.tail;) {
        const SlotState state = worker.channel->slot(--position).state.load(std::memory_order_acquire);
        RemoteJob* job = worker.ring[position % ChannelMemory::kSlots];
        if (state == SlotState::running) ran = job;
        if (state != SlotState::queued) continue;
        if (job->is_initializer()) {
            failed.add(*job, nullptr, false);
        } else if (job->cancel_requested) {
            failed.add(*job, cancellation_of(*job), true);
        } else {
            job->place = JobPlace::pending;
            pending_.push_front(*job);
        }
    }
    const bool expected = worker.killed || (worker.retiring && !ran && end.code == 0);
    if (!expected) ++counts_.died;
    if (ran && ran->is_initializer()) {
        failed.add(*ran, nullptr, false);
        if (!worker.killed) break_with(broken("runs no jobs, because its initializer failed: "), failed);
    } else if (ran && ran->cancel_requested) {
        failed.add(*ran, cancellation_of(*ran), true);
    } else if (ran && broken_) {
        failed.add(*ran, broken_, false);
    } else if (ran && ran->runs < options_.repeats && !closed_) {
        ++ran->runs;
        ++counts_.repeated;
        ran->place = JobPlace::pending;
        pending_.push_front(*ran);
    } else if (ran) {
        const auto error = [&] {
            return std::make_exception_ptr(
                BrokenProcessPool("hocket: " + what() + " while it ran a job of the pool '" + options_.name + "'",
                                  worker.process->pid(), end.code));
        };
        failed.add(*ran, made_error(error), false);
    }
    if (!expected && options_.on_worker_death == OnWorkerDeath::break_pool)
        break_with(broken("is broken, since "), failed);
    static_assert(kMostUnprovedDeaths == 3);
    if (!expected && !worker.proved && !ran && ++unproved_deaths_ >= kMostUnprovedDeaths)
        break_with(broken("is broken: 3 workers have ended before they ran anything, the last one: "), failed);
    if (broken_) fail_pending(failed, broken_);  // jobs that have come back from it
}

void ProcessPoolCore::start_workers() noexcept {
    for (;;) {
        std::size_t index = 0;
        {
            const std::scoped_lock guard(mutex_);
            if (!wants_worker()) return;
            const auto taken = [&] {
                return std::any_of(workers_.begin(), workers_.end(),
                                   [&](const auto& worker) { return worker->index == index; });
            };
            while (taken()) ++index;
        }
        if (!start_worker(index)) return;
    }
}

bool ProcessPoolCore::start_worker(std::size_t index) noexcept {
    try {
        auto worker = std::make_unique<PoolWorkerHandle>(next_serial_++, index);
        ProcessSetup setup;
        setup.name = options_.name + "-" + std::to_string(index);
        static const FunctionName entry = name_of(&run_pool_worker);
        setup.entry = entry;
        setup.ignores_interrupt = true;
        if (!options_.cpu_affinity.empty())
            setup.processor = options_.cpu_affinity[index % options_.cpu_affinity.size()];
        setup.payload.attach(duplicate_descriptor(worker->channel.descriptor()));
        setup.payload.attach(duplicate_descriptor(bell_block_.descriptor()));
        setup.payload.attach(std::move(worker->worker_socket));
        std::unique_ptr<InitializerJob> initializer;
        if (options_.initializer) {
            Payload payload(this);
            options_.initializer.write(payload);
            initializer = std::make_unique<InitializerJob>(options_.initializer.entry(), std::move(payload));
        }
        constexpr std::size_t kDigits = 16;
        worker->where = "worker process ";
        const std::string of_the_pool = " of the pool '" + options_.name + "'";
        worker->where.reserve(worker->where.size() + kDigits + of_the_pool.size());
        worker->process = start_process(std::move(setup), weak_from_this());
        // From here on nothing fails, or there would be a process that nobody knows of.
        char digits[kDigits];
        const auto [end, error] = std::to_chars(digits, digits + kDigits, worker->process->pid());
        worker->where.append(digits, static_cast<std::size_t>(end - digits)).append(of_the_pool);
        const std::scoped_lock guard(mutex_);
        PoolWorkerHandle& started = *worker;
        workers_.push_back(std::move(worker));  // into memory that was reserved
        // Its end may have been reported before it was in the list.
        started.ended = started.process->ended();
        ++counts_.started;
        start_error_ = nullptr;
        if (initializer) {
            if (hand_out(started, *initializer)) {
                (void)initializer.release();
            } else {  // not one to be given jobs
                started.kill();
                start_error_ = started.refusal ? started.refusal : made_error([] {
                    return std::make_exception_ptr(
                        std::system_error(EAGAIN, std::generic_category(), "hocket: prepare a worker process"));
                });
                return false;
            }
        }
        hand_out_pending();
        return true;
    } catch (...) {
        const std::scoped_lock guard(mutex_);
        start_error_ = std::current_exception();
        return false;
    }
}

}  // namespace hocket::detail
