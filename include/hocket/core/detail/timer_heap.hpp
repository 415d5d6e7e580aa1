// Timers of one scheduler: an exact, stable 4-ary heap with cheap cancellation.
#pragma once
#include <cstdint>
#include <vector>

#include "hocket/core/clock.hpp"

namespace hocket::detail {

/// A deadline waiting in a TimerHeap. Lives in its owner; the owner cancels it before it dies.
class Timer {
public:
    Timer() noexcept = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    bool armed() const noexcept { return index_ != kIdle; }
    /// Runs on the scheduler's thread when the deadline has come; the timer is idle again by then. Runs no user code.
    virtual void expired() noexcept = 0;
    /// Called instead when the heap dies first.
    virtual void dropped() noexcept {}

protected:
    ~Timer() = default;

private:
    friend class TimerHeap;
    static constexpr std::uint32_t kIdle = ~std::uint32_t{0};
    std::uint32_t index_ = kIdle;
};

/// Timers by deadline, equal deadlines in the order in which they were armed. One thread only.
///
/// Cancelling leaves an empty entry (the last entry excepted, which goes at once), so it costs one store instead of a
/// walk through the heap; when more than half the entries are empty the heap is rebuilt, which makes the cost amortised
/// O(1). Exact order, not a wheel, because a virtual clock must jump from deadline to deadline.
class TimerHeap {
public:
    TimerHeap() = default;
    ~TimerHeap();
    TimerHeap(const TimerHeap&) = delete;
    TimerHeap& operator=(const TimerHeap&) = delete;

    /// Throws std::bad_alloc. `timer` must be idle.
    void arm(Timer& timer, TimePoint deadline);
    /// Does nothing to an idle timer.
    void cancel(Timer& timer) noexcept;
    /// The earliest deadline, kNever when there is none. Not const: it drops empty entries from the top.
    TimePoint next_deadline() noexcept;
    /// Takes out the earliest timer if its deadline is not after `now`; null when there is none.
    Timer* pop_due(TimePoint now) noexcept;
    std::size_t size() const noexcept { return entries_.size() - empty_; }

private:
    struct Entry {
        std::int64_t deadline;
        std::uint64_t order;
        Timer* timer;  // null: cancelled
        bool before(const Entry& other) const noexcept {
            return deadline != other.deadline ? deadline < other.deadline : order < other.order;
        }
    };
    void place(std::size_t index, const Entry& entry) noexcept;
    void sift_up(std::size_t index, Entry entry) noexcept;
    void sift_down(std::size_t index, Entry entry) noexcept;
    void remove_top() noexcept;
    void drop_empty_top() noexcept;
    void rebuild() noexcept;

    std::vector<Entry> entries_;
    std::size_t empty_ = 0;
    std::uint64_t armed_ = 0;
};

}  // namespace hocket::detail
