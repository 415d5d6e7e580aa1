// What the three kinds of queue have in common: everything but put().
#pragma once
#include <chrono>
#include <concepts>
#include <iterator>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/queue/detail/queue_core.hpp"

namespace hocket::detail {

/// See Queue for what holds of all of them.
template <class T, class Store>
class QueueBase {
    using Core = QueueCore<Store>;
    using Entry = typename Core::Entry;
    using Where = std::source_location;
    static_assert(std::is_move_constructible_v<T> && !std::is_reference_v<T>,
                  "hocket: the items of a queue are values that can be moved");

public:
    using value_type = T;

    /// The bound; 0 for none.
    std::size_t max_size() const noexcept { return core_.max_size(); }
    /// Items in the queue. Hints, all three: by the time that you look, another thread may have changed it. To wait or
    /// to give up when there is nothing, use get(), try_get() and their like.
    std::size_t size() const noexcept { return core_.size(); }
    bool empty() const noexcept { return core_.size() == 0; }
    bool full() const noexcept { return core_.full(); }

    /// Blocks until there is an item, and takes it. Throws QueueShutDown when there will be none.
    T get(Where where = Where::current()) {
        std::optional<T> item = take(core_get(kNever, where));
        return *std::move(item);
    }
    /// Takes an item if there is one. Throws QueueShutDown when there will be none.
    [[nodiscard]] std::optional<T> try_get() {
        Got got;
        got.how = core_.try_get(got.slot);
        return take(std::move(got));
    }
    /// Blocks for at most `limit`; nothing if no item came. Throws QueueShutDown.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> get_for(std::chrono::duration<Rep, Period> limit, Where where = Where::current()) {
        return take(core_get(deadline_after(limit), where));
    }
    /// Blocks until `deadline` at most; nothing if no item came. Throws QueueShutDown.
    template <class Clock, class Duration>
    [[nodiscard]] std::optional<T> get_until(std::chrono::time_point<Clock, Duration> deadline,
                                             Where where = Where::current()) {
        return take(core_get(deadline_at(deadline), where));
    }

    /// What async_get() returns: `co_await` it.
    class [[nodiscard("a queue gives no item until it is awaited: write co_await")]] Get {
    public:
        explicit Get(Core & core) noexcept : core_(core) {}
        typename Core::GetAwaiter operator co_await() const noexcept { return typename Core::GetAwaiter(core_); }

    private:
        Core& core_;
    };
    /// `co_await queue.async_get()` suspends the task until there is an item, and takes it. Throws QueueShutDown.
    Get async_get() noexcept { return Get(core_); }

    /// An item that was taken has been dealt with. Throws std::logic_error if that was said more often than items were
    /// put.
    void task_done() { core_.task_done(); }
    /// Blocks until task_done() has been called for each item that was put.
    void join(Where where = Where::current()) { (void)core_.join(kNever, where); }
    /// Blocks for at most `limit`; whether everything was done.
    template <class Rep, class Period>
    [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit, Where where = Where::current()) {
        return core_.join(deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether everything was done.
    template <class Clock, class Duration>
    [[nodiscard]] bool join_until(std::chrono::time_point<Clock, Duration> deadline, Where where = Where::current()) {
        return core_.join(deadline_at(deadline), where);
    }

    /// What async_join() returns: `co_await` it.
    class [[nodiscard("joining a queue does nothing until it is awaited: write co_await")]] Join {
    public:
        explicit Join(Core & core) noexcept : core_(core) {}
        typename Core::JoinAwaiter operator co_await() const noexcept { return typename Core::JoinAwaiter(core_); }

    private:
        Core& core_;
    };
    /// `co_await queue.async_join()` suspends the task until everything is done.
    Join async_join() noexcept { return Join(core_); }

    /// No more items: who puts, or waits in order to put, gets QueueShutDown; who gets does so once the queue is empty.
    /// `immediate` drops the items that nobody has taken, which then count as done. Can be called again.
    void shutdown(bool immediate = false) { core_.shutdown(immediate); }
    bool is_shut_down() const noexcept { return core_.is_shut_down(); }

    /// A descriptor that is readable exactly while an item is there, for poll, select, epoll or a QSocketNotifier;
    /// take the items by try_get(), and don't read from it. Made by the first call, closed with the queue. It stays
    /// unreadable when an empty queue is shut down. Throws std::system_error.
    int fileno() { return core_.fileno(); }

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
        friend class QueueBase;
        Iterator(QueueBase& queue, Where where) : queue_(&queue), where_(where) { next(); }
        void next() {
            item_.reset();
            Got got = queue_->core_get(kNever, where_);
            if (got.slot) item_.emplace(got.slot->take());
        }
        QueueBase* queue_;
        Where where_;
        mutable std::optional<T> item_;
    };
    /// `for (T& item : queue)` takes item after item, blocking, until the queue is shut down and empty.
    Iterator begin(Where where = Where::current()) { return Iterator(*this, where); }
    std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

protected:
    explicit QueueBase(std::size_t max_size) noexcept : core_(max_size) {}
    ~QueueBase() = default;

    /// `deadline` null: don't wait. Whether the item was put; otherwise, and if it throws, it is where it was.
    template <class... Priority>
    bool offer(T& item, const TimePoint* deadline, Where where, Priority&&... priority) {
        Entry entry(std::move(item), std::forward<Priority>(priority)...);
        Transfer how;
        try {
            how = deadline ? core_.put(entry, *deadline, where) : core_.try_put(entry);
        } catch (...) {
            entry.give_back(item);
            throw;
        }
        if (how == Transfer::done) return true;
        entry.give_back(item);
        if (how == Transfer::shut_down) throw_put_after_shutdown();
        return false;
    }

    /// What async_put() returns: `co_await` it, once.
    class [[nodiscard("nothing is put until it is awaited: write co_await")]] Put {
    public:
        Put(Core & core, Entry && entry) noexcept : core_(core), entry_(std::move(entry)) {}
        typename Core::PutAwaiter operator co_await()&& noexcept {
            return typename Core::PutAwaiter(core_, std::move(entry_));
        }

    private:
        Core& core_;
        Entry entry_;
    };
    Put async_offer(Entry&& entry) noexcept { return Put(core_, std::move(entry)); }

private:
    class Got {
    public:
        Transfer how = Transfer::not_now;
        std::optional<Entry> slot;
    };
    Got core_get(TimePoint deadline, Where where) {
        Got got;
        got.how = core_.get(got.slot, deadline, where);
        return got;
    }
    static std::optional<T> take(Got&& got) {
        if (got.how == Transfer::shut_down) throw_get_after_shutdown();
        std::optional<T> item;
        if (got.slot) item.emplace(got.slot->take());
        return item;
    }
    Core core_;
};

}  // namespace hocket::detail
