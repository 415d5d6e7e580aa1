// Where a queue keeps its items, and with that the order in which they come out.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::detail {

/// An item on its way through a queue. Moving one never throws: that of a type whose move constructor may throw is
/// kept on the heap.
template <class T>
class QueueItem {
    static constexpr bool kInPlace = std::is_nothrow_move_constructible_v<T>;

public:
    explicit QueueItem(T&& value) noexcept(kInPlace) : held_(hold(std::move(value))) {}
    T take() noexcept(kInPlace) { return std::move(value()); }
    /// The item was not put after all.
    void give_back(T& to) {
        if constexpr (std::is_move_assignable_v<T>) to = std::move(value());
    }

private:
    using Held = std::conditional_t<kInPlace, T, std::unique_ptr<T>>;
    static Held hold(T&& value) {
        if constexpr (kInPlace) {
            return std::move(value);
        } else {
            return std::make_unique<T>(std::move(value));
        }
    }
    T& value() noexcept {
        if constexpr (kInPlace) {
            return held_;
        } else {
            return *held_;
        }
    }
    Held held_;
};

/// First in, first out: a ring that doubles when it is full.
template <class T>
class FifoStore {
public:
    using Entry = QueueItem<T>;
    FifoStore() noexcept = default;
    FifoStore(FifoStore&& other) noexcept { swap(other); }
    FifoStore& operator=(FifoStore&&) = delete;
    ~FifoStore() {
        while (head_ != tail_) std::destroy_at(&at(head_++));
        if (ring_) std::allocator<Entry>().deallocate(ring_, capacity_);
    }
    std::size_t size() const noexcept { return tail_ - head_; }
    /// Leaves `entry` alone if it throws (std::bad_alloc); cannot throw after a pop().
    void push(Entry&& entry) {
        if (size() == capacity_) [[unlikely]]
            grow();
        std::construct_at(&at(tail_), std::move(entry));
        ++tail_;
    }
    Entry pop() noexcept {
        Entry& first = at(head_++);
        Entry entry = std::move(first);
        std::destroy_at(&first);
        return entry;
    }
    void swap(FifoStore& other) noexcept {
        std::swap(ring_, other.ring_);
        std::swap(capacity_, other.capacity_);
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
    }

private:
    Entry& at(std::size_t index) noexcept { return ring_[index & (capacity_ - 1)]; }
    void grow() {
        const std::size_t capacity = capacity_ ? 2 * capacity_ : 16;
        Entry* ring = std::allocator<Entry>().allocate(capacity);
        const std::size_t count = size();
        for (std::size_t i = 0; i < count; ++i) std::construct_at(ring + i, pop());
        if (ring_) std::allocator<Entry>().deallocate(ring_, capacity_);
        ring_ = ring;
        capacity_ = capacity;
        head_ = 0;
        tail_ = count;
    }
    Entry* ring_ = nullptr;
    std::size_t capacity_ = 0;  // a power of two, or 0
    std::size_t head_ = 0;      // head_ and tail_ only grow
    std::size_t tail_ = 0;
};

/// Last in, first out.
template <class T>
class LifoStore {
public:
    using Entry = QueueItem<T>;
    std::size_t size() const noexcept { return entries_.size(); }
    void push(Entry&& entry) { entries_.push_back(std::move(entry)); }
    Entry pop() noexcept {
        Entry entry = std::move(entries_.back());
        entries_.pop_back();
        return entry;
    }
    void swap(LifoStore& other) noexcept { entries_.swap(other.entries_); }

private:
    std::vector<Entry> entries_;
};

/// An item with its priority, and its number once it is in a store.
template <class T, class Priority>
class PrioritisedItem : public QueueItem<T> {
public:
    PrioritisedItem(T&& value, Priority priority) : QueueItem<T>(std::move(value)), priority_(std::move(priority)) {}
    void number(std::uint64_t number) noexcept { number_ = number; }
    /// Whether this one comes out after `other`.
    bool operator<(const PrioritisedItem& other) const {
        if (priority_ < other.priority_) return true;
        return !(other.priority_ < priority_) && number_ > other.number_;
    }

private:
    Priority priority_;
    std::uint64_t number_ = 0;
};

/// The highest priority first, equal ones in the order in which they came: a binary heap.
template <class T, class Priority>
class PriorityStore {
    static_assert(std::is_nothrow_move_constructible_v<Priority>,
                  "hocket: moving the priorities of a PriorityQueue must not throw (noexcept)");

public:
    // Heap algorithms assign, which an item need not be able to.
    using Entry = PrioritisedItem<T, Priority>;
    std::size_t size() const noexcept { return heap_.size(); }
    void push(Entry&& entry) {
        entry.number(next_++);
        heap_.push_back(std::move(entry));
        rise();
    }
    Entry pop() noexcept {
        exchange(heap_.front(), heap_.back());
        Entry entry = std::move(heap_.back());
        heap_.pop_back();
        std::size_t hole = 0;
        for (;;) {
            std::size_t child = 2 * hole + 1;
            if (child >= heap_.size()) break;
            if (child + 1 < heap_.size() && heap_[child] < heap_[child + 1]) ++child;
            if (!(heap_[hole] < heap_[child])) break;
            exchange(heap_[hole], heap_[child]);
            hole = child;
        }
        return entry;
    }
    void swap(PriorityStore& other) noexcept { heap_.swap(other.heap_); }

private:
    /// Brings the last entry to its place. Ends the program if a comparison throws, as pop() does: the heap would be
    /// none any more.
    void rise() noexcept {
        std::size_t hole = heap_.size() - 1;
        for (; hole > 0 && heap_[(hole - 1) / 2] < heap_[hole]; hole = (hole - 1) / 2)
            exchange(heap_[hole], heap_[(hole - 1) / 2]);
    }
    static void exchange(Entry& a, Entry& b) noexcept {
        if (&a == &b) return;
        Entry kept = std::move(a);
        std::destroy_at(&a);
        std::construct_at(&a, std::move(b));
        std::destroy_at(&b);
        std::construct_at(&b, std::move(kept));
    }
    std::vector<Entry> heap_;
    std::uint64_t next_ = 0;
};

}  // namespace hocket::detail
