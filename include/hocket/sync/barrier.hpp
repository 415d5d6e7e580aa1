// Barrier: a given number of threads and tasks wait for each other.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <source_location>

#include "hocket/core/detail/queue_awaiter.hpp"

namespace hocket {

/// The parties wait at the barrier until all of them have come; then all go on, and the barrier is ready for the next
/// round. The last to come first runs the action, if there is one.
///
/// A barrier breaks when it is aborted, when the time of somebody who waits by wait_for() or wait_until() is up, or
/// when the action throws: those who wait, and everybody who comes before reset(), get BrokenBarrierError. One who is
/// cancelled leaves, with CancelledError, and the others go on waiting for someone in its place.
///
/// A round that has all its parties is decided: nobody's time-out or cancellation changes it, and one who is late only
/// now waits for the end of the action too, and gets its result. Where more use the barrier than it has parties, the
/// action may run for two rounds at once.
///
/// Thread-safe; may be destroyed by one of the parties when the wait() of all has returned.
class Barrier {
public:
    /// Throws std::invalid_argument when `parties` is 0. `action` runs in the last to come, before anybody goes on.
    explicit Barrier(std::size_t parties, std::function<void()> action = {});
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    /// Blocks until all have come. Returns the caller's place in the order of arrival, from 0, another for each.
    /// Throws BrokenBarrierError; in the last to come, what the action throws.
    std::size_t wait(std::source_location where = std::source_location::current()) { return block(kNever, where); }
    /// The same. If not all have come within `limit`, the barrier breaks, for all.
    template <class Rep, class Period>
    std::size_t wait_for(std::chrono::duration<Rep, Period> limit,
                         std::source_location where = std::source_location::current()) {
        return block(detail::deadline_after(limit), where);
    }
    /// The same with a deadline.
    template <class Clock, class Duration>
    std::size_t wait_until(std::chrono::time_point<Clock, Duration> deadline,
                           std::source_location where = std::source_location::current()) {
        return block(detail::deadline_at(deadline), where);
    }

    /// Breaks the barrier: for a party that cannot come.
    void abort() noexcept { end_round(true); }
    /// Makes the barrier as new. Those who wait get BrokenBarrierError.
    void reset() noexcept { end_round(false); }

    bool broken() const noexcept;
    std::size_t parties() const noexcept { return parties_; }
    /// How many wait now.
    std::size_t n_waiting() const noexcept;

private:
    struct Round;
    // One party's wait: in the list of those who wait, then in that of a complete round, until it is over. Under the
    // queue's lock, but for the result of one that has been woken.
    struct Visit {
        enum class Stage { waiting, complete, over };
        Stage stage = Stage::waiting;
        bool broken = false;
        std::size_t place = 0;
        detail::Waiter* waiter = nullptr;
        Round* round = nullptr;
        Visit* previous = nullptr;
        Visit* next = nullptr;
    };

public:
    class [[nodiscard]] Awaiter final : public detail::QueueAwaiter<Awaiter> {
    public:
        explicit Awaiter(Barrier& barrier) noexcept : barrier_(barrier) {}
        bool try_now() const noexcept { return false; }
        std::string waits_for() const override { return "the others at a barrier"; }
        bool take_or_queue() { return barrier_.arrive(visit_, *this, this); }
        std::size_t await_resume();

    private:
        friend class Barrier;
        Barrier& barrier_;
        Visit visit_;
    };
    /// What async_wait() returns: `co_await` it.
    class [[nodiscard("waiting at a barrier does nothing until it is awaited: write co_await")]] Wait {
    public:
        explicit Wait(Barrier & barrier) noexcept : barrier_(barrier) {}
        Awaiter operator co_await() const noexcept { return Awaiter(barrier_); }

    private:
        Barrier& barrier_;
    };
    /// `co_await barrier.async_wait()`: as wait(), in a task.
    Wait async_wait() noexcept { return Wait(*this); }

private:
    // In the order of arrival.
    class Visits {
    public:
        Visit* first() const noexcept { return first_; }
        void push(Visit& visit) noexcept;
        void remove(Visit& visit) noexcept;
        void finish(bool broken) noexcept;

    private:
        Visit* first_ = nullptr;
        Visit* last_ = nullptr;
    };
    std::size_t block(TimePoint deadline, std::source_location where);
    bool arrive(Visit& visit, detail::Waiter& waiter, Awaiter* task = nullptr);
    void leave(Visit& visit) noexcept;
    void come_too_late(Visit& visit) noexcept;
    void end_round(bool broken) noexcept;
    void settle(Round& round, bool broken) noexcept;
    void drop_cancelled() noexcept;
    detail::WaitQueue::Popped turn_away(detail::WaitQueue::Lock& queue) noexcept;

    const std::size_t parties_;
    const std::function<void()> action_;
    mutable detail::WaitQueue waiters_;
    // Under the queue's lock.
    Visits waiting_;  // for the round to be complete
    std::size_t n_waiting_ = 0;
    bool broken_ = false;
};

}  // namespace hocket
