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

// Has all its parties; lives with the last of them until the action has ended.
struct Barrier::Round {
    Visits visits;
    detail::WaitQueue late;  // threads whose time was up before they were claimed
};

void Barrier::Visits::push(Visit& visit) noexcept {
    visit.previous = last_;
    *(last_ ? &last_->next : &first_) = &visit;
    last_ = &visit;
}

void Barrier::Visits::remove(Visit& visit) noexcept {
    *(visit.previous ? &visit.previous->next : &first_) = visit.next;
    *(visit.next ? &visit.next->previous : &last_) = visit.previous;
    visit.stage = Visit::Stage::over;
}

// Their result is known. None has gone on yet; those that are claimed are to be woken, the others find it when they
// leave.
void Barrier::Visits::finish(bool broken) noexcept {
    for (Visit* visit = first_; visit; visit = visit->next) {
        visit->broken = broken;
        visit->stage = Visit::Stage::over;
    }
    *this = Visits();
}

Barrier::Barrier(std::size_t parties, std::function<void()> action) : parties_(parties), action_(std::move(action)) {
    if (parties == 0) throw std::invalid_argument("hocket: a barrier needs at least one party");
}

// Whether the wait is over already: all have come, and all others were woken. Otherwise `waiter` is in the queue.
bool Barrier::arrive(Visit& visit, detail::Waiter& waiter, Awaiter* task) {
    Round round;
    detail::WaitQueue::Popped claimed;
    {
        detail::WaitQueue::Lock queue(waiters_);
        if (broken_) {
            visit.broken = true;
            return true;
        }
        if (n_waiting_ + 1 >= parties_) drop_cancelled();
        if (n_waiting_ + 1 < parties_) {
            visit.waiter = &waiter;
            waiting_.push(visit);
            ++n_waiting_;
            queue.push(waiter);
            return false;
        }
        // Who is claimed now cannot be cancelled and has no time-out, while the action runs.
        claimed = queue.pop_all();
        n_waiting_ = 0;
        for (Visit* other = waiting_.first(); other; other = other->next) {
            other->place = visit.place++;
            other->stage = Visit::Stage::complete;
            other->round = &round;
        }
        round.visits = std::exchange(waiting_, Visits());
        if (!action_) round.visits.finish(false);
    }
    if (action_) {
        if (task) task->unsuspend();  // it runs: the action may cancel the scope that it is in
        try {
            action_();
        } catch (...) {
            settle(round, true);
            detail::WaitQueue::wake_all(claimed);
            throw;
        }
        settle(round, false);
    }
    detail::WaitQueue::wake_all(claimed);
    return true;
}

// The action has ended.
void Barrier::settle(Round& round, bool broken) noexcept {
    detail::WaitQueue::Popped late;
    detail::WaitQueue::Popped turned_away;
    {
        detail::WaitQueue::Lock queue(waiters_);
        round.visits.finish(broken);
        late = detail::WaitQueue::Lock(round.late).pop_all();
        if (broken) {
            turned_away = turn_away(queue);
            broken_ = true;
        }
    }
    detail::WaitQueue::wake_all(late);
    detail::WaitQueue::wake_all(turned_away);
}

// Those who were cancelled, and have not gone on yet, count no more.
void Barrier::drop_cancelled() noexcept {
    for (Visit* visit = waiting_.first(); visit; visit = visit->next) {
        if (visit->waiter->outcome() != detail::WaitOutcome::cancelled) continue;
        waiting_.remove(*visit);
        --n_waiting_;
    }
}

// All who wait get BrokenBarrierError, once the returned ones are woken.
detail::WaitQueue::Popped Barrier::turn_away(detail::WaitQueue::Lock& queue) noexcept {
    waiting_.finish(true);
    n_waiting_ = 0;
    return queue.pop_all();
}

// One who was cancelled goes away.
void Barrier::leave(Visit& visit) noexcept {
    detail::WaitQueue::Lock queue(waiters_);
    if (visit.stage == Visit::Stage::waiting) {
        waiting_.remove(visit);
        --n_waiting_;
    } else if (visit.stage == Visit::Stage::complete) {
        visit.round->visits.remove(visit);
    }
}

// The time of one, a thread, was up before it was claimed. If the round is complete nevertheless, it gets the result.
void Barrier::come_too_late(Visit& visit) noexcept {
    detail::ThreadWaiter end_of_action;
    bool complete = false;
    detail::WaitQueue::Popped turned_away;
    {
        detail::WaitQueue::Lock queue(waiters_);
        complete = visit.stage == Visit::Stage::complete;
        if (complete) detail::WaitQueue::Lock(visit.round->late).push(end_of_action);
        if (visit.stage == Visit::Stage::waiting) {
            turned_away = turn_away(queue);
            broken_ = true;
        }
    }
    detail::WaitQueue::wake_all(turned_away);
    if (!complete) return;
    detail::ThreadCanceller* canceller = detail::ThreadCanceller::install(nullptr);
    (void)end_of_action.park();
    detail::ThreadCanceller::install(canceller);
}

void Barrier::end_round(bool broken) noexcept {
    detail::WaitQueue::Popped turned_away;
    {
        detail::WaitQueue::Lock queue(waiters_);
        turned_away = turn_away(queue);
        broken_ = broken;
    }
    detail::WaitQueue::wake_all(turned_away);
}

bool Barrier::broken() const noexcept {
    detail::WaitQueue::Lock queue(waiters_);
    return broken_;
}

std::size_t Barrier::n_waiting() const noexcept {
    detail::WaitQueue::Lock queue(waiters_);
    return n_waiting_;
}

std::size_t Barrier::block(TimePoint deadline, std::source_location where) {
    detail::check_thread_cancelled();
    detail::ThreadWaiter waiter;
    Visit visit;
    if (!arrive(visit, waiter)) {
        bool in_time = false;
        try {
            in_time = waiter.block(deadline, where);
        } catch (...) {
            leave(visit);
            throw;
        }
        if (!in_time) come_too_late(visit);
    }
    if (visit.broken) throw_broken();
    return visit.place;
}

std::size_t Barrier::Awaiter::await_resume() {
    if (outcome() == detail::WaitOutcome::cancelled) barrier_.leave(visit_);
    check();
    if (visit_.broken) throw_broken();
    return visit_.place;
}

}  // namespace hocket
