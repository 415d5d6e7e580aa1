#include "hocket/sync/event.hpp"

namespace hocket {

void Event::set() noexcept {
    detail::Waiter* waiters = nullptr;
    {
        // The flag is set under the lock, so that a waiter either sees it or is woken; and with the unlocking we are
        // done with the object, which the woken may destroy.
        detail::WaitQueue::Lock lock(waiters_);
        set_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    detail::WaitQueue::wake_all(waiters);
}

bool Event::block(TimePoint deadline, std::source_location where) {
    detail::ThreadWaiter waiter;
    return !queue(waiter) || waiter.block(deadline, where) || is_set();
}

}  // namespace hocket
