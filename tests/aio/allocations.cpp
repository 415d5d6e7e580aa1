#include "aio/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef COUNTS_ALLOCATIONS
#define COUNTS_ALLOCATIONS 1
#endif

namespace {
thread_local constinit std::uint64_t count = 0;
thread_local constinit bool no_memory = false;
thread_local constinit bool has_memory = false;
std::atomic<bool> scarce_elsewhere{false};
std::atomic<std::int64_t> left_elsewhere{0};
std::atomic<std::uint64_t> refused_elsewhere{0};

[[maybe_unused]] bool refused() noexcept {
    if (no_memory) return true;
    if (!scarce_elsewhere.load(std::memory_order_acquire) || has_memory || left_elsewhere.fetch_sub(1) > 0)
        return false;
    refused_elsewhere.fetch_add(1);
    return true;
}
}  // namespace

namespace hocket::test {

bool counts_allocations() noexcept { return COUNTS_ALLOCATIONS; }
std::uint64_t allocations() noexcept { return count; }
NoMemory::NoMemory() noexcept { no_memory = true; }
NoMemory::~NoMemory() { no_memory = false; }
NoMemoryElsewhere::NoMemoryElsewhere(std::int64_t after) noexcept {
    has_memory = true;
    left_elsewhere = after;
    refused_elsewhere = 0;
    scarce_elsewhere.store(true, std::memory_order_release);
}
NoMemoryElsewhere::~NoMemoryElsewhere() {
    scarce_elsewhere.store(false, std::memory_order_release);
    has_memory = false;
}
std::uint64_t NoMemoryElsewhere::refusals() noexcept { return refused_elsewhere; }

}  // namespace hocket::test

#if COUNTS_ALLOCATIONS
// The other forms of the standard library lead to these.
void* operator new(std::size_t size) {
    ++count;
    if (void* memory = refused() ? nullptr : std::malloc(size ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

void* operator new(std::size_t size, std::align_val_t alignment) {
    ++count;
    const auto step = static_cast<std::size_t>(alignment);
    void* memory = refused() ? nullptr : std::aligned_alloc(step, (size + step - 1) / step * step);
    if (memory) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif
