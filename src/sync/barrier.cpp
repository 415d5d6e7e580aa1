#include "hocket/sync/barrier.hpp"

#include <stdexcept>
#include <utility>

#include "hocket/core/errors.hpp"

namespace hocket {
namespace {

[[noreturn]] void throw_broken() {
    throw BrokenBarrierError("hocket: the barrier is broken: aborted, reset, or somebody did not come in time");
}

}  // namespace

class Barrier::BlockedThread : public detail::ThreadWaiter {
public:
    BlockedThread() noexcept = default;
    ~BlockedThread() = default;
    Visit visit;
};

Barrier::Barrier(std::size_t parties, std::function<void()> action) : parties_(parties), action_(std::move(action)) {
    if (parties == 0) throw std::invalid_argument("hocket: a barrier needs at least one party");
}

// Who is in the queue goes on; their visits, in the order of arrival.
Barrier::Visit* Barrier::take_all(detail::WaitQueue::Lock& queue, End how) noexcept {
    Visit* first = nullptr;
    Visit** end = &first;
    next_place_ = 0;
    while (detail::Waiter* waiter = queue.pop()) {
        Visit& visit = waiter->promise() ? static_cast<Awaiter*>(waiter)->visit_  //
                                         : static_cast<BlockedThread*>(waiter)->visit;
        visit.place = next_place_++;
        *end = &visit;
        end = &visit.next;
    }
    waiting_ = 0;
    ++round_;
    round_failed_ = how == End::failed;
    return first;
}

void Barrier::wake(Visit* visits) noexcept {
    while (visits) std::exchange(visits, visits->next)->waiter->wake();
}

// Whether all have come, and all others were woken. Otherwise `waiter` is in the queue.
bool Barrier::arrive(Visit& visit, detail::Waiter& waiter) {
    Visit* others = nullptr;
    {
        detail::WaitQueue::Lock queue(waiters_);
        if (broken_) {
            visit.broken = true;
            return true;
        }
        if (waiting_ + 1 < parties_) {
            ++waiting_;
            visit.round = round_;
            visit.waiter = &waiter;
            queue.push(waiter);
            return false;
        }
        // The others are claimed: neither a time-out nor a cancellation ends their waits while the action runs.
        others = take_all(queue, End::all_came);
    }
    visit.place = parties_ - 1;
    try {
        if (action_) action_();
    } catch (...) {
        for (Visit* other = others; other; other = other->next) other->broken = true;
        abort();
        wake(others);
        throw;
    }
    wake(others);
    return true;
}

// One who waited goes away without having been woken. True if the round had ended already.
bool Barrier::leave(Visit& visit) noexcept {
    detail::WaitQueue::Lock queue(waiters_);
    if (visit.round == round_) {
        --waiting_;
        return false;
    }
    visit.place = next_place_++;
    visit.broken = round_failed_;
    return true;
}

void Barrier::end_round(bool broken) noexcept {
    Visit* waiting = nullptr;
    {
        detail::WaitQueue::Lock queue(waiters_);
        waiting = take_all(queue, End::failed);
        broken_ = broken;
    }
    for (Visit* visit = waiting; visit; visit = visit->next) visit->broken = true;
    wake(waiting);
}

bool Barrier::broken() const noexcept {
    detail::WaitQueue::Lock queue(waiters_);
    return broken_;
}

std::size_t Barrier::n_waiting() const noexcept {
    detail::WaitQueue::Lock queue(waiters_);
    return waiting_;
}

std::size_t Barrier::block(TimePoint deadline, std::source_location where) {
    BlockedThread waiter;
    if (!arrive(waiter.visit, waiter)) {
        bool in_time = false;
        try {
            in_time = waiter.block(deadline, where);
        } catch (...) {
            (void)leave(waiter.visit);
            throw;
        }
        if (!in_time && !leave(waiter.visit)) {
            abort();
            waiter.visit.broken = true;
        }
    }
    if (waiter.visit.broken) throw_broken();
    return waiter.visit.place;
}

std::size_t Barrier::Awaiter::await_resume() {
    if (outcome() == detail::WaitOutcome::cancelled) (void)barrier_.leave(visit_);
    check();
    if (visit_.broken) throw_broken();
    return visit_.place;
}

}  // namespace hocket
