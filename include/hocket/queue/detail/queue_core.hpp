// What Queue, LifoQueue and PriorityQueue are made of.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <source_location>
#include <utility>

#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/queue/detail/item_signal.hpp"
#include "hocket/queue/detail/stores.hpp"

namespace hocket::detail {

[[noreturn]] void throw_put_after_shutdown();
[[noreturn]] void throw_get_after_shutdown();
[[noreturn]] void throw_too_many_done();

/// How an attempt to put or get ended. `not_now`: it would have to wait, or its time was up.
enum class Transfer : std::uint8_t { done, not_now, shut_down };

/// Items in a `Store`, which decides their order, between threads and tasks.
///
/// One spin lock, that of `getters_`, guards everything; the locks of the other two wait queues are taken inside of it.
/// Invariants, whenever it is free:
///  - somebody waits in `getters_` only while the store is empty, in `putters_` only while it is full, in either only
///    before shutdown; who is cancelled or late may still be seen there, and is passed over;
///  - each entry is in one place: with its putter, in the store, or with its getter. It changes its place under the
///    lock, to or from a waiter only by whoever has claimed that waiter. Moving one does not throw, and memory is
///    obtained before anything is moved, so that a failing put() changes nothing;
///  - `unfinished_` counts the entries that reached the store or a getter and were neither done nor dropped;
///  - the signal is readable just while the store has an entry.
/// An item that comes goes to the getter that has waited longest; room goes to the putter that has waited longest,
/// whose item is put for it. A woken waiter finds its transfer made, or the queue shut down. After unlocking, the queue
/// is not touched again. Memory order: the lock's. The size and the shutdown are atomic only to be read as hints.
template <class Store>
class QueueCore {
public:
    using Entry = typename Store::Entry;
    class GetAwaiter;
    class PutAwaiter;
    class JoinAwaiter;

    explicit QueueCore(std::size_t max_size) noexcept
        : limit_(max_size ? max_size : std::numeric_limits<std::size_t>::max()) {}
    QueueCore(const QueueCore&) = delete;
    QueueCore& operator=(const QueueCore&) = delete;

    std::size_t max_size() const noexcept { return limit_ == std::numeric_limits<std::size_t>::max() ? 0 : limit_; }
    std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
    bool full() const noexcept { return size() >= limit_; }
    bool is_shut_down() const noexcept { return shut_down_.load(std::memory_order_relaxed); }

    /// Takes the entry unless it says something else than `done`.
    Transfer try_put(Entry& entry) { return put_or_queue(entry, nullptr); }
    /// The same, waiting until `deadline`. Throws CancelledError; the entry is not taken then.
    Transfer put(Entry& entry, TimePoint deadline, std::source_location where) {
        check_thread_cancelled();
        const auto result = try_put(entry);
        return result == Transfer::not_now ? put_slowly(entry, deadline, where) : result;
    }
    Transfer try_get(std::optional<Entry>& slot) { return get_or_queue(slot, nullptr); }
    Transfer get(std::optional<Entry>& slot, TimePoint deadline, std::source_location where) {
        check_thread_cancelled();
        const auto result = try_get(slot);
        return result == Transfer::not_now ? get_slowly(slot, deadline, where) : result;
    }

    void task_done() {
        WaitQueue::Popped joiners;
        {
            WaitQueue::Lock lock(getters_);
            if (unfinished_ == 0) throw_too_many_done();
            joiners = finish(1);
        }
        WaitQueue::wake_all(joiners);
    }
    /// Whether all was done before `deadline`.
    bool join(TimePoint deadline, std::source_location where) {
        check_thread_cancelled();
        ThreadWaiter waiter;
        return !join_or_queue(&waiter) || waiter.block(deadline, where);
    }
    void shutdown(bool immediate);
    int fileno();

private:
    class BlockedGetter;
    class BlockedPutter;
    static std::optional<Entry>& slot_of(Waiter& getter) noexcept;
    static Entry& hand_over(Waiter& putter) noexcept;
    /// With a waiter it queues instead of saying `not_now`, and says so by `not_now`.
    Transfer put_or_queue(Entry& entry, Waiter* waiter);
    Transfer get_or_queue(std::optional<Entry>& slot, Waiter* waiter) noexcept;
    bool join_or_queue(Waiter* waiter) noexcept;
    Transfer put_slowly(Entry& entry, TimePoint deadline, std::source_location where);
    Transfer get_slowly(std::optional<Entry>& slot, TimePoint deadline, std::source_location where);
    /// Under the lock: the store has changed.
    void changed() noexcept {
        size_.store(store_.size(), std::memory_order_relaxed);
        signal_.show(store_.size() > 0);
    }
    /// Under the lock: so many entries are done; who is to be woken because of that.
    WaitQueue::Popped finish(std::size_t count) noexcept {
        unfinished_ -= count;
        return unfinished_ == 0 && joiners_.has_waiters() ? WaitQueue::Lock(joiners_).pop_all() : WaitQueue::Popped();
    }

