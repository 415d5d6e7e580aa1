// CancelShield: clean-up in a cancelled thread.
#pragma once
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket {

/// While it lives, the blocking calls of this thread wait although the thread was or is cancelled; afterwards they
/// throw CancelledError again. For the clean-up that must wait: a last message to be sent, a worker to be told. Bound
/// that work in time, since whoever cancelled the thread waits for it. May be nested. Has no effect on tasks, whose
/// counterpart is shield().
class [[nodiscard]] CancelShield {
public:
    CancelShield() noexcept : canceller_(detail::ThreadCanceller::current()) {
        if (canceller_) canceller_->shield();
    }
    CancelShield(const CancelShield&) = delete;
    CancelShield& operator=(const CancelShield&) = delete;
    ~CancelShield() {
        if (canceller_) canceller_->unshield();
    }

private:
    detail::ThreadCanceller* canceller_;
};

}  // namespace hocket
