// Queue and LifoQueue: items from threads and tasks to threads and tasks.
#pragma once
#include <chrono>
#include <source_location>
#include <utility>

#include "hocket/queue/detail/queue_base.hpp"

namespace hocket {
namespace detail {

/// A queue whose items are put without anything else.
template <class T, class Store>
class PlainQueue : public QueueBase<T, Store> {
    using Where = std::source_location;

public:
    /// Blocks while the queue is full, and puts the item. Throws QueueShutDown.
    void put(T&& item, Where where = Where::current()) { (void)this->offer(item, &kNever, where); }
    void put(const T& item, Where where = Where::current()) { put(T(item), where); }
    /// Puts the item if there is room. Throws QueueShutDown.
    [[nodiscard]] bool try_put(T&& item) { return this->offer(item, nullptr, Where()); }
    [[nodiscard]] bool try_put(const T& item) { return try_put(T(item)); }
    /// Blocks for at most `limit`; whether the item was put. Throws QueueShutDown.
    template <class Rep, class Period>
    [[nodiscard]] bool put_for(T&& item, std::chrono::duration<Rep, Period> limit, Where where = Where::current()) {
        const TimePoint deadline = deadline_after(limit);
        return this->offer(item, &deadline, where);
    }
    template <class Rep, class Period>
    [[nodiscard]] bool put_for(const T& item, std::chrono::duration<Rep, Period> limit,
                               Where where = Where::current()) {
        return put_for(T(item), limit, where);
    }
    /// Blocks until `deadline` at most; whether the item was put. Throws QueueShutDown.
    template <class Clock, class Duration>
    [[nodiscard]] bool put_until(T&& item, std::chrono::time_point<Clock, Duration> deadline,
                                 Where where = Where::current()) {
        const TimePoint end = deadline_at(deadline);
        return this->offer(item, &end, where);
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool put_until(const T& item, std::chrono::time_point<Clock, Duration> deadline,
                                 Where where = Where::current()) {
        return put_until(T(item), deadline, where);
    }
    /// `co_await queue.async_put(item)` suspends the task while the queue is full. Throws QueueShutDown.
    auto async_put(T item) { return this->async_offer(typename Store::Entry(std::move(item))); }

protected:
    explicit PlainQueue(std::size_t max_size) noexcept : QueueBase<T, Store>(max_size) {}
    ~PlainQueue() = default;
};

}  // namespace detail

/// First in, first out, bounded or not, for any number of threads and tasks at both ends. T need only be movable.
///
/// Who waits is served first come, first served, threads and tasks alike; each item is taken once. Cancellation: a
/// cancelled wait throws CancelledError, and has put or taken nothing. An item that was not put, because of that, of a
/// time limit, a full queue or the shutdown, is moved back to the variable that it was moved from (by a T that can be
/// move-assigned); that of async_put() is destroyed. If T's copy or move constructor throws on the way into the queue,
/// nothing was put; if its move constructor throws on the way out, the item is gone. put() throws std::bad_alloc, and
/// has done nothing, when there is no memory; a T whose move constructor may throw costs an allocation for each item.
///
/// Thread-safe. T's move constructor and destructor may run while the queue's lock is held: they must not use the
/// queue. May be destroyed by the one who knows that nobody will use it again, such as the getter of the last item.
template <class T>
class Queue final : public detail::PlainQueue<T, detail::FifoStore<T>> {
public:
    /// Holds at most `max_size` items; any number with 0.
    explicit Queue(std::size_t max_size = 0) noexcept : detail::PlainQueue<T, detail::FifoStore<T>>(max_size) {}
};

/// Last in, first out; for the rest as Queue.
template <class T>
class LifoQueue final : public detail::PlainQueue<T, detail::LifoStore<T>> {
public:
    explicit LifoQueue(std::size_t max_size = 0) noexcept : detail::PlainQueue<T, detail::LifoStore<T>>(max_size) {}
};

}  // namespace hocket
