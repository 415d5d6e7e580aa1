// How many jobs may wait in a bounded pool.
#pragma once
#include <cstddef>
#include <source_location>

#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

/// Places for jobs, given to threads and coroutines first come, first served; a place that becomes free is handed to
/// the one that has waited longest.
class Room {
public:
    explicit Room(std::size_t places) noexcept : free_(places) {}

    bool try_take() noexcept {
        const WaitQueue::Lock lock(queue_);
        return take_free();
    }
    /// Blocks until there is a place. Throws CancelledError.
    void take(std::source_location where) {
        ThreadWaiter waiter;
        if (queue(waiter)) (void)waiter.block(kNever, where);
    }
    void give_back() noexcept {
        Waiter* next = nullptr;
        {
            WaitQueue::Lock lock(queue_);
            next = lock.pop();
            if (!next) ++free_;
        }
        if (next) next->wake();
    }
    /// Waits for a place, or takes it if there is one; returns whether it waits.
    bool queue(Waiter& waiter) noexcept {
        return queue_.push_unless(waiter, [this] { return take_free(); });
    }

private:
    bool take_free() noexcept {
        if (free_ == 0) return false;
        --free_;
        return true;
    }
    WaitQueue queue_;
    std::size_t free_;  // under the lock of queue_
};

}  // namespace hocket::detail
