#include "hocket/threading/periodic_timer.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "hocket/core/detail/party.hpp"
#include "hocket/core/errors.hpp"

namespace hocket {
namespace {

// A task lives on its loop's time, which may be virtual.
Clock* clock_here() noexcept {
    const detail::Scheduler* scheduler = detail::Scheduler::current();
    return scheduler ? scheduler->clock() : nullptr;
}

TimePoint time_by(Clock* clock) noexcept { return clock ? clock->now() : std::chrono::steady_clock::now(); }

}  // namespace

PeriodicTimer::PeriodicTimer(Duration period) : period_(period), clock_(clock_here()), start_(time_by(clock_)) {
    if (period <= Duration::zero())
        throw std::invalid_argument("hocket: the period of a PeriodicTimer must be positive, and is " +
                                    std::to_string(period.count()) + " ns");
}

TimePoint PeriodicTimer::time_of(std::uint64_t tick) const noexcept {
    const auto count = static_cast<Duration::rep>(tick);
    if (count > Duration::max().count() / period_.count()) return kNever;
    return detail::saturating_add(start_, period_ * count);
}

void PeriodicTimer::check_clock(Clock* clock) const {
    if (clock == clock_) return;
    throw InvalidStateError(
        clock_ ? "hocket: this PeriodicTimer was made on an event loop with a clock of its own (LoopOptions::clock), "
                 "and can only be awaited by tasks there; make another one here"
               : "hocket: this PeriodicTimer ticks by the steady clock, and this event loop has a clock of its own "
                 "(LoopOptions::clock); make another one in a task of the loop");
}

bool PeriodicTimer::over(std::uint64_t tick) const noexcept { return time_by(clock_) >= time_of(tick); }

std::uint64_t PeriodicTimer::next_tick(Missed missed) {
    const auto passed = static_cast<std::uint64_t>(std::max((time_by(clock_) - start_) / period_, Duration::rep{0}));
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
    detail::check_thread_cancelled();
    if (stopped()) return 0;
    check_clock(nullptr);  // a thread waits by the steady clock, also one with a loop
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
    detail::WaitQueue::Popped waiters;
    {
        detail::WaitQueue::Lock lock(waiters_);
        stopped_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    detail::WaitQueue::wake_all(waiters);
}

bool PeriodicTimer::Awaiter::try_now() {
    if (ticks_.stopped()) return true;
    ticks_.check_clock(clock_here());
    tick_ = ticks_.next_tick(missed_);
    return ticks_.over(tick_);
}

bool PeriodicTimer::Awaiter::take_or_queue() {
    // Not asked yet if the budget was spent.
    if (tick_ == 0 && try_now()) return true;
    if (ticks_.over(tick_)) return true;
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
