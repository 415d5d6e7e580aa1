// Counts what this program asks operator new for.
#pragma once
#include <cstdint>

namespace hocket::test {

/// False under the sanitizers, which bring an operator new of their own and get every frame from it.
bool counts_allocations() noexcept;

/// How often this thread called operator new so far.
std::uint64_t allocations() noexcept;

}  // namespace hocket::test
