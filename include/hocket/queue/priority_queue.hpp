// PriorityQueue: the most urgent item first.
#pragma once
#include <chrono>
#include <source_location>
#include <utility>

#include "hocket/queue/detail/queue_base.hpp"

namespace hocket {

/// The item with the highest priority first, items of equal priority in the order in which they were put; for the rest
/// as Queue. Priorities are compared by `<`, which ends the program if it throws; moving one must be noexcept. An
/// item that waits for room takes part once it is in the queue. Taking or putting costs O(log size).
template <class T, class Priority = int>
class PriorityQueue final : public detail::QueueBase<T, detail::PriorityStore<T, Priority>> {
    using Where = std::source_location;
    using Entry = detail::PrioritisedItem<T, Priority>;

public:
    explicit PriorityQueue(std::size_t max_size = 0) noexcept
        : detail::QueueBase<T, detail::PriorityStore<T, Priority>>(max_size) {}

    /// Blocks while the queue is full, and puts the item. Throws QueueShutDown.
    void put(T&& item, Priority priority, Where where = Where::current()) {
        (void)this->offer(item, &kNever, where, std::move(priority));
    }
    void put(const T& item, Priority priority, Where where = Where::current()) {
        put(T(item), std::move(priority), where);
    }
    /// Puts the item if there is room. Throws QueueShutDown.
    [[nodiscard]] bool try_put(T&& item, Priority priority) {
        return this->offer(item, nullptr, Where(), std::move(priority));
    }
    [[nodiscard]] bool try_put(const T& item, Priority priority) { return try_put(T(item), std::move(priority)); }
    /// Blocks for at most `limit`; whether the item was put. Throws QueueShutDown.
    template <class Rep, class Period>
    [[nodiscard]] bool put_for(T&& item, Priority priority, std::chrono::duration<Rep, Period> limit,
                               Where where = Where::current()) {
        const TimePoint deadline = detail::deadline_after(limit);
        return this->offer(item, &deadline, where, std::move(priority));
    }
    template <class Rep, class Period>
    [[nodiscard]] bool put_for(const T& item, Priority priority, std::chrono::duration<Rep, Period> limit,
                               Where where = Where::current()) {
        return put_for(T(item), std::move(priority), limit, where);
    }
    /// Blocks until `deadline` at most; whether the item was put. Throws QueueShutDown.
    template <class Clock, class Duration>
    [[nodiscard]] bool put_until(T&& item, Priority priority, std::chrono::time_point<Clock, Duration> deadline,
                                 Where where = Where::current()) {
        const TimePoint end = detail::deadline_at(deadline);
        return this->offer(item, &end, where, std::move(priority));
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool put_until(const T& item, Priority priority, std::chrono::time_point<Clock, Duration> deadline,
                                 Where where = Where::current()) {
        return put_until(T(item), std::move(priority), deadline, where);
    }
    /// `co_await queue.async_put(item, priority)` suspends the task while the queue is full. Throws QueueShutDown.
    auto async_put(T item, Priority priority) { return this->async_offer(Entry(std::move(item), std::move(priority))); }
};

}  // namespace hocket
