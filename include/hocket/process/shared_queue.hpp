// SharedQueue: items from threads and processes to threads and processes.
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/process/archive.hpp"
#include "hocket/process/detail/shared_ring.hpp"

namespace hocket {

/// First in, first out, bounded, between any number of processes at both ends, through memory that they share: no
/// system call unless somebody has to wait. A handle: copies are the same queue, in this process and, as an argument or
/// message, in others.
///
/// What is copied bytewise (see archive.hpp) lies in the queue as it is; everything else that can be sent is
/// serialised, but for what takes descriptors along: send that through a Pipe. Each item is taken once. A process that
/// is killed, at whatever moment, leaves a queue that others go on to use: the item it was putting is not there, the
/// one it was taking is still there. What it had taken is gone with it.
///
/// The functions are those of Queue, but that a thread waits by them, never a task; a coroutine uses to_thread().
/// Thread-safe. Cancellation: a cancelled wait throws CancelledError, and has put or taken nothing.
template <class T>
class SharedQueue {
    using Where = std::source_location;
    using Ring = detail::SharedRing;
    static constexpr bool kBytewise = detail::CopiedBytewise<T>;

public:
    using value_type = T;
    /// What a queue of items that are serialised has room for, unless told otherwise.
    static constexpr std::size_t kDefaultBytes = 1 << 20;

    /// Holds at most `max_size` items, and, if they are serialised, no more than fit into `bytes` (each takes 8 bytes
    /// more than its own). `name` shows in messages. Throws std::invalid_argument when `max_size` is 0,
    /// std::length_error beyond 2 GiB, std::system_error.
    explicit SharedQueue(std::size_t max_size, std::size_t bytes = kDefaultBytes, std::string_view name = {})
        : ring_(kRecordSize, max_size, bytes, name) {
        detail::require_transferable<T>();
    }
    explicit SharedQueue(InputArchive& archive) : ring_(archive, kRecordSize) {}
    void save(OutputArchive& archive) const { ring_.save(archive); }
    /// That of another process, by the descriptor of it that this one has, and keeps. Throws std::invalid_argument if
    /// it is none, or one of items of another size.
    static SharedQueue from_descriptor(int descriptor) {
        return SharedQueue(Ring(SharedMemory::from_descriptor(descriptor), kRecordSize));
    }
    int descriptor() const noexcept { return ring_.descriptor(); }
    friend bool operator==(const SharedQueue& a, const SharedQueue& b) noexcept { return a.ring_ == b.ring_; }

    /// Blocks while the queue is full, and puts the item. Throws QueueShutDown; std::length_error if a serialised item
    /// is larger than the queue.
    void put(const T& item, Where where = Where::current()) const { (void)offer(item, &kNever, where); }
    /// Puts the item if there is room. Throws as put().
    [[nodiscard]] bool try_put(const T& item) const { return offer(item, nullptr, Where()); }
    /// Blocks for at most `limit`; whether the item was put. Throws as put().
    template <class Rep, class Period>
    [[nodiscard]] bool put_for(const T& item, std::chrono::duration<Rep, Period> limit,
                               Where where = Where::current()) const {
        const TimePoint deadline = detail::deadline_after(limit);
        return offer(item, &deadline, where);
    }
    /// Blocks until `deadline` at most; whether the item was put. Throws as put().
    template <class Clock, class Duration>
    [[nodiscard]] bool put_until(const T& item, std::chrono::time_point<Clock, Duration> deadline,
                                 Where where = Where::current()) const {
        const TimePoint end = detail::deadline_at(deadline);
        return offer(item, &end, where);
    }

    /// Blocks until there is an item, and takes it. Throws QueueShutDown when there will be none.
    T get(Where where = Where::current()) const {
        std::optional<T> item = take(&kNever, where);
        return *std::move(item);
    }
    /// Takes an item if there is one. Throws QueueShutDown when there will be none.
    [[nodiscard]] std::optional<T> try_get() const { return take(nullptr, Where()); }
    /// Blocks for at most `limit`; nothing if no item came. Throws QueueShutDown.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> get_for(std::chrono::duration<Rep, Period> limit,
                                           Where where = Where::current()) const {
        const TimePoint deadline = detail::deadline_after(limit);
        return take(&deadline, where);
    }
    /// Blocks until `deadline` at most; nothing if no item came. Throws QueueShutDown.
    template <class Clock, class Duration>
    [[nodiscard]] std::optional<T> get_until(std::chrono::time_point<Clock, Duration> deadline,
                                             Where where = Where::current()) const {
        const TimePoint end = detail::deadline_at(deadline);
        return take(&end, where);
    }

