// The work-stealing deque: one worker pushes and pops at one end, any thread steals at the other.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "hocket/core/detail/atomic.hpp"

namespace hocket::detail {

/// Pointers to `Item`, in an array that grows. (Chase, Lev: Dynamic circular work-stealing deque, SPAA 2005.)
///
/// Positions count up for ever; those in [top_, bottom_) hold items, at slot position modulo capacity. Invariant: an
/// item is taken by whoever moves top_ over it by compare-and-swap, except that the owner takes position b without one
/// if, after it has set bottom_ to b, it finds top_ < b: a thief that could still take b reads top_ == b first and
/// bottom_ afterwards, so it either sees the owner's bottom_, or has moved top_ before the owner looked. That argument
/// needs one order of the owner's store of bottom_ and load of top_ with the thief's two loads; all four are
/// sequentially consistent. (Lê, Pop, Cohen, Zappa Nardelli: Correct and efficient work-stealing for weak memory
/// models, PPoPP 2013, prove it with fences, which ThreadSanitizer does not model.) An item's contents are published by
/// the store to bottom_ in push(). An array that was outgrown is kept, since a thief may be reading it. tests/model/
/// runs it under every interleaving of few threads with few preemptions.
template <class Item>
class WorkDeque {
public:
    using Position = std::int64_t;

    /// `capacity`: a power of two.
    explicit WorkDeque(std::size_t capacity = 256) { array_.store(add_array(capacity), std::memory_order_relaxed); }
    WorkDeque(const WorkDeque&) = delete;
    WorkDeque& operator=(const WorkDeque&) = delete;

    /// Owner. Whether sleeping workers are looked at after this must be in one order with the store, or need not:
    enum class Publish { at_once, soon };
    void push(Item* item, Publish publish) {
        const Position bottom = bottom_.load(std::memory_order_relaxed);
        Array* array = array_.load(std::memory_order_relaxed);
        if (bottom - top_.load(std::memory_order_acquire) > array->mask) array = grow(*array, bottom);
        array->slot(bottom).store(item, std::memory_order_relaxed);
        bottom_.store(bottom + 1, publish == Publish::at_once ? std::memory_order_seq_cst : std::memory_order_release);
    }
    /// Owner: takes the newest item; null when there is none.
    Item* pop() {
        const Position last = bottom_.load(std::memory_order_relaxed) - 1;
        if (top_.load(std::memory_order_relaxed) > last) return nullptr;  // it only grows
        Array* array = array_.load(std::memory_order_relaxed);
        bottom_.store(last, std::memory_order_seq_cst);
        Position top = top_.load(std::memory_order_seq_cst);
        if (top < last) return array->slot(last).load(std::memory_order_relaxed);
        Item* item = nullptr;
        if (top == last && top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst))
            item = array->slot(last).load(std::memory_order_relaxed);
        bottom_.store(last + 1, std::memory_order_relaxed);
        return item;
    }
    /// Any thread: takes the oldest item if its position is not below `floor`; null when there is none such.
    Item* steal(Position floor = 0) {
        for (;;) {
            Position top = top_.load(std::memory_order_seq_cst);
            if (top < floor || top >= bottom_.load(std::memory_order_seq_cst)) return nullptr;
            Item* item = array_.load(std::memory_order_acquire)->slot(top).load(std::memory_order_relaxed);
            if (top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst)) return item;
        }
    }
    /// Owner: where the next item will be.
    Position next_position() const noexcept { return bottom_.load(std::memory_order_relaxed); }
    /// Any thread: how many there were a moment ago.
    std::size_t size() const noexcept {
        const Position top = top_.load(std::memory_order_seq_cst);
        const Position bottom = bottom_.load(std::memory_order_seq_cst);
        return bottom > top ? static_cast<std::size_t>(bottom - top) : 0;
    }

private:
    struct Array {
        explicit Array(std::size_t capacity)
            : mask(static_cast<Position>(capacity) - 1), slots(new Atomic<Item*>[capacity]) {}
        Atomic<Item*>& slot(Position position) noexcept { return slots[static_cast<std::size_t>(position & mask)]; }
        const Position mask;
        const std::unique_ptr<Atomic<Item*>[]> slots;
    };

    Array* add_array(std::size_t capacity) { return arrays_.emplace_back(std::make_unique<Array>(capacity)).get(); }
    Array* grow(Array& full, Position bottom) {
        Array* array = add_array(2 * static_cast<std::size_t>(full.mask + 1));
        for (Position position = top_.load(std::memory_order_acquire); position < bottom; ++position)
            array->slot(position).store(full.slot(position).load(std::memory_order_relaxed), std::memory_order_relaxed);
        array_.store(array, std::memory_order_release);
        return array;
    }

    alignas(64) Atomic<Position> top_{0};
    alignas(64) Atomic<Position> bottom_{0};
    Atomic<Array*> array_{nullptr};
    std::vector<std::unique_ptr<Array>> arrays_;  // owner
};

}  // namespace hocket::detail
