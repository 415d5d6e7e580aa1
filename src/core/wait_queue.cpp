#include "hocket/core/detail/wait_queue.hpp"

#include <exception>
#include <utility>

#include "futex.hpp"
#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/report.hpp"

namespace hocket::detail {
namespace {

// How long a thread spins before it sleeps, in turns of the loop below. Waking a sleeper costs tens of microseconds, so
// that a short wait is better spun through; whether waits are short is learnt from those before.
class SpinBudget {
public:
    int turns() noexcept { return can_spin() ? turns_ : 0; }
    void paid() noexcept { turns_ = turns_ * 2 < kMost ? turns_ * 2 : kMost; }
    void wasted() noexcept { turns_ = turns_ / 2 > kLeast ? turns_ / 2 : kLeast; }

private:
    static constexpr int kLeast = 32;
    static constexpr int kMost = 1024;
    int turns_ = 256;
};
thread_local constinit SpinBudget spin_budget;

void report_blocked_loop(const std::source_location& where) noexcept {
    try {
        report(ReportKind::blocked_loop, "a call at " + std::string(where.file_name()) + ":" +
                                             std::to_string(where.line()) +
                                             " blocks the thread of an event loop, which stands still meanwhile; use "
                                             "the async_ form and co_await");
    } catch (...) {
        report(ReportKind::blocked_loop, "a call blocks the thread of an event loop");
    }
}

}  // namespace

void Suspension::suspend() noexcept {
    TaskContext& task = *promise_->task();
    task.suspended_on_ = this;
    task.suspended_since_ = task.home().turn_began();
}

void Suspension::unsuspend() noexcept { promise_->task()->suspended_on_ = nullptr; }

void Suspension::post() noexcept { promise_->task()->home().post(*this); }

void Suspension::run() noexcept {
    TaskContext& task = *promise_->task();
    task.suspended_on_ = nullptr;
    task.home().set_current_task(&task);
    resume(promise_->handle());
}

void Waiter::wake() noexcept {
    if (promise()) {
        post();
    } else {
        run();
    }
}

bool Waiter::claim_and_unlink(WaitOutcome outcome) noexcept {
    if (!claim(outcome)) return false;
    WaitQueue::Lock lock(*queue_);
    if (previous_) lock.unlink(*this);
    return true;
}

void Waiter::interrupt(WaitOutcome why) noexcept {
    if (claim_and_unlink(why)) wake();
}

void WaitQueue::Lock::push(Waiter& waiter) noexcept {
    waiter.queue_ = &queue_;
    if (const PromiseBase* promise = waiter.promise()) waiter.home_ = promise->task()->home().short_mark();
    if (!first_) {
        first_ = &waiter;
        waiter.previous_ = &waiter;
        waiter.next_ = &waiter;
        return;
    }
    Waiter* last = first_->previous_;
    waiter.previous_ = last;
    waiter.next_ = first_;
    last->next_ = &waiter;
    first_->previous_ = &waiter;
}

void WaitQueue::Lock::push_front(Waiter& waiter) noexcept {
    push(waiter);
    first_ = &waiter;  // in a ring, the end is before the beginning
}

void WaitQueue::Lock::unlink(Waiter& waiter) noexcept {
    Waiter* next = waiter.next();
    if (next == &waiter) {
        first_ = nullptr;
    } else {
        waiter.previous_->next_ = next;
        next->previous_ = waiter.previous_;
        if (first_ == &waiter) first_ = next;
    }
    waiter.previous_ = nullptr;
}

Waiter* WaitQueue::Lock::pop() noexcept {
    while (Waiter* waiter = first_) {
        unlink(*waiter);
        if (waiter->claim(WaitOutcome::woken)) return waiter;
    }
    return nullptr;
}

bool WaitQueue::wake_one() noexcept {
    Waiter* waiter = nullptr;
    {
        Lock lock(*this);
        waiter = lock.pop();
    }
    if (waiter) waiter->wake();
    return waiter != nullptr;
}

WaitQueue::Popped WaitQueue::Lock::pop_all() noexcept {
    if (!first_) return Popped();
    const Scheduler* scheduler = Scheduler::current();
    const std::uint16_t here = scheduler ? scheduler->short_mark() : 0;
    bool at_home = here != 0;
    Waiter* first = nullptr;
    Waiter* last = nullptr;
    Waiter* waiter = first_;
    do {
        Waiter* const next = waiter->next();
        __builtin_prefetch(next, 1);  // the claim holds up all loads after it
        waiter->previous_ = nullptr;
        if (waiter->claim(WaitOutcome::woken)) {
            if (last) {
                last->next_ = waiter;
            } else {
                first = waiter;
            }
            last = waiter;
            at_home &= waiter->home_ == here;
        }
        waiter = next;
    } while (waiter != first_);
    if (last) last->next_ = nullptr;
    first_ = nullptr;
    return Popped(first, at_home ? last : nullptr);
}

void WaitQueue::wake_all(const Popped& popped) noexcept {
    if (popped.last_) return Scheduler::current()->post_here(*popped.first_, *popped.last_);
    Waiter* first_callback = nullptr;
    Waiter* last_callback = nullptr;
    for (Waiter* first = popped.first_; first;) {
        Waiter* waiter = first;
        first = waiter->next();
        if (!waiter->calls_back_) {
            waiter->wake();
            continue;
        }
        waiter->next_ = nullptr;
        if (last_callback) {
            last_callback->next_ = waiter;
        } else {
            first_callback = waiter;
        }
        last_callback = waiter;
    }
    while (Waiter* waiter = first_callback) {
        first_callback = waiter->next();
        waiter->wake();
    }
}

void WaitQueue::wake_all() noexcept {
    Popped popped;
    {
        Lock lock(*this);
        popped = lock.pop_all();
    }
    wake_all(popped);
}

bool WaitQueue::take_lock(std::uintptr_t& word) noexcept {
    if (word_.load(std::memory_order_relaxed) & kLocked) return false;
    word = word_.fetch_or(kLocked, std::memory_order_acquire);
    return !(word & kLocked);
}

std::uintptr_t WaitQueue::lock_slowly(Retry retry) noexcept {
    // Measured with a queue between two threads: 150 to 300 ns an item without this, 60 from 1, 50 from 4, 40 from 16.
    constexpr int kFirstTurns = 16, kMostTurns = 64;
    std::uintptr_t word = 0;
    for (int turns = kFirstTurns; retry == Retry::late && can_spin() && turns <= kMostTurns; turns *= 2) {
        for (int turn = 0; turn < turns; ++turn) pause_spinning();
        if (take_lock(word)) return word;
    }
    for (SpinWait spin; !take_lock(word);) spin.once();
    return word;
}

WaitOutcome ThreadWaiter::park(TimePoint deadline) noexcept {
    ThreadCanceller* canceller = ThreadCanceller::in_force();
    Waiter* const outer = canceller ? canceller->watch(*this) : nullptr;
    await_signal(deadline);
    if (canceller) canceller->unwatch(outer);
    return outcome();
}

void ThreadWaiter::await_signal(TimePoint deadline) noexcept {
    const int turns = spin_budget.turns();
    for (int turn = 0; turn < turns; ++turn) {
        if (state_.load(std::memory_order_acquire) == kSignalled) return spin_budget.paid();
        pause_spinning();
    }
    if (turns > 0) spin_budget.wasted();
    auto expected = kWaiting;
    if (!state_.compare_exchange_strong(expected, kSleeping, std::memory_order_acquire)) return;
    while (state_.load(std::memory_order_acquire) != kSignalled) {
        futex_wait(state_, kSleeping, deadline);
        const bool late = deadline != kNever && std::chrono::steady_clock::now() >= deadline;
        if (late && claim_and_unlink(WaitOutcome::timed_out)) return;
        if (late) deadline = kNever;  // somebody else has ended the wait and is about to signal
    }
}

void ThreadWaiter::signal() noexcept {
    const Atomic<std::uint32_t>* word = &state_;
    const std::uint32_t before = state_.exchange(kSignalled, std::memory_order_release);
    // From here on the thread may return and its stack be reused. The call then wakes nobody, or makes an unrelated
    // futex user look again, which all of them must allow for.
    if (before == kSleeping) futex_wake(word);
}

void check_may_block(std::source_location where) noexcept {
    if (debug_enabled() && Scheduler::current()) [[unlikely]]
        report_blocked_loop(where);
}

bool ThreadWaiter::block(TimePoint deadline, std::source_location where) {
    check_may_block(where);
    switch (park(deadline)) {
        case WaitOutcome::cancelled:
            ThreadCanceller::current()->throw_cancelled();
        case WaitOutcome::timed_out:
            return false;
        default:
            return true;
    }
}

thread_local constinit ThreadCanceller* ThreadCanceller::current_ = nullptr;

ThreadCanceller* ThreadCanceller::install(ThreadCanceller* canceller) noexcept {
    ThreadCanceller* before = current_;
    current_ = canceller;
    return before;
}

ThreadCanceller* ThreadCanceller::install_over(ThreadCanceller& canceller) noexcept {
    canceller.below_ = current_;
    return install(&canceller);
}

const ThreadCanceller* ThreadCanceller::source() const noexcept {
    const ThreadCanceller* canceller = this;
    while (canceller && !canceller->cancelled()) canceller = canceller->below();
    return canceller;
}

void ThreadCanceller::lock() noexcept {
    SpinWait spin;
    while (locked_.exchange(true, std::memory_order_acquire)) spin.once();
}

Waiter* ThreadCanceller::watch(Waiter& waiter) noexcept {
    lock();
    Waiter* const outer = std::exchange(waiter_, &waiter);
    const bool cancelled = this->cancelled();
    unlock();
    if (cancelled) waiter.interrupt(WaitOutcome::cancelled);
    if (ThreadCanceller* also = below()) {
        Waiter* const hidden = also->watch(waiter);
        if (!outer) hidden_ = hidden;
    }
    return outer;
}

void ThreadCanceller::unwatch(Waiter* outer) noexcept {
    lock();
    waiter_ = outer;
    const bool cancelled = this->cancelled();
    unlock();
    // A cancellation that came while it was hidden. If it has come before, that was its end, and this does nothing.
    if (outer && cancelled) outer->interrupt(WaitOutcome::cancelled);
    if (ThreadCanceller* also = below()) also->unwatch(outer ? outer : hidden_);
}

void ThreadCanceller::throw_cancelled() const { throw cancelled_error(reason()); }

void ThreadCanceller::cancel(std::string_view reason) noexcept {
    std::string kept;
    try {
        kept = reason;
    } catch (const std::exception&) {  // no memory: cancelling matters more than saying why
    }
    lock();
    if (!cancelled()) reason_ = std::move(kept);
    cancelled_.store(true, std::memory_order_release);
    if (waiter_) waiter_->interrupt(WaitOutcome::cancelled);
    unlock();
}

}  // namespace hocket::detail
