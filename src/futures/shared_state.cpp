#include "hocket/futures/detail/shared_state.hpp"

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/report.hpp"
#include "hocket/futures/detail/pool_core.hpp"

namespace hocket::detail {

void SharedStateBase::finish_completion(bool cancelled) noexcept {
    cancelled_ = cancelled;
    WaitQueue::Popped waiters;
    {
        WaitQueue::Lock lock(waiters_);
        status_.store(Status::done, std::memory_order_release);
        waiters = lock.pop_all();
    }
    WaitQueue::wake_all(waiters);
}

const OwnedKind SharedStateBase::kOwnedKind{
    [](const void* state) noexcept { return static_cast<const SharedStateBase*>(state)->producer(); },
    [](const void* state) { return static_cast<const SharedStateBase*>(state)->description(); }};

void StateWaiter::enter() {
    if (task().scope().time_limited()) return;
    insert(task().party());
    check(Scheduler::current(), OnCircle::fail);
}

std::string StateWaiter::description() const {
    return description_of(task(), promise()->awaiting_at()) + SharedStateBase::kOwnedKind.describe(&*state_);
}

bool SharedStateBase::block_until(TimePoint deadline, std::source_location where) {
    if (done()) return true;
    refuse_on_loop("a blocking wait for a Future", "co_await it");
    // A cancelled thread begins nothing, as what it runs on its stack is cancelled with it, and has nobody work in its
    // place, since it does not wait.
    const ThreadCanceller* canceller = ThreadCanceller::in_force();
    if (canceller && canceller->pending()) canceller->throw_cancelled();
    if (deadline == kNever) {
        help();
        if (done()) return true;
    }
    ThreadWaiter waiter;
    WaitEdge edge;
    if (deadline == kNever) edge.enter(waiter, this, kOwnedKind, where);
    const BlockedWorker blocked;  // a pool whose worker this is may need another one
    if (!wait_with(waiter)) return true;
    return waiter.block(deadline, where) || done();
}

void throw_blocks_loop(std::string_view call, std::string_view instead) {
    throw DeadlockError("hocket: " + std::string(call) +
                        " on the thread of an event loop would stop the loop, which may have to produce what it waits "
                        "for; " +
                        std::string(instead) + " instead");
}

void SharedStateBase::cancel_quietly(std::string_view reason) noexcept {
    try {
        (void)request_cancel(reason);
    } catch (const std::exception&) {
    }
}

void SharedStateBase::block_until_done() noexcept {
    if (done()) return;
    ThreadCanceller* canceller = ThreadCanceller::install(nullptr);
    {
        ThreadWaiter waiter;
        const BlockedWorker blocked;
        if (wait_with(waiter)) waiter.park();
    }
    ThreadCanceller::install(canceller);
}

void SharedStateBase::block_until_left(std::source_location where) {
    try {
        block_until(kNever, where);
    } catch (...) {
        cancel_quietly("the thread that waits for it was cancelled");
        block_until_done();
        throw;
    }
}

void SharedStateBase::report_lost(const std::exception_ptr& error, std::string_view who) noexcept {
    try {
        report(ReportKind::lost_exception,
               std::string(who) + " ended with an exception that nobody retrieved: " + describe(error));
    } catch (...) {
        report(ReportKind::lost_exception, "a Future died with an exception that nobody retrieved");
    }
}

void SharedStateBase::report_callback(const std::exception_ptr& error) noexcept {
    try {
        report(ReportKind::lost_exception, "a done callback of a Future threw: " + describe(error));
    } catch (...) {
        report(ReportKind::lost_exception, "a done callback of a Future threw");
    }
}

}  // namespace hocket::detail
