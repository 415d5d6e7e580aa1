// Parking: how a thread or a coroutine waits for something and is woken. Everything in the library that waits is built
// on this.
#pragma once
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/atomic.hpp"
#include "hocket/core/detail/coroutine.hpp"
#include "hocket/core/detail/run_queue.hpp"

namespace hocket::detail {

/// How a wait ended.
enum class WaitOutcome : std::uint32_t { waiting, woken, cancelled, timed_out };

/// What a task is suspended on; its coroutine resumes when the node is run by the task's scheduler.
class Suspension : public RunNode {
public:
    /// The task is being cancelled while it waits here. Called on the task's own thread; must lead to a resume() in
    /// finite time, by way of the run queue.
    virtual void cancel() noexcept = 0;
    PromiseBase* promise() const noexcept { return promise_; }

protected:
    Suspension() noexcept = default;
    ~Suspension() = default;
    /// The coroutine of `promise` will wait here, if it waits.
    void set_promise(PromiseBase& promise) noexcept { promise_ = &promise; }
    /// It waits here from now on.
    void suspend() noexcept;
    /// It does not wait after all; before anybody could post the node.
    void unsuspend() noexcept;
    /// Puts this node into the run queue of its task's scheduler. Any thread.
    void post() noexcept;
    /// Goes on with the coroutine. By the scheduler only.
    void run() noexcept override;

private:
    PromiseBase* promise_ = nullptr;  // null for a thread
};

class WaitQueue;

/// One wait of one coroutine or one thread. Lives in the waiter's frame or stack.
///
/// Invariant: `outcome_` leaves `waiting` exactly once, by the compare-and-swap in claim(). Whoever wins it decides how
/// the wait ended, takes the node out of its queue, and as its last act on the node calls wake(), before which the
/// waiter does not go on. The losers do nothing, and a loser that had something to give (a wake-up) gives it to the
/// next waiter. A waker unlinks and claims under the queue's lock; a canceller or timer claims first and unlinks
/// afterwards, so that it touches the queue only while its waiter keeps the queue alive. claim() is acquire-release,
/// and so is the hand-over in wake(): what the waker wrote before is seen by the waiter that finds `woken`.
class Waiter : public Suspension {
public:
    WaitOutcome outcome() const noexcept { return outcome_.load(std::memory_order_acquire); }
    void cancel() noexcept override { interrupt(WaitOutcome::cancelled); }
    /// Ends the wait early if nobody else has ended it. On the waiter's scheduler or, for a thread, under its
    /// ThreadCanceller's lock.
    void interrupt(WaitOutcome why) noexcept;
    /// Lets a claimed waiter go on; for the one who claimed it, with no queue locked.
    void wake() noexcept;

protected:
    Waiter() noexcept = default;
    /// For what is neither a thread nor a coroutine: its run() is called by the waker itself, after it has woken the
    /// others, whichever way the wait ended.
    enum class Kind : bool { sleeps, calls_back };
    explicit Waiter(Kind kind) noexcept : calls_back_(kind == Kind::calls_back) {}
    ~Waiter() = default;
    /// Ends a wait that was never queued, as woken; before anybody else knows of it.
    void end_unqueued() noexcept { outcome_.store(WaitOutcome::woken, std::memory_order_relaxed); }

private:
    friend class WaitQueue;
    friend class ThreadWaiter;
    bool claim(WaitOutcome outcome) noexcept {
        auto expected = WaitOutcome::waiting;
        return outcome_.compare_exchange_strong(expected, outcome, std::memory_order_acq_rel,
                                                std::memory_order_relaxed);
    }
    bool claim_and_unlink(WaitOutcome outcome) noexcept;
    Waiter* next() const noexcept { return static_cast<Waiter*>(next_); }

    // In a queue the nodes form a ring through next_ and previous_. previous_ is null outside of a queue.
    Waiter* previous_ = nullptr;
    WaitQueue* queue_ = nullptr;
    Atomic<WaitOutcome> outcome_{WaitOutcome::waiting};
    const bool calls_back_ = false;
};

/// Waiters in the order of their arrival, threads and coroutines alike. One word; an empty queue costs nothing to keep
/// or destroy.
///
/// The word is the pointer to the first waiter; its lowest bit is a spin lock, held for a few instructions (by
/// wake_all: a few for each waiter). A primitive keeps its own state consistent with the queue by deciding under the
/// lock whether to wait (`push_unless`) and whom to wake (`pop`). The queue must outlive its waiters.
class WaitQueue {
public:
    WaitQueue() noexcept = default;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    /// Holds the queue's lock. Do nothing slow and wake nobody while it lives.
    class Lock {
    public:
        explicit Lock(WaitQueue& queue) noexcept : queue_(queue), first_(queue.lock()) {}
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock() { queue_.unlock(first_); }
        bool empty() const noexcept { return first_ == nullptr; }
        /// Adds a waiter at the end.
        void push(Waiter& waiter) noexcept;
        /// Adds a waiter before all others: one that had its turn and could not use it.
        void push_front(Waiter& waiter) noexcept;
        /// The waiter that has waited longest, whatever became of it; null when nobody waits.
        Waiter* front() const noexcept { return first_; }
        /// Claims and takes out the waiter that has waited longest, passing over those that are being cancelled or have
        /// timed out; null when nobody waits. The caller owes it a wake() after the lock is released.
        Waiter* pop() noexcept;
        /// Claims and takes out all of them; wake_all() with what it returns, after the lock is released, lets them go
        /// on.
        Waiter* pop_all() noexcept;

