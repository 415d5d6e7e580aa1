#include "hocket/sync/event.hpp"

namespace hocket {

void Event::set() noexcept {
    detail::WaitQueue::Popped waiters;
    {
        // Under the lock, so that a waiter either sees it or is woken, and is seen by nobody who might destroy the
        // object before we are done with it (see WaitQueue).
        detail::WaitQueue::Lock lock(waiters_);
        set_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    detail::WaitQueue::wake_all(waiters);
}

bool Event::block(TimePoint deadline, std::source_location where) {
    detail::check_thread_cancelled();
    detail::ThreadWaiter waiter;
    if (!queue(waiter) || waiter.block(deadline, where)) return true;
    detail::WaitQueue::Lock lock(waiters_);  // see set()
    return is_set();
}

}  // namespace hocket
