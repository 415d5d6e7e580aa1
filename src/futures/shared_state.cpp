#include "hocket/futures/detail/shared_state.hpp"

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/report.hpp"

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

bool SharedStateBase::block_until(TimePoint deadline) {
    if (done()) return true;
    if (Scheduler::current()) {
        throw DeadlockError(
            "hocket: a blocking result() on the thread of an event loop would stop the loop that has to produce it; "
            "write co_await instead");
    }
    ThreadWaiter waiter;
    if (!wait_with(waiter)) return true;
    switch (waiter.park(deadline)) {
        case WaitOutcome::cancelled:
            throw CancelledError("the waiting thread was cancelled");
        case WaitOutcome::timed_out:
            return done();
        default:
            return true;
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

}  // namespace hocket::detail
