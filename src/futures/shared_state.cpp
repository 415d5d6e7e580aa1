#include "hocket/futures/detail/shared_state.hpp"

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/report.hpp"
#include "hocket/futures/detail/pool_core.hpp"

namespace hocket::detail {

void SharedStateBase::finish_completion(bool cancelled) noexcept {
    cancelled_ = cancelled;
    Waiter* waiters = nullptr;
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

bool SharedStateBase::block_until(TimePoint deadline, std::source_location where) {
    if (done()) return true;
    if (Scheduler::current()) {
        throw DeadlockError(
            "hocket: a blocking wait for a Future on the thread of an event loop would stop the loop that has to "
            "produce its result; write co_await instead");
    }
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
