#include "hocket/aio/detail/task_state.hpp"

namespace hocket::detail {

bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const CancelledError&) {
        return true;
    } catch (...) {
        return false;
    }
}

void TaskSignal::start(PromiseBase& root) noexcept {
    root_ = &root;
    pending_.store(kStart, std::memory_order_relaxed);
    task_.home().post(*this);
}

void TaskSignal::cancel(std::string_view reason) noexcept {
    try {
        auto given = std::make_unique<std::string>(reason);
        std::string* expected = nullptr;
        if (reason_.compare_exchange_strong(expected, given.get(), std::memory_order_acq_rel)) (void)given.release();
    } catch (const std::exception&) {  // no memory: cancelling matters more than saying why
    }
    if (pending_.fetch_or(kCancel, std::memory_order_acq_rel) != 0) return;
    state_.add_reference();
    task_.home().post(*this);
}

void TaskSignal::run() noexcept {
    const std::uint8_t what = pending_.exchange(0, std::memory_order_acq_rel);
    if ((what & kCancel) && !state_.done()) {
        const std::string* reason = reason_.load(std::memory_order_acquire);
        task_.cancel_all(reason ? std::string_view(*reason) : std::string_view());
    }
    if (what & kStart) {
        task_.home().set_current_task(&task_);
        resume(root_->handle());
    } else {
        state_.drop_reference();
    }
}

}  // namespace hocket::detail
