#include "hocket/futures/detail/workforce.hpp"

#include <utility>

namespace hocket::detail {

void Workforce::thread_started(Begins begins) noexcept {
    active_.fetch_add(1, std::memory_order_seq_cst);
    if (begins == Begins::searching) word_.fetch_add(kOneSearching, std::memory_order_seq_cst);
}

void Workforce::notify(std::uint32_t word) {
    if (word & kSearching) return;
    if (word & kSleeping) return wake_sleeper();
    if (word & kMayStart && start_thread(Start::on_demand)) return;
    if (active_.load(std::memory_order_seq_cst) == 0 && has_work()) [[unlikely]]
        add_spare();
}

void Workforce::wake_sleeper() noexcept {
    Waiter* sleeper = nullptr;
    {
        WaitQueue::Lock lock(idle_);
        if (word_.load(std::memory_order_seq_cst) & kSearching) return;
        sleeper = lock.pop();
        if (sleeper) word_.fetch_add(kOneSearching - kOneSleeping, std::memory_order_seq_cst);
    }
    if (sleeper) sleeper->wake();
}

void Workforce::search_ended() noexcept {
    const std::uint32_t before = word_.fetch_sub(kOneSearching, std::memory_order_seq_cst);
    if ((before & kSearching) == kOneSearching && has_work()) notify();
}

bool Workforce::sleep() noexcept {
    ThreadWaiter waiter;
    const bool queued = idle_.push_unless(waiter, [this] {
        word_.fetch_add(kOneSleeping - kOneSearching, std::memory_order_seq_cst);
        if (!has_work() && !stopping()) return false;
        word_.fetch_sub(kOneSleeping - kOneSearching, std::memory_order_seq_cst);
        return true;
    });
    if (queued) waiter.park();
    return queued;
}

void Workforce::worker_blocks() noexcept {
    active_.fetch_sub(1, std::memory_order_seq_cst);
    if (has_work()) notify();
}

void Workforce::worker_ended() noexcept {
    word_.fetch_sub(kOneSearching, std::memory_order_seq_cst);
    active_.fetch_sub(1, std::memory_order_seq_cst);
    if (has_work()) notify();
}

void Workforce::add_spare() noexcept {
    Waiter* parked = nullptr;
    {
        WaitQueue::Lock lock(spares_);
        parked = lock.pop();
        if (parked) {
            --parked_;
            active_.fetch_add(1, std::memory_order_seq_cst);
        }
    }
    if (parked) return parked->wake();
    (void)start_thread(Start::spare);
}

bool Workforce::park_surplus(std::int32_t wanted) noexcept {
    std::int32_t active = active_.load(std::memory_order_relaxed);
    do {
        if (active <= wanted) [[likely]]
            return false;
    } while (!active_.compare_exchange_weak(active, active - 1, std::memory_order_seq_cst));
    ThreadWaiter waiter;
    const auto needed = [this] {
        if (stopping()) return true;
        ++parked_;
        return false;
    };
    if (spares_.push_unless(waiter, needed)) {
        waiter.park();  // whoever ends it counts this worker as active
    } else {
        active_.fetch_add(1, std::memory_order_seq_cst);
    }
    return true;
}

void Workforce::stop() noexcept {
    stopping_.store(true, std::memory_order_seq_cst);
    starts_no_more();
}

void Workforce::wake_all() noexcept {
    WaitQueue::Popped sleepers;
    {
        WaitQueue::Lock lock(idle_);
        sleepers = lock.pop_all();
        const std::uint32_t count = (word_.load(std::memory_order_seq_cst) & kSleeping) / kOneSleeping;
        word_.fetch_add(count * (kOneSearching - kOneSleeping), std::memory_order_seq_cst);
    }
    WaitQueue::wake_all(sleepers);
    WaitQueue::Popped spares;
    {
        WaitQueue::Lock lock(spares_);
        spares = lock.pop_all();
        active_.fetch_add(std::exchange(parked_, 0), std::memory_order_seq_cst);
    }
    WaitQueue::wake_all(spares);
}

}  // namespace hocket::detail
