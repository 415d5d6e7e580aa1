#include "hocket/sync/semaphore.hpp"

#include <stdexcept>
#include <string>

namespace hocket {
namespace {

[[noreturn]] void throw_too_many(std::ptrdiff_t permits) {
    throw std::logic_error("hocket: release() of " + std::to_string(permits) +
                           " permits, more than were taken from the semaphore; release as often as acquired");
}

}  // namespace

Semaphore::Semaphore(std::ptrdiff_t permits, std::ptrdiff_t most) : word_(permits), most_(most) {
    if (permits < 0)
        throw std::invalid_argument("hocket: a semaphore cannot start with " + std::to_string(permits) + " permits");
}

bool Semaphore::block(TimePoint deadline, std::source_location where) {
    detail::ThreadWaiter waiter;
    return !queue(waiter) || waiter.block(deadline, where);
}

bool Semaphore::queue(detail::Waiter& waiter) noexcept {
    return waiters_.push_unless(waiter, [this] {
        std::int64_t free = word_.load(std::memory_order_relaxed);
        while (free != kWaiters) {
            const std::int64_t next = free > 0 ? free - 1 : kWaiters;
            if (word_.compare_exchange_weak(free, next, std::memory_order_acquire, std::memory_order_relaxed))
                return free > 0;
        }
        return false;
    });
}

void Semaphore::release_slowly(std::ptrdiff_t permits) {
    if (permits < 0) throw std::invalid_argument("hocket: release() of " + std::to_string(permits) + " permits");
    if (permits > most_) throw_too_many(permits);
    // Each turn serves one of those who wait. When nobody does, the permits become free by the compare-and-swap alone,
    // after which the object may be gone (see WaitQueue).
    while (permits > 0) {
        std::int64_t free = word_.load(std::memory_order_relaxed);
        if (free != kWaiters) {
            if (free > most_ - permits) throw_too_many(permits);
            if (word_.compare_exchange_weak(free, free + permits, std::memory_order_release, std::memory_order_relaxed))
                return;
            continue;
        }
        detail::Waiter* woken = nullptr;
        {
            detail::WaitQueue::Lock lock(waiters_);
            // Another one that gives back may have served the last of them, and permits may be free by now.
            if (word_.load(std::memory_order_relaxed) != kWaiters) continue;
            woken = lock.pop();
            if (lock.empty()) word_.store(0, std::memory_order_relaxed);
        }
        if (!woken) continue;
        --permits;
        woken->wake();
    }
}

}  // namespace hocket