    WaitQueue getters_;
    WaitQueue putters_;
    WaitQueue joiners_;
    const std::size_t limit_;
    Store store_;
    std::atomic<std::size_t> size_{0};
    std::size_t unfinished_ = 0;
    std::atomic<bool> shut_down_{false};
    ItemSignal signal_;
};

template <class Store>
class QueueCore<Store>::BlockedGetter : public ThreadWaiter {
public:
    explicit BlockedGetter(std::optional<Entry>& slot) noexcept : slot(slot) {}
    ~BlockedGetter() = default;
    std::optional<Entry>& slot;
};

template <class Store>
class QueueCore<Store>::BlockedPutter : public ThreadWaiter {
public:
    explicit BlockedPutter(Entry& entry) noexcept : entry(entry) {}
    ~BlockedPutter() = default;
    Entry& entry;
    bool taken = false;
};

/// Waits for an item in a coroutine.
template <class Store>
class [[nodiscard]] QueueCore<Store>::GetAwaiter final : public QueueAwaiter<GetAwaiter> {
public:
    explicit GetAwaiter(QueueCore& core) noexcept : core_(core) {}
    bool try_now() noexcept { return settled(core_.try_get(slot_)); }
    std::string waits_for() const override { return "an item of a queue"; }
    bool take_or_queue() noexcept { return settled(core_.get_or_queue(slot_, this)); }
    auto await_resume() {
        this->check();
        if (!slot_) throw_get_after_shutdown();
        return slot_->take();
    }

private:
    friend class QueueCore;
    static bool settled(Transfer result) noexcept { return result != Transfer::not_now; }
    QueueCore& core_;
    std::optional<Entry> slot_;
};

/// Waits for room in a coroutine.
template <class Store>
class [[nodiscard]] QueueCore<Store>::PutAwaiter final : public QueueAwaiter<PutAwaiter> {
public:
    PutAwaiter(QueueCore& core, Entry&& entry) noexcept : core_(core), entry_(std::move(entry)) {}
    bool try_now() { return settled(core_.try_put(entry_)); }
    std::string waits_for() const override { return "room in a queue"; }
    bool take_or_queue() { return settled(core_.put_or_queue(entry_, this)); }
    void await_resume() const {
        this->check();
        if (!taken_) throw_put_after_shutdown();
    }

private:
    friend class QueueCore;
    bool settled(Transfer result) noexcept {
        // Queued, it may already be taken: by then another thread has written that.
        if (result == Transfer::not_now) return false;
        taken_ = result == Transfer::done;
        return true;
    }
    QueueCore& core_;
    Entry entry_;
    bool taken_ = false;
};

/// Waits in a coroutine until all is done.
template <class Store>
class [[nodiscard]] QueueCore<Store>::JoinAwaiter final : public QueueAwaiter<JoinAwaiter> {
public:
    explicit JoinAwaiter(QueueCore& core) noexcept : core_(core) {}
    bool try_now() noexcept { return !core_.join_or_queue(nullptr); }
    std::string waits_for() const override { return "the end of all work that was put into a queue"; }
    bool take_or_queue() noexcept { return !core_.join_or_queue(this); }
    void await_resume() const { this->check(); }

private:
    QueueCore& core_;
};

template <class Store>
std::optional<typename QueueCore<Store>::Entry>& QueueCore<Store>::slot_of(Waiter& getter) noexcept {
    return getter.promise() ? static_cast<GetAwaiter&>(getter).slot_ : static_cast<BlockedGetter&>(getter).slot;
}

template <class Store>
typename QueueCore<Store>::Entry& QueueCore<Store>::hand_over(Waiter& putter) noexcept {
    if (putter.promise()) {
        auto& task = static_cast<PutAwaiter&>(putter);
        task.taken_ = true;
        return task.entry_;
    }
    auto& thread = static_cast<BlockedPutter&>(putter);
    thread.taken = true;
    return thread.entry;
}

template <class Store>
Transfer QueueCore<Store>::put_or_queue(Entry& entry, Waiter* waiter) {
    Waiter* getter = nullptr;
    {
        WaitQueue::Lock lock(getters_, WaitQueue::Retry::late);
        if (is_shut_down()) return Transfer::shut_down;
        if ((getter = lock.pop())) {
            slot_of(*getter).emplace(std::move(entry));
        } else if (store_.size() < limit_) {
            store_.push(std::move(entry));
            changed();
        } else {
            if (waiter) WaitQueue::Lock(putters_).push(*waiter);
            return Transfer::not_now;
        }
        ++unfinished_;
    }
    if (getter) getter->wake();
    return Transfer::done;
}

template <class Store>
Transfer QueueCore<Store>::get_or_queue(std::optional<Entry>& slot, Waiter* waiter) noexcept {
    Waiter* putter = nullptr;
    {
        WaitQueue::Lock lock(getters_, WaitQueue::Retry::late);
        if (store_.size() == 0) {
            if (is_shut_down()) return Transfer::shut_down;
            if (waiter) lock.push(*waiter);
            return Transfer::not_now;
        }
        slot.emplace(store_.pop());
        if (putters_.has_waiters() && (putter = WaitQueue::Lock(putters_).pop())) {
            store_.push(std::move(hand_over(*putter)));
            ++unfinished_;
        }
        changed();
    }
    if (putter) putter->wake();
    return Transfer::done;
}

template <class Store>
bool QueueCore<Store>::join_or_queue(Waiter* waiter) noexcept {
    WaitQueue::Lock lock(getters_);
    if (unfinished_ == 0) return false;
    if (waiter) WaitQueue::Lock(joiners_).push(*waiter);
    return true;
}

/// Lets the other side work for a moment, so that it may get ahead by several items, if nobody waits in line already:
/// cheaper than queueing, and than meeting on the lock for each item.
template <class Useless>
void linger(Useless&& useless) noexcept {
    constexpr int kRounds = 8;
    if (!can_spin()) return;
    for (int round = 0; round < kRounds && useless(); ++round) {
        for (int turn = 0; turn < 1 << round; ++turn) pause_spinning();
    }
}

template <class Store>
Transfer QueueCore<Store>::put_slowly(Entry& entry, TimePoint deadline, std::source_location where) {
    linger([this] { return full() && !is_shut_down() && !putters_.has_waiters(); });
    BlockedPutter waiter(entry);
    const Transfer result = put_or_queue(entry, &waiter);
    if (result != Transfer::not_now) return result;
    if (!waiter.block(deadline, where)) return Transfer::not_now;
    return waiter.taken ? Transfer::done : Transfer::shut_down;
}

template <class Store>
Transfer QueueCore<Store>::get_slowly(std::optional<Entry>& slot, TimePoint deadline, std::source_location where) {
    linger([this] { return size() == 0 && !is_shut_down() && !getters_.has_waiters(); });
    BlockedGetter waiter(slot);
    const Transfer result = get_or_queue(slot, &waiter);
    if (result != Transfer::not_now) return result;
    if (!waiter.block(deadline, where)) return Transfer::not_now;
    return slot ? Transfer::done : Transfer::shut_down;
}

template <class Store>
void QueueCore<Store>::shutdown(bool immediate) {
    Store dropped;  // destroyed when the lock is free
    WaitQueue::Popped getters;
    WaitQueue::Popped putters;
    WaitQueue::Popped joiners;
    {
        WaitQueue::Lock lock(getters_);
        shut_down_.store(true, std::memory_order_relaxed);
        getters = lock.pop_all();
        putters = WaitQueue::Lock(putters_).pop_all();
        if (immediate) {
            // What was dropped counts as done; task_done() may have been called for more than was taken.
            store_.swap(dropped);
            joiners = finish(dropped.size() < unfinished_ ? dropped.size() : unfinished_);
            changed();
        }
    }
    WaitQueue::wake_all(getters);
    WaitQueue::wake_all(putters);
    WaitQueue::wake_all(joiners);
}

template <class Store>
int QueueCore<Store>::fileno() {
    {
        WaitQueue::Lock lock(getters_);
        if (signal_.descriptor() >= 0) return signal_.descriptor();
    }
    const int made = ItemSignal::make();
    int kept = made;
    {
        WaitQueue::Lock lock(getters_);
        if (signal_.descriptor() < 0) {
            signal_.adopt(made);
            signal_.show(store_.size() > 0);
        }
        kept = signal_.descriptor();
    }
    if (kept != made) ItemSignal::discard(made);  // another thread was faster
    return kept;
}

}  // namespace hocket::detail
