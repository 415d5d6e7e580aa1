// Semaphore, BoundedSemaphore: permits that threads and tasks take and anybody gives back.
#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <source_location>

#include "hocket/core/detail/queue_awaiter.hpp"

namespace hocket {

/// A number of permits. Whoever takes one when there is none waits until somebody gives one back; that need not be who
/// took it.
///
/// Order: first come, first served; a permit that is given back goes to the one who has waited longest, and nobody can
/// overtake. Thread-safe; may be destroyed by the one whose acquire() has returned, unless it was let go on by a
/// release of several permits. Cancellation: a cancelled wait throws CancelledError and takes nothing.
///
/// Invariant: the word is the number of free permits, or kWaiters when there is none and somebody is in the queue (it
/// may stay so for a while after the last has gone). Only under the queue's lock does it become or cease to be
/// kWaiters, so that a free permit and a waiter never meet. Memory order: giving back releases, taking acquires.
class Semaphore {
public:
    /// Throws std::invalid_argument when `permits` is negative.
    explicit Semaphore(std::ptrdiff_t permits = 1) : Semaphore(permits, std::numeric_limits<std::ptrdiff_t>::max()) {}
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    /// Blocks until there is a permit, and takes it.
    void acquire(std::source_location where = std::source_location::current()) { (void)acquire_until(kNever, where); }
    /// Takes a permit if one is free.
    [[nodiscard]] bool try_acquire() noexcept {
        std::int64_t free = word_.load(std::memory_order_relaxed);
        while (free > 0) {
            if (word_.compare_exchange_weak(free, free - 1, std::memory_order_acquire, std::memory_order_relaxed))
                return true;
        }
        return false;
    }
    /// Blocks for at most `limit`; whether a permit was taken.
    template <class Rep, class Period>
    [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> limit,
                                       std::source_location where = std::source_location::current()) {
        return acquire_until(detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether a permit was taken.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_acquire_until(std::chrono::time_point<Clock, Duration> deadline,
                                         std::source_location where = std::source_location::current()) {
        return acquire_until(detail::deadline_at(deadline), where);
    }
    /// Gives back `permits`. Throws std::invalid_argument when it is negative; std::logic_error, having given back
    /// nothing, when a BoundedSemaphore would have more than at first, or any more than std::ptrdiff_t can count.
    void release(std::ptrdiff_t permits = 1) {
        std::int64_t free = word_.load(std::memory_order_relaxed);
        if (permits != 1 || free < 0 || free >= most_ ||
            !word_.compare_exchange_strong(free, free + 1, std::memory_order_release, std::memory_order_relaxed))
            release_slowly(permits);
    }
    /// How many permits are free: a hint.
    std::ptrdiff_t value() const noexcept {
        const std::int64_t free = word_.load(std::memory_order_relaxed);
        return free < 0 ? 0 : free;
    }

    class [[nodiscard]] Awaiter final : public detail::QueueAwaiter<Awaiter> {
    public:
        explicit Awaiter(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
        bool try_now() noexcept { return semaphore_.try_acquire(); }
        std::string waits_for() const override { return "a semaphore"; }
        bool take_or_queue() noexcept { return !semaphore_.queue(*this); }
        void await_resume() const { check(); }

    private:
        Semaphore& semaphore_;
    };
    /// What async_acquire() returns: `co_await` it.
    class [[nodiscard("waiting for a semaphore does nothing until it is awaited: write co_await")]] Acquire {
    public:
        explicit Acquire(Semaphore & semaphore) noexcept : semaphore_(semaphore) {}
        Awaiter operator co_await() const noexcept { return Awaiter(semaphore_); }

    private:
        Semaphore& semaphore_;
    };
    /// `co_await semaphore.async_acquire()` suspends the task until there is a permit, and takes it.
    Acquire async_acquire() noexcept { return Acquire(*this); }

protected:
    Semaphore(std::ptrdiff_t permits, std::ptrdiff_t most);

private:
    static constexpr std::int64_t kWaiters = -1;
    bool acquire_until(TimePoint deadline, std::source_location where) {
        detail::check_thread_cancelled();
        return try_acquire() || block(deadline, where);
    }
    bool block(TimePoint deadline, std::source_location where);
    bool queue(detail::Waiter& waiter) noexcept;
    void release_slowly(std::ptrdiff_t permits);

    detail::Atomic<std::int64_t> word_;
    detail::WaitQueue waiters_;
    const std::int64_t most_;
};

/// A Semaphore that never has more permits than at first: giving back too many is an error, which it often is.
class BoundedSemaphore : public Semaphore {
public:
    /// Throws std::invalid_argument when `permits` is negative.
    explicit BoundedSemaphore(std::ptrdiff_t permits = 1) : Semaphore(permits, permits) {}
};

}  // namespace hocket
