// What the handles of one Future share: a result to come, and who waits for it.
#pragma once
#include <atomic>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/core/outcome.hpp"

namespace hocket::detail {

[[noreturn]] void throw_blocks_loop(std::string_view call, std::string_view instead);
/// Throws DeadlockError if the calling thread runs an event loop: `call`, which may block, is refused there, and
/// `instead` says what to do.
inline void refuse_on_loop(std::string_view call, std::string_view instead) {
    if (Scheduler::current()) [[unlikely]]
        throw_blocks_loop(call, instead);
}

/// The part of a shared state that does not depend on the type of the result.
///
/// Invariant: `status_` goes pending -> completing -> done, each once; where only one can ever complete it (a task's
/// state), it skips the middle. Only the completer writes the outcome; `done` is stored (release) under the lock of
/// `waiters_`, so that a waiter either sees it or is woken by it. Whoever waits holds a reference.
class SharedStateBase {
public:
    SharedStateBase(const SharedStateBase&) = delete;
    SharedStateBase& operator=(const SharedStateBase&) = delete;

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_reference() noexcept {
        // A count whose references all belong to this thread cannot change behind its back, and needs no read-modify-
        // write: a single reference, or those of a running task and of the handle that its spawner throws away.
        const std::uint32_t count = references_.load(std::memory_order_acquire);
        if (count == 1) return destroy();
        if (count == 2 && holds_other_reference()) return references_.store(1, std::memory_order_relaxed);
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
    }
    bool shared() const noexcept { return references_.load(std::memory_order_acquire) > 1; }

    bool done() const noexcept { return status_.load(std::memory_order_acquire) == Status::done; }
    bool cancelled() const noexcept { return done() && cancelled_; }
    /// Whether it is done with an exception, cancellation not counted.
    virtual bool failed() const noexcept = 0;
    void mark_retrieved() noexcept { retrieved_.store(true, std::memory_order_relaxed); }

    /// Reserves the right to complete; false when somebody else has it.
    bool begin_completion() noexcept {
        auto expected = Status::pending;
        return status_.compare_exchange_strong(expected, Status::completing, std::memory_order_acq_rel,
                                               std::memory_order_relaxed);
    }
    /// After the outcome was written: wakes all who wait.
    void finish_completion(bool cancelled) noexcept;

    /// Adds `waiter` unless the result is there.
    bool wait_with(Waiter& waiter) noexcept {
        return waiters_.push_unless(waiter, [this] { return done(); });
    }
    /// Blocks the calling thread until the result is there or `deadline` has come; returns whether it is there. Throws
    /// CancelledError when the thread is cancelled, DeadlockError where the wait could never end: on the thread of an
    /// event loop, which would never get to produce it, and in a circle of waiting owners.
    bool block_until(TimePoint deadline, std::source_location where);

    /// Blocks until the result is there, whatever happens: for destructors.
    void block_until_done() noexcept;
    /// For a job that uses what is on this stack: block_until(), and if that throws, cancels it and waits for its end.
    void block_until_left(std::source_location where);

    /// "the result of …", for messages.
    virtual std::string description() const { return "the result of a Promise"; }
    /// For a WaitEdge of who waits for this.
    static const OwnedKind kOwnedKind;
    /// The party that is producing the result: the task, or the job while it runs; 0 for none and when it is there.
    virtual PartyId producer() const noexcept { return 0; }
    /// The calling thread is about to block for this without a time limit, and may produce the result itself.
    virtual void help() {}
    /// Cancels it if it has not been started.
    virtual bool withdraw() noexcept { return false; }

    /// Reports an error of `who` that nobody gets to see.
    static void report_lost(const std::exception_ptr& error, std::string_view who) noexcept;

    /// Reports the exception of a done callback.
    static void report_callback(const std::exception_ptr& error) noexcept;

    /// Asks the producer to stop. Any thread. False when the result is there already.
    virtual bool request_cancel(std::string_view reason) = 0;
    /// The same for destructors and handlers. Without memory for it, the work goes on.
    void cancel_quietly(std::string_view reason) noexcept;

protected:
    explicit SharedStateBase(std::uint32_t references = 1) noexcept : references_(references) {}
    virtual ~SharedStateBase() = default;
    virtual void destroy() noexcept = 0;
    /// Whether the producer holds a reference that only the calling thread can drop.
    virtual bool holds_other_reference() const noexcept { return false; }
    /// finish_completion() where the caller's reference is the only one, and nobody can make another from it.
    void finish_alone(bool cancelled) noexcept {
        cancelled_ = cancelled;
        status_.store(Status::done, std::memory_order_relaxed);
    }
    /// In destroy(): whether nobody has looked at `error`.
    bool is_lost(const std::exception_ptr& error) const noexcept {
        return error && !cancelled_ && !retrieved_.load(std::memory_order_relaxed);
    }

    WaitQueue waiters_;

private:
    enum class Status : std::uint8_t { pending, completing, done };
    std::atomic<std::uint32_t> references_;
    std::atomic<Status> status_{Status::pending};
    std::atomic<bool> retrieved_{false};
    bool cancelled_ = false;
};

template <class T>
class SharedState : public SharedStateBase {
public:
    /// Only after done().
    Outcome<T>& outcome() noexcept { return outcome_; }
    bool failed() const noexcept override { return this->done() && !this->cancelled() && !outcome_.has_value(); }

protected:
    explicit SharedState(std::uint32_t references = 1) noexcept : SharedStateBase(references) {}
    Outcome<T> outcome_;
};

/// A counted reference to a shared state.
template <class State>
class StateRef {
public:
    StateRef() noexcept = default;
    /// Takes over one reference.
    explicit StateRef(State* state) noexcept : state_(state) {}
    StateRef(const StateRef& other) noexcept : state_(other.state_) {
        if (state_) state_->add_reference();
    }
    StateRef(StateRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    StateRef& operator=(StateRef other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~StateRef() {
        if (state_) state_->drop_reference();
    }
    explicit operator bool() const noexcept { return state_ != nullptr; }
    State* operator->() const noexcept { return state_; }
    State& operator*() const noexcept { return *state_; }
    /// Gives up the reference without dropping it.
    State* release() noexcept { return std::exchange(state_, nullptr); }

private:
    State* state_ = nullptr;
};

/// A task's wait for a shared state, and its edge in the wait-for graph.
class StateWaiter : public Waiter, protected GraphEdge {
protected:
    explicit StateWaiter(StateRef<SharedStateBase> state) noexcept : state_(std::move(state)) {}
    ~StateWaiter() { leave(); }
    std::string waits_for() const override { return state_->description(); }
    void limited_in_time() noexcept override { leave(); }
    SharedStateBase& state() const noexcept { return *state_; }
    TaskContext& task() const noexcept { return *promise()->task(); }
    /// As WaitEdge does. The task is about to wait.
    void enter();
    void leave() noexcept {
        if (in_graph()) remove();
    }

private:
    PartyId owner() const noexcept override { return state_->producer(); }
    bool waiting() const noexcept override { return outcome() == WaitOutcome::waiting; }
    std::string description() const override;
    StateRef<SharedStateBase> state_;
};

}  // namespace hocket::detail
