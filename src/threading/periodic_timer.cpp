#include "hocket/threading/periodic_timer.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "hocket/core/detail/party.hpp"

namespace hocket {
namespace {

// A task lives on its loop's time, which may be virtual.
TimePoint present() noexcept {
    const detail::Scheduler* scheduler = detail::Scheduler::current();
    return scheduler ? scheduler->now() : std::chrono::steady_clock::now();
}

}  // namespace

PeriodicTimer::PeriodicTimer(Duration period) : period_(period), start_(present()) {
    if (period <= Duration::zero())
        throw std::invalid_argument("hocket: the period of a PeriodicTimer must be positive, and is " +
                                    std::to_string(period.count()) + " ns");
}

TimePoint PeriodicTimer::time_of(std::uint64_t tick) const noexcept {
    const auto count = static_cast<Duration::rep>(tick);
    if (count > Duration::max().count() / period_.count()) return kNever;
    return detail::saturating_add(start_, period_ * count);
}

std::uint64_t PeriodicTimer::next_tick(Missed missed) {
    const auto passed = static_cast<std::uint64_t>((present() - start_) / period_);
    const detail::PartyId party = detail::current_party();
    std::scoped_lock guard(mutex_);
    if (places_.size() >= 2 * kRemembered) forget_the_oldest();
    Place& place = places_.try_emplace(party, Place{passed, 0}).first->second;
    place.used = ++uses_;
    if (missed == Missed::skip) place.tick = std::max(place.tick, passed);
    return place.tick + 1;
}

void PeriodicTimer::given(std::uint64_t tick) noexcept {
    const detail::PartyId party = detail::current_party();
    std::scoped_lock guard(mutex_);
    if (const auto found = places_.find(party); found != places_.end()) found->second.tick = tick;
}

void PeriodicTimer::forget_the_oldest() {
    std::vector<std::uint64_t> uses;
    uses.reserve(places_.size());
    for (const auto& [party, place] : places_) uses.push_back(place.used);
    const auto middle = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2);
    std::nth_element(uses.begin(), middle, uses.end());
    std::erase_if(places_, [oldest_kept = *middle](const auto& entry) { return entry.second.used < oldest_kept; });
}

std::uint64_t PeriodicTimer::wait_for_tick(Missed missed, std::source_location where) {
    if (stopped()) return 0;
    const std::uint64_t tick = next_tick(missed);
    const TimePoint when = time_of(tick);
    if (std::chrono::steady_clock::now() < when) {
        detail::ThreadWaiter waiter;
        if (!queue(waiter) || waiter.block(when, where)) return 0;
    }
    given(tick);
    return tick;
}

void PeriodicTimer::stop() noexcept {
    detail::Waiter* waiters = nullptr;
    {
        detail::WaitQueue::Lock lock(waiters_);
        stopped_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    detail::WaitQueue::wake_all(waiters);
}

bool PeriodicTimer::Awaiter::try_now() {
    if (ticks_.stopped()) return true;
    tick_ = ticks_.next_tick(missed_);
    return present() >= ticks_.time_of(tick_);
}

bool PeriodicTimer::Awaiter::take_or_queue() {
    // Not asked yet if the budget was spent.
    if (tick_ == 0 && try_now()) return true;
    if (present() >= ticks_.time_of(tick_)) return true;
    detail::Scheduler& home = *detail::Scheduler::current();
    home.timers().arm(*this, ticks_.time_of(tick_));
    heap_ = &home.timers();
    if (ticks_.queue(*this)) return false;
    disarm();
    return true;
}

void PeriodicTimer::Awaiter::disarm() noexcept {
    if (heap_) heap_->cancel(*this);
}

std::uint64_t PeriodicTimer::Awaiter::await_resume() {
    disarm();
    check();
    if (ticks_.stopped()) return 0;
    ticks_.given(tick_);
    return tick_;
}

}  // namespace hocket