    /// The bound.
    std::size_t max_size() const noexcept { return ring_.max_size(); }
    /// Items in the queue. Hints, all three.
    std::size_t size() const noexcept { return ring_.size(); }
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return size() >= max_size(); }

    /// An item that was taken has been dealt with. Throws std::logic_error if that was said more often than items were
    /// put.
    void task_done() const { ring_.add_done(1); }
    /// Blocks until task_done() has been called for each item that was put. Of one that a process had taken when it
    /// died, nobody says so: use join_for() where that may happen.
    void join(Where where = Where::current()) const { (void)ring_.join(kNever, where); }
    /// Blocks for at most `limit`; whether everything was done.
    template <class Rep, class Period>
    [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit, Where where = Where::current()) const {
        return ring_.join(detail::deadline_after(limit), where);
    }

    /// No more items: who puts, or waits in order to put, gets QueueShutDown; who gets does so once the queue is empty.
    /// `immediate` drops the items that nobody has taken, which then count as done. Can be called again.
    void shutdown(bool immediate = false) const { ring_.shutdown(immediate); }
    bool is_shut_down() const noexcept { return ring_.is_shut_down(); }

    /// Takes an item with each step. See begin().
    class Iterator {
    public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        T& operator*() const noexcept { return *item_; }
        Iterator& operator++() {
            next();
            return *this;
        }
        void operator++(int) { next(); }
        bool operator==(std::default_sentinel_t) const noexcept { return !item_; }

    private:
        friend class SharedQueue;
        Iterator(const SharedQueue& queue, Where where) : queue_(&queue), where_(where) { next(); }
        void next() { (void)queue_->take_into(item_, &kNever, where_); }
        const SharedQueue* queue_;
        Where where_;
        mutable std::optional<T> item_;
    };
    /// `for (T& item : queue)` takes item after item, blocking, until the queue is shut down and empty.
    Iterator begin(Where where = Where::current()) const { return Iterator(*this, where); }
    std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

private:
    static constexpr std::size_t kRecordSize = kBytewise ? sizeof(T) : 0;
    explicit SharedQueue(Ring ring) : ring_(std::move(ring)) {}

    bool offer(const T& item, const TimePoint* deadline, Where where) const {
        detail::RingTransfer how;
        if constexpr (kBytewise) {
            how = ring_.put(std::as_bytes(std::span(std::addressof(item), 1)), deadline, where);
        } else {
            detail::Payload payload;
            detail::write_value(payload, item);
            if (!payload.descriptors().empty()) Ring::throw_has_descriptors();
            how = ring_.put(payload.bytes(), deadline, where);
        }
        if (how == detail::RingTransfer::shut_down) ring_.throw_put_after_shutdown();
        return how == detail::RingTransfer::done;
    }
    std::optional<T> take(const TimePoint* deadline, Where where) const {
        std::optional<T> item;
        if (take_into(item, deadline, where) == detail::RingTransfer::shut_down) ring_.throw_get_after_shutdown();
        return item;
    }
    detail::RingTransfer take_into(std::optional<T>& item, const TimePoint* deadline, Where where) const {
        item.reset();
        if constexpr (kBytewise) {
            alignas(T) std::byte bytes[sizeof(T)];
            const auto how = ring_.get(bytes, sizeof bytes, deadline, where);
            if (how == detail::RingTransfer::done) item.emplace(*std::launder(reinterpret_cast<T*>(bytes)));
            return how;
        } else {
            std::vector<std::byte> bytes;
            const auto how = ring_.get(bytes, deadline, where);
            if (how == detail::RingTransfer::done) {
                detail::PayloadReader reader(bytes);
                item.emplace(detail::read_value<T>(reader));
            }
            return how;
        }
    }

    Ring ring_;
};

}  // namespace hocket
