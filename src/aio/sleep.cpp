#include "hocket/aio/sleep.hpp"

namespace hocket::detail {

bool SleepAwaiter::begin() {
    TaskContext& task = *promise()->task();
    if (task.cancel_pending()) {
        cancelled_ = true;
        return false;
    }
    Scheduler& home = task.home();
    if (duration_ > Duration::zero()) {
        home.timers().arm(*this, saturating_add(home.now(), duration_));
    } else {
        post();
    }
    suspend();
    return true;
}

void SleepAwaiter::cancel() noexcept {
    cancelled_ = true;
    if (!armed()) return;  // its time has come and it is about to run
    promise()->task()->home().timers().cancel(*this);
    post();
}

}  // namespace hocket::detail
