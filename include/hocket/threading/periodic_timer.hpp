// PeriodicTimer: a tick that any number of threads and tasks wait for.
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <source_location>
#include <unordered_map>

#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/scheduler.hpp"

namespace hocket {

/// Ticks at start + k * period for k = 1, 2, ..., without drift and without a thread of its own.
///
/// Each waiting thread or task gets every tick after its first wait_for_tick() began: who comes late is given the ticks
/// that it missed at once, one by one, unless it says Missed::skip. For that the timer remembers the place of those who
/// waited, of the most recent kRemembered at least. Thread-safe. Cancellation: a cancelled wait throws CancelledError
/// and loses no tick. Destroy it when nobody waits (stop() first).
///
/// It ticks by the steady clock, unless it is made on an event loop with a clock of its own (LoopOptions::clock): then
/// by that, for tasks of loops with that clock. A wait by another clock throws InvalidStateError.
class PeriodicTimer {
public:
    /// What becomes of ticks that passed before the caller came to wait for them.
    enum class Missed : bool { deliver, skip };
    static constexpr std::size_t kRemembered = 1024;

    /// Starts now. Throws std::invalid_argument if `period` is not positive.
    template <class Rep, class Period>
    explicit PeriodicTimer(std::chrono::duration<Rep, Period> period)
        : PeriodicTimer(Duration(detail::to_nanoseconds(period))) {}
    explicit PeriodicTimer(Duration period);
    PeriodicTimer(const PeriodicTimer&) = delete;
    PeriodicTimer& operator=(const PeriodicTimer&) = delete;

    /// Blocks until the caller's next tick and returns its number, from 1; 0 once the timer is stopped.
    std::uint64_t wait_for_tick(Missed missed = Missed::deliver,
                                std::source_location where = std::source_location::current());
    /// All waits end, now and later, and give 0.
    void stop() noexcept;
    bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }
    Duration period() const noexcept { return period_; }

    /// Waits in a coroutine, by the timers of its loop.
    class [[nodiscard]] Awaiter final : public detail::QueueAwaiter<Awaiter>, private detail::Timer {
    public:
        Awaiter(PeriodicTimer& timer, Missed missed) noexcept : ticks_(timer), missed_(missed) {}
        ~Awaiter() { disarm(); }
        bool try_now();
        std::string waits_for() const override { return "the next tick"; }
        bool take_or_queue();
        std::uint64_t await_resume();

    private:
        void expired() noexcept override { interrupt(detail::WaitOutcome::timed_out); }
        void disarm() noexcept;
        PeriodicTimer& ticks_;
        Missed missed_;
        std::uint64_t tick_ = 0;
        detail::TimerHeap* heap_ = nullptr;
    };
    /// What async_wait_for_tick() returns: `co_await` it.
    class [[nodiscard("waiting for a tick does nothing until it is awaited: write co_await")]] Wait {
    public:
        Wait(PeriodicTimer & timer, Missed missed) noexcept : timer_(timer), missed_(missed) {}
        Awaiter operator co_await() const noexcept { return Awaiter(timer_, missed_); }

    private:
        PeriodicTimer& timer_;
        Missed missed_;
    };
    /// `co_await timer.async_wait_for_tick()` gives what wait_for_tick() does.
    Wait async_wait_for_tick(Missed missed = Missed::deliver) noexcept { return Wait(*this, missed); }

private:
    struct Place {
        std::uint64_t tick;  // the last one given
        std::uint64_t used;
    };
    void check_clock(Clock* clock) const;
    bool over(std::uint64_t tick) const noexcept;
    std::uint64_t next_tick(Missed missed);
    void given(std::uint64_t tick) noexcept;
    TimePoint time_of(std::uint64_t tick) const noexcept;
    void forget_the_oldest();
    bool queue(detail::Waiter& waiter) noexcept {
        return waiters_.push_unless(waiter, [this] { return stopped(); });
    }

    const Duration period_;
    Clock* const clock_;  // null: the steady one
    const TimePoint start_;
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, Place> places_;  // by party, under mutex_
    std::uint64_t uses_ = 0;
    std::atomic<bool> stopped_{false};
    detail::WaitQueue waiters_;  // nobody is woken but by stop()
};

}  // namespace hocket