    private:
        friend class Waiter;
        void unlink(Waiter& waiter) noexcept;
        WaitQueue& queue_;
        Waiter* first_;
    };

    /// Adds `waiter` unless `ready()`, called under the lock, says that there is no need to wait. Returns whether it
    /// was added.
    template <class Ready>
    bool push_unless(Waiter& waiter, Ready&& ready) {
        Lock lock(*this);
        if (ready()) return false;
        lock.push(waiter);
        return true;
    }
    /// Wakes the longest waiting; false when nobody waits.
    bool wake_one() noexcept;
    /// Wakes those who wait now, in their order; returns how many.
    std::size_t wake_all() noexcept;
    /// The second half of Lock::pop_all(). Those that call back come last.
    static std::size_t wake_all(Waiter* popped) noexcept;
    /// A hint: true if somebody waited a moment ago.
    bool has_waiters() const noexcept { return (word_.load(std::memory_order_relaxed) & ~kLocked) != 0; }

private:
    static constexpr std::uintptr_t kLocked = 1;
    Waiter* lock() noexcept {
        std::uintptr_t word = word_.fetch_or(kLocked, std::memory_order_acquire);
        if (word & kLocked) [[unlikely]]
            word = lock_slowly();
        return reinterpret_cast<Waiter*>(word);
    }
    std::uintptr_t lock_slowly() noexcept;
    void unlock(Waiter* first) noexcept {
        word_.store(reinterpret_cast<std::uintptr_t>(first), std::memory_order_release);
    }

    Atomic<std::uintptr_t> word_{0};
};

/// The wait of a thread: spins for a moment if that has been worth it lately, then blocks on a futex, until woken,
/// cancelled (see ThreadCanceller) or timed out.
class ThreadWaiter : public Waiter {
public:
    ThreadWaiter() noexcept = default;
    ~ThreadWaiter() = default;
    /// Blocks until the wait ends; the waiter must have been pushed to a queue. Returns woken, cancelled or timed_out;
    /// afterwards the waiter is in no queue.
    WaitOutcome park(TimePoint deadline = kNever) noexcept;
    /// The same for a call of the public interface at `where`: true when woken, false when the time is up; throws
    /// CancelledError when the thread is cancelled. In debug mode, a thread that runs an event loop is reported, since
    /// its loop stands still meanwhile.
    bool block(TimePoint deadline, std::source_location where);

private:
    friend class Waiter;
    void run() noexcept override { signal(); }
    void signal() noexcept;
    void await_signal(TimePoint deadline) noexcept;
    // The futex word. waiting -> signalled, by way of sleeping if the thread did fall asleep.
    static constexpr std::uint32_t kWaiting = 0, kSignalled = 1, kSleeping = 2;
    Atomic<std::uint32_t> state_{kWaiting};
};

/// In debug mode, reports that a call at `where` blocks the thread of an event loop, if it is one.
void check_may_block(std::source_location where) noexcept;

/// The cancellation state of a thread: a flag, and the wait that it is in. `cancel()` makes the current or next park()
/// of the thread end with `cancelled`, again and again until clear(), except those inside a shield.
///
/// Invariant: `waiter_` is set only while its thread is inside park(), under `locked_`, so the canceller may touch the
/// waiter. `shields_` belongs to the thread; `reason_` is written under `locked_` before `cancelled_` is set, and not
/// changed while it is.
class ThreadCanceller {
public:
    /// Any thread. The first reason given is kept (none, when there is no memory for it).
    void cancel(std::string_view reason = {}) noexcept;
    bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
    void clear() noexcept { cancelled_.store(false, std::memory_order_release); }
    /// The rest is for the thread itself. Whether its waits must end:
    bool pending() const noexcept { return shields_ == 0 && cancelled(); }
    /// Throws the CancelledError of the thread, which was cancelled.
    [[noreturn]] void throw_cancelled() const;
    /// The thread waits by `waiter` from now on, which cancel() interrupts; so does this, if it was cancelled before.
    void watch(Waiter& waiter) noexcept;
    /// The wait is over: nobody touches its waiter any more.
    void unwatch() noexcept;
    void shield() noexcept { ++shields_; }
    void unshield() noexcept { --shields_; }
    /// The canceller of the calling thread, null when it has none.
    static ThreadCanceller* current() noexcept { return current_; }
    /// The same, but null inside a shield.
    static ThreadCanceller* in_force() noexcept { return current_ && current_->shields_ == 0 ? current_ : nullptr; }
    /// Makes `canceller` (or none) responsible for the calling thread; returns the one before.
    static ThreadCanceller* install(ThreadCanceller* canceller) noexcept;

private:
    void lock() noexcept;
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }
    static thread_local constinit ThreadCanceller* current_;
    Atomic<bool> locked_{false};
    Atomic<bool> cancelled_{false};
    Waiter* waiter_ = nullptr;
    std::string reason_;
    int shields_ = 0;
};

}  // namespace hocket::detail
