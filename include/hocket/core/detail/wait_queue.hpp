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
    /// The wait has got a time limit after it has begun: it is no part of a deadlock any more. On the task's own
    /// thread.
    virtual void limited_in_time() noexcept {}
    /// What is waited for, in words for a reader of the task tree; "" when there is nothing to say. On the task's own
    /// thread, while it waits.
    virtual std::string waits_for() const { return {}; }

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
    enum class Kind : std::uint8_t {
        sleeps,
        relays,      ///< a few instructions of the library's own: in its turn
        calls_back,  ///< code of the program: after all others
    };
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
    std::uint16_t home_ = 0;  // of a coroutine in a queue: its scheduler's short mark
    const bool calls_back_ = false;
};

/// Waiters in the order of their arrival, threads and coroutines alike. One word; an empty queue costs nothing to keep
/// or destroy.
///
/// The word is the pointer to the first waiter; its lowest bit is a spin lock, held for a few instructions (by
/// wake_all: a few for each waiter). A primitive keeps its own state consistent with the queue by deciding under the
/// lock whether to wait (`push_unless`) and whom to wake (`pop`). The queue must outlive its waiters.
///
/// Who may destroy a primitive, and when: the one whose wait has returned, if nobody but its waker still uses it. So
/// the waker's last act on the primitive is to release the queue's lock, or the one atomic operation that serves those
/// who need not queue; after that it touches the waiters that it has claimed, and those do not go on before it wakes
/// them. And no waiter goes on because of what it sees of a waker that has not come so far: it looks under the queue's
/// lock, or at that one operation.
class WaitQueue {
public:
    WaitQueue() noexcept = default;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    /// How somebody who finds the lock taken tries again. `late` leaves the one who has it the time to come back for it
    /// several times: where two threads take it in turns at full speed, most of the cost is that of moving what it
    /// guards from one processor to the other, and that is then done once for many turns. A single wait takes longer,
    /// up to some microseconds.
    enum class Retry : bool { soon, late };

    /// Waiters that were taken out together: a list in their order.
    class Popped {
    public:
        Popped() noexcept = default;

    private:
        friend class WaitQueue;
        Popped(Waiter* first, Waiter* last) noexcept : first_(first), last_(last) {}
        Waiter* first_ = nullptr;
        Waiter* last_ = nullptr;  // null also unless all are coroutines of the scheduler that runs on this thread
    };

    /// Holds the queue's lock. Do nothing slow and wake nobody while it lives.
    class Lock {
    public:
        explicit Lock(WaitQueue& queue, Retry retry = Retry::soon) noexcept
            : queue_(queue), first_(queue.lock(retry)) {}
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
        Popped pop_all() noexcept;

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
    /// Wakes those who wait now, in their order.
    void wake_all() noexcept;
    /// The second half of Lock::pop_all(). Those that call back come last.
    static void wake_all(const Popped& popped) noexcept;
    /// A hint: true if somebody waited a moment ago.
    bool has_waiters() const noexcept { return (word_.load(std::memory_order_relaxed) & ~kLocked) != 0; }

private:
    static constexpr std::uintptr_t kLocked = 1;
    Waiter* lock(Retry retry) noexcept {
        std::uintptr_t word = word_.fetch_or(kLocked, std::memory_order_acquire);
        if (word & kLocked) [[unlikely]]
            word = lock_slowly(retry);
        return reinterpret_cast<Waiter*>(word);
    }
    std::uintptr_t lock_slowly(Retry retry) noexcept;
    bool take_lock(std::uintptr_t& word) noexcept;
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
/// Invariant: `waiter_` is set only between watch() and unwatch() of its thread, under `locked_`, so the canceller may
/// touch the waiter. Watches nest: an event loop watches while it runs, and so does a task of it that blocks.
/// `shields_` belongs to the thread; `reason_` is written under `locked_` before `cancelled_` is set, and not changed
/// while it is.
///
/// A job that a waiter runs on its own stack is cancelled with the waiter, which could not go on otherwise: as long as
/// it has not ended, a cancellation of either ends its waits. Its canceller lies over the other's, and each wait is
/// watched by both.
class ThreadCanceller {
public:
    /// Any thread. The first reason given is kept (none, when there is no memory for it).
    void cancel(std::string_view reason = {}) noexcept;
    bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
    void clear() noexcept { cancelled_.store(false, std::memory_order_release); }
    /// The rest is for the thread itself. Whether its waits must end:
    bool pending() const noexcept { return shields_ == 0 && (cancelled() || (below_ && source())); }
    /// Throws the CancelledError of the thread, which was cancelled.
    [[noreturn]] void throw_cancelled() const;
    /// The reason given to cancel(), of a thread that was cancelled.
    std::string_view reason() const noexcept { return source() ? source()->reason_ : std::string_view(); }
    /// The thread waits by `waiter` from now on, which cancel() interrupts; so does this, if it was cancelled before.
    /// Returns what it waited by before, for unwatch().
    Waiter* watch(Waiter& waiter) noexcept;
    /// The wait is over: nobody touches its waiter any more. Goes on with the wait around it, if any.
    void unwatch(Waiter* outer) noexcept;
    void shield() noexcept { ++shields_; }
    void unshield() noexcept { --shields_; }
    /// The canceller of the calling thread, null when it has none.
    static ThreadCanceller* current() noexcept { return current_; }
    /// The same, but null inside a shield.
    static ThreadCanceller* in_force() noexcept { return current_ && current_->shields_ == 0 ? current_ : nullptr; }
    /// Makes `canceller` (or none) responsible for the calling thread; returns the one before.
    static ThreadCanceller* install(ThreadCanceller* canceller) noexcept;
    /// The same, but the one before remains responsible too.
    static ThreadCanceller* install_over(ThreadCanceller& canceller) noexcept;

private:
    void lock() noexcept;
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }
    /// The one below, as far as it is in force.
    ThreadCanceller* below() const noexcept { return below_ && below_->shields_ == 0 ? below_ : nullptr; }
    /// Which of this and those below was cancelled; null for none.
    const ThreadCanceller* source() const noexcept;
    static thread_local constinit ThreadCanceller* current_;
    Atomic<bool> locked_{false};
    Atomic<bool> cancelled_{false};
    Waiter* waiter_ = nullptr;
    std::string reason_;
    int shields_ = 0;
    ThreadCanceller* below_ = nullptr;
    Waiter* hidden_ = nullptr;  // what the one below was in when this began to wait
};

/// Throws CancelledError if the calling thread is cancelled: what blocking calls begin with, whether or not they have
/// to wait. (But for those that take a lock, whose callers could often not do with an exception.)
inline void check_thread_cancelled() {
    if (const ThreadCanceller* canceller = ThreadCanceller::current(); canceller && canceller->pending()) [[unlikely]]
        canceller->throw_cancelled();
}

}  // namespace hocket::detail
