#include "hocket/threading/this_thread.hpp"

#include "hocket/core/detail/wait_queue.hpp"

namespace hocket {

void detail::sleep_until(TimePoint deadline, std::source_location where) {
    WaitQueue nobody_wakes;
    ThreadWaiter waiter;
    (void)nobody_wakes.push_unless(waiter, [] { return false; });
    (void)waiter.block(deadline, where);
}

void this_thread::check_cancelled() {
    const detail::ThreadCanceller* canceller = detail::ThreadCanceller::current();
    if (canceller && canceller->pending()) canceller->throw_cancelled();
}

}  // namespace hocket
