// CancelWatch: how what is no wait in a queue learns that its thread was cancelled.
#pragma once
#include <utility>

#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

/// From its construction to end(), a cancellation of the calling thread calls `call()`, once: at once if the thread was
/// cancelled before, otherwise from whoever cancels it, under its canceller's lock. It must do little, and not throw.
template <class Call>
class CancelWatch final : Waiter {
public:
    /// `canceller`: the calling thread's, in force.
    CancelWatch(ThreadCanceller& canceller, Call call) noexcept
        : Waiter(Kind::relays), canceller_(canceller), call_(std::move(call)) {
        // Only a cancellation comes for it there.
        nobody_wakes_.push_unless(*this, [] { return false; });
        before_ = canceller_.watch(*this);
    }
    ~CancelWatch() { end(); }
    /// Afterwards the call has been made, or never will be. Returns whether it was.
    bool end() noexcept {
        if (ended_) return outcome() == WaitOutcome::cancelled;
        ended_ = true;
        canceller_.unwatch(before_);
        WaitQueue::Lock lock(nobody_wakes_);
        return lock.pop() == nullptr;
    }

private:
    void run() noexcept override { call_(); }
    ThreadCanceller& canceller_;
    Call call_;
    Waiter* before_ = nullptr;
    bool ended_ = false;
    WaitQueue nobody_wakes_;
};

}  // namespace hocket::detail
