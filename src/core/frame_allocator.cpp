#include "hocket/core/detail/frame_allocator.hpp"

#include <sys/mman.h>

#include <mutex>
#include <new>

#include "hocket/core/detail/thread_end.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOCKET_RECYCLES_FRAMES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOCKET_RECYCLES_FRAMES false
#endif
#endif
#ifndef HOCKET_RECYCLES_FRAMES
#define HOCKET_RECYCLES_FRAMES true
#endif

namespace hocket::detail {
namespace {
constexpr bool kRecycles = HOCKET_RECYCLES_FRAMES;
constexpr std::size_t kRegionSize = 1024 * 1024;

std::mutex idle_heaps_mutex;
FrameHeap* idle_heaps = nullptr;
}  // namespace

thread_local constinit FrameHeap* FrameHeap::current = nullptr;

// Holds a heap for the life of a thread; the heap goes to the next thread that asks.
struct HeapLease {
    FrameHeap* heap;

    HeapLease() {
        {
            std::scoped_lock guard(idle_heaps_mutex);
            heap = idle_heaps;
            if (heap) idle_heaps = heap->next_idle_;
        }
        if (!heap) heap = new FrameHeap;
        FrameHeap::current = heap;
    }
    ~HeapLease() {
        FrameHeap::current = nullptr;  // what still comes back in this thread's last moments goes the slow way
        std::scoped_lock guard(idle_heaps_mutex);
        heap->next_idle_ = idle_heaps;
        idle_heaps = heap;
    }
};

void* FrameHeap::allocate_slowly(std::size_t size) {
    if (!kRecycles || size > kLargest) return ::operator new(size);
    return UntilThreadEnd<HeapLease>::get().heap->refill(size);
}

void* FrameHeap::refill(std::size_t size) {
    const std::size_t index = class_of(size);
    if (!free_[index]) take_back();
    Block* block = free_[index];
    if (!block) return carve(index);
    free_[index] = block->next;
    return block;
}

// Cuts one block from the newest slab, so that pages are touched only as they are needed.
void* FrameHeap::carve(std::size_t index) {
    const std::size_t bytes = index * kGranule;
    if (static_cast<std::size_t>(fresh_end_ - fresh_) < bytes) {
        if (region_ == region_end_) {
            // One slab more than needed, so that the region can start at a multiple of the slab size.
            void* memory =
                ::mmap(nullptr, kRegionSize + kSlabSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (memory == MAP_FAILED) throw std::bad_alloc();
            const auto start = (reinterpret_cast<std::uintptr_t>(memory) + kSlabSize - 1) & ~(kSlabSize - 1);
            region_ = reinterpret_cast<char*>(start);
            region_end_ = region_ + kRegionSize;
            ++system_allocations_;
        }
        auto* slab = ::new (region_) Slab{this, 0};
        fresh_ = reinterpret_cast<char*>(slab + 1);
        fresh_end_ = region_ + kSlabSize;
        region_ += kSlabSize;
    }
    void* memory = fresh_;
    fresh_ += bytes;
    return memory;
}

void FrameHeap::take_back() noexcept {
    Block* block = returned_.exchange(nullptr, std::memory_order_acquire);
    while (block) {
        Block* next = block->next;
        Block*& list = free_[class_of(block->size)];
        block->next = list;
        list = block;
        block = next;
    }
}

void FrameHeap::deallocate_slowly(void* memory, std::size_t size) noexcept {
    if (!kRecycles || size > kLargest) return ::operator delete(memory);
    auto* block = static_cast<Block*>(memory);
    block->size = size;
    std::atomic<Block*>& returned = slab_of(memory)->owner->returned_;
    block->next = returned.load(std::memory_order_relaxed);
    while (!returned.compare_exchange_weak(block->next, block, std::memory_order_release, std::memory_order_relaxed)) {
    }
}

std::uint64_t FrameHeap::system_allocations() noexcept { return current ? current->system_allocations_ : 0; }

}  // namespace hocket::detail
