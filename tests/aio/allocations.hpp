// Counts what this program asks operator new for.
#pragma once
#include <cstdint>

#include "hocket/core/detail/frame_allocator.hpp"

namespace hocket::test {

/// False under the sanitizers, which bring an operator new of their own and get every frame from it.
bool counts_allocations() noexcept;

/// How often this thread called operator new so far.
std::uint64_t allocations() noexcept;

/// Runs `work` until it is in steady state, then says how much memory it takes from operator new and from the system
/// for frames in each of `times` runs, all together.
template <class Work>
std::uint64_t steady_state_allocations(int times, Work work) {
    for (int i = 0; i < 5; ++i) work();
    const std::uint64_t before = allocations() + detail::FrameHeap::system_allocations();
    for (int i = 0; i < times; ++i) work();
    return allocations() + detail::FrameHeap::system_allocations() - before;
}

}  // namespace hocket::test
