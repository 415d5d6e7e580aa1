// Timers of one scheduler: an exact, stable 4-ary heap with cheap cancellation.
#pragma once
#include <cstddef>
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
/// Cancelling leaves an empty entry (except at the end, where empty entries go at once), so it costs one store instead
/// of a walk through the heap; when more than three quarters of the entries are empty the heap is rebuilt, which makes
/// the cost amortised O(1) and small. Exact order, not a wheel, because a virtual clock must jump from deadline to
/// deadline.
class TimerHeap {
public:
    TimerHeap() = default;
    ~TimerHeap();
    TimerHeap(const TimerHeap&) = delete;
    TimerHeap& operator=(const TimerHeap&) = delete;

    /// Throws std::bad_alloc. `timer` must be idle.
    void arm(Timer& timer, TimePoint deadline) {
        const Entry entry{deadline.time_since_epoch().count(), armed_, &timer};
        const std::size_t index = entries_.size();
        entries_.push_back(entry);
        ++armed_;
        timer.index_ = static_cast<std::uint32_t>(index);
        // It is the youngest, so that an equal deadline comes first.
        if (index > 0 && entry.deadline < entries_[parent_of(index)].deadline) sift_up(index, entry);
    }
    /// Does nothing to an idle timer.
    void cancel(Timer& timer) noexcept {
        const std::size_t index = timer.index_;
        if (index == Timer::kIdle) return;
        timer.index_ = Timer::kIdle;
        entries_[index].timer = nullptr;
        if (index + 1 == entries_.size()) return drop_empty_end();
        if (++empty_ > kRebuildAbove && empty_ > entries_.size() / 4 * 3) [[unlikely]]
            rebuild();
    }
    /// The earliest deadline, kNever when there is none. Not const: it drops empty entries from the top.
    TimePoint next_deadline() noexcept;
    /// Takes out the earliest timer if its deadline is not after `now`; null when there is none.
    Timer* pop_due(TimePoint now) noexcept;
    std::size_t size() const noexcept { return entries_.size() - empty_; }

private:
    static constexpr std::size_t kArity = 4;
    static constexpr std::size_t kRebuildAbove = 64;  // small heaps are not worth rebuilding
    static constexpr std::size_t parent_of(std::size_t index) noexcept { return (index - 1) / kArity; }

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
    void drop_empty_end() noexcept {
        entries_.pop_back();
        for (; !entries_.empty() && !entries_.back().timer; --empty_) entries_.pop_back();
    }
    void rebuild() noexcept;

    std::vector<Entry> entries_;
    std::size_t empty_ = 0;
    std::uint64_t armed_ = 0;
};

}  // namespace hocket::detail
