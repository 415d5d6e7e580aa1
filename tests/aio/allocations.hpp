// Counts what this program asks operator new for, and refuses it.
#pragma once
#include <cstdint>

namespace hocket::test {

/// False under the sanitizers, which bring an operator new of their own and get every frame from it.
bool counts_allocations() noexcept;

/// How often this thread called operator new so far.
std::uint64_t allocations() noexcept;

/// While it lives, operator new fails in this thread; where allocations are counted.
class NoMemory {
public:
    NoMemory() noexcept;
    NoMemory(const NoMemory&) = delete;
    NoMemory& operator=(const NoMemory&) = delete;
    ~NoMemory();
};

/// While it lives, operator new fails in all other threads, after it has been called `after` times there.
class NoMemoryElsewhere {
public:
    explicit NoMemoryElsewhere(std::int64_t after) noexcept;
    NoMemoryElsewhere(const NoMemoryElsewhere&) = delete;
    NoMemoryElsewhere& operator=(const NoMemoryElsewhere&) = delete;
    ~NoMemoryElsewhere();
    /// How often it has failed.
    static std::uint64_t refusals() noexcept;
};

}  // namespace hocket::test
