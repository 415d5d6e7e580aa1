// Memory for coroutine frames and task states: per-thread free lists, so that steady state calls no malloc.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hocket::detail {

/// Blocks of up to 2 KiB in classes of 16 bytes, cut from slabs that belong to one heap; each thread uses one heap at a
/// time.
///
/// Invariants: a block's slab (found by masking its address) names its heap for ever. A heap's free lists are touched
/// by its present thread only; other threads give blocks back on the heap's `returned_` stack (push: release; take-all:
/// acquire), which the owner empties when a free list runs dry. A thread that ends leaves its heap, blocks in use and
/// all, to the next new thread (hand-over under a mutex), so no block ever outlives its heap. Slabs are kept until the
/// process ends: memory is bounded by the high-water mark. Under AddressSanitizer and ThreadSanitizer every block comes
/// from operator new instead, so that misuse of a dead frame is seen.
class FrameHeap {
public:
    static constexpr std::size_t kGranule = 16;
    static constexpr std::size_t kLargest = 2048;
    static constexpr std::size_t kSlabSize = 64 * 1024;

    /// Throws std::bad_alloc. Aligned to 16 bytes.
    static void* allocate(std::size_t size) {
        FrameHeap* heap = current;
        if (heap && size <= kLargest) [[likely]] {
            Block*& list = heap->free_[class_of(size)];
            if (Block* block = list) [[likely]] {
                list = block->next;
                return block;
            }
        }
        return allocate_slowly(size);
    }

    /// `size` as given to allocate(). Any thread.
    static void deallocate(void* memory, std::size_t size) noexcept {
        FrameHeap* heap = current;  // null for ever where blocks are not recycled
        if (heap && size <= kLargest) [[likely]] {
            if (slab_of(memory)->owner == heap) [[likely]] {
                auto* block = static_cast<Block*>(memory);
                Block*& list = heap->free_[class_of(size)];
                block->next = list;
                list = block;
                return;
            }
        }
        deallocate_slowly(memory, size);
    }

    /// How often this thread had to ask the system for memory so far: for tests and metrics.
    static std::uint64_t system_allocations() noexcept;

private:
    struct Block {
        Block* next;
        std::size_t size;  // only set while on `returned_`
    };
    struct Slab {
        FrameHeap* owner;
        std::uint64_t padding;  // blocks start aligned
    };
    friend struct HeapLease;

    static constexpr std::size_t class_of(std::size_t size) noexcept { return (size + kGranule - 1) / kGranule; }
    static Slab* slab_of(void* memory) noexcept {
        return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(memory) & ~(kSlabSize - 1));
    }
    static void* allocate_slowly(std::size_t size);
    static void deallocate_slowly(void* memory, std::size_t size) noexcept;
    void* refill(std::size_t size);
    void* carve(std::size_t index);
    void take_back() noexcept;

    static thread_local constinit FrameHeap* current;  // null until the thread's first slow allocation

    Block* free_[kLargest / kGranule + 1] = {};
    std::atomic<Block*> returned_{nullptr};
    char* fresh_ = nullptr;  // the uncut rest of the newest slab
    char* fresh_end_ = nullptr;
    char* region_ = nullptr;  // slabs are cut from regions
    char* region_end_ = nullptr;
    std::uint64_t system_allocations_ = 0;
    FrameHeap* next_idle_ = nullptr;
};

}  // namespace hocket::detail
