// A submitted call: the function, its arguments, and the state that its Futures share, in one block.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>

#include "hocket/core/detail/context.hpp"
#include "hocket/core/detail/frame_allocator.hpp"
#include "hocket/core/detail/party.hpp"
#include "hocket/futures/detail/pool_core.hpp"
#include "hocket/futures/detail/shared_state.hpp"
#include "hocket/futures/future.hpp"
#include "hocket/sync/semaphore.hpp"

namespace hocket::detail {

/// The part of a job that does not depend on its types. It is a party of its own while it runs.
///
/// Invariant: one compare-and-swap on `claimed_` decides who runs or cancels it: the worker that took its entry out of
/// a queue, somebody who waits for it, or who cancels it. The entry holds a reference; whoever takes it out of the
/// queue and finds the job claimed drops that, nothing more.
class Job : public WorkItem {
public:
    bool claimed() const noexcept override { return claimed_.load(std::memory_order_acquire); }
    bool joined_by_maker() const noexcept override { return false; }  // its Future may go anywhere

    /// Where it was submitted to. Before it is queued.
    void set_pool(PoolCore& pool) noexcept {
        pool_ = &pool;
        waiters_help_ = pool.options().waiters_help;
    }
    /// Claims and runs it on the calling thread if it is still queued, or lends a hand to the worker that runs it, as
    /// far as that is to be had by this thread.
    void help(const SharedStateBase& state);
    /// A place in the queue, which it gives back when it is claimed. Before it is queued.
    void set_room(std::shared_ptr<Semaphore> room) noexcept { room_ = std::move(room); }
    /// Who is going to run it: until it is begun, who waits for it waits for that party. Before it is queued.
    void expect_from(PartyId party) noexcept { party_.store(party, std::memory_order_relaxed); }
    /// Runs it on the calling thread, instead of queueing it.
    void run_here() noexcept {
        if (claim()) execute(nullptr);
        forget();
    }
    /// It is not queued after all.
    void discard() noexcept {
        (void)claim();
        forget();
    }

protected:
    Job() noexcept : context_(current_context()) {}
    ~Job() = default;
    bool claim() noexcept {
        if (claimed_.load(std::memory_order_relaxed) || claimed_.exchange(true, std::memory_order_acq_rel))
            return false;
        if (room_) [[unlikely]]
            room_->release();
        return true;
    }
    /// Runs a claimed job, on `worker` or (null) on a thread of somebody else's.
    virtual void execute(Worker* worker) noexcept = 0;
    /// The party that runs it.
    PartyId party() const noexcept { return party_.load(std::memory_order_acquire); }
    void cancel_running(std::string_view reason) noexcept { canceller_.cancel(reason); }

    /// While it lives, the calling thread is the job.
    class Running {
    public:
        Running(Job& job, Worker* worker) noexcept
            : context_(std::move(job.context_)),
              nested_(worker),
              as_(job.begin(worker)),
              before_(ThreadCanceller::install_over(job.canceller_)) {}
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        ~Running() { ThreadCanceller::install(before_); }

    private:
        class Nesting {
        public:
            explicit Nesting(Worker* worker) noexcept {
                if (worker) nested_.emplace(*worker);
            }

        private:
            std::optional<Worker::Nested> nested_;
        };
        EnterContext context_;
        Nesting nested_;
        ActAs as_;
        ThreadCanceller* before_;
    };

private:
    PartyId begin(Worker* worker) noexcept {
        if (worker) {
            floor_ = worker->next_position();
            runner_.store(worker, std::memory_order_release);
        }
        const PartyId party = next_party_id();
        party_.store(party, std::memory_order_release);
        return party;
    }

    std::atomic<bool> claimed_{false};
    bool waiters_help_ = false;                // also threads of others'
    PoolCore* pool_ = nullptr;                 // null: not a pool's
    std::atomic<Worker*> runner_{nullptr};     // set when a worker runs it, after floor_
    WorkDeque<WorkItem>::Position floor_ = 0;  // what the runner queues at and above this descends from the job
    std::atomic<PartyId> party_{0};
    ThreadCanceller canceller_;
    ContextRef context_;               // inherited from who submitted it
    std::shared_ptr<Semaphore> room_;  // null: the queue is not bounded
};

/// `Call` is called once, without arguments; its result is a T.
template <class T, class Call>
class JobState final : public SharedState<T>, public Job {
public:
    /// Two references: the caller's and that of the queue's entry.
    explicit JobState(Call&& call) : SharedState<T>(2), call_(std::move(call)) {}

    bool request_cancel(std::string_view reason) override {
        if (this->done()) return false;
        if (!this->claimed()) {
            auto error = std::make_exception_ptr(cancelled_error(reason));
            if (this->claim()) {
                complete_unrun(std::move(error), true);
                return true;
            }
        }
        this->cancel_running(reason);
        return true;
    }
    bool withdraw() noexcept override {
        try {
            if (this->claimed()) return false;
            auto error = std::make_exception_ptr(CancelledError("withdrawn"));
            if (!this->claim()) return false;
            complete_unrun(std::move(error), true);
            return true;
        } catch (...) {
            return false;  // no memory: it will be run
        }
    }
    PartyId producer() const noexcept override { return this->done() ? 0 : this->party(); }
    void help() override { Job::help(*this); }

    void run(Worker& worker) noexcept override {
        if (this->claim()) execute(&worker);
        this->drop_reference();
    }
    bool abandon(const std::exception_ptr& error, bool cancelled) noexcept override {
        if (this->claim()) complete_unrun(error, cancelled);
        this->drop_reference();
        return true;
    }
    void forget() noexcept override { this->drop_reference(); }
    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* state, std::size_t size) noexcept { FrameHeap::deallocate(state, size); }
    static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
    static void operator delete(void* state, std::size_t, std::align_val_t alignment) noexcept {
        ::operator delete(state, alignment);
    }

private:
    void execute(Worker* worker) noexcept override {
        bool cancelled = false;
        {
            const Running running(*this, worker);
            try {
                if constexpr (std::is_void_v<T>) {
                    (*call_)();
                    this->outcome_.set_value();
                } else {
                    this->outcome_.set_value((*call_)());
                }
            } catch (const CancelledError&) {
                this->outcome_.set_error(std::current_exception());
                cancelled = true;
            } catch (...) {
                this->outcome_.set_error(std::current_exception());
            }
            call_.reset();
        }
        this->finish_completion(cancelled);
    }
    void complete_unrun(std::exception_ptr error, bool cancelled) noexcept {
        call_.reset();
        this->outcome_.set_error(std::move(error));
        this->finish_completion(cancelled);
    }
    std::string description() const override { return "the result of a job"; }
    void destroy() noexcept override {
        const std::exception_ptr error = this->outcome_.error();
        if (this->is_lost(error)) this->report_lost(error, "a job");
        delete this;
    }

    std::optional<Call> call_;
};

/// A function with its arguments, all of them moved into the call.
template <class F, class... Arguments>
class BoundCall {
public:
    template <class Function, class... Given>
    explicit BoundCall(std::in_place_t, Function&& function, Given&&... given)
        : parts_(std::forward<Function>(function), std::forward<Given>(given)...) {}
    decltype(auto) operator()() {
        return std::apply(
            [](auto&&... parts) -> decltype(auto) { return std::invoke(std::forward<decltype(parts)>(parts)...); },
            std::move(parts_));
    }

private:
    std::tuple<F, Arguments...> parts_;
};

}  // namespace hocket::detail
