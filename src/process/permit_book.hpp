// PermitBook: which process has how many permits of a SharedBoundedSemaphore.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include "hocket/process/detail/robust_lock.hpp"
#include "process_id.hpp"

namespace hocket::detail {

/// In shared memory, under its lock. What is free follows from the entries, and each of them changes by a single write:
/// one who is killed in the middle leaves nothing to mend.
class PermitBook {
public:
    void open(std::uint32_t most) noexcept { most_ = most; }
    /// Whether there was one to take. Looks for dead owners if there is none.
    bool try_take();
    /// Whether so many had been taken.
    bool give_back(std::uint32_t permits);
    std::uint32_t free();
    std::uint32_t recovered() const noexcept { return recovered_.load(std::memory_order_relaxed); }

private:
    struct Entry {
        ProcessIdentity owner;
        std::int64_t taken = 0;  // negative: permits that others have taken and this one has given back
    };
    static constexpr std::uint32_t kEntries = 128;

    std::span<Entry> entries() noexcept { return {entries_, used_}; }
    std::int64_t taken() noexcept;
    Entry& mine() noexcept;
    void recover() noexcept;

    RobustLock lock_;
    std::uint32_t most_ = 0;
    std::atomic<std::uint32_t> recovered_{0};
    std::uint32_t used_ = 0;  // entries, from the first
    Entry entries_[kEntries];
    Entry nobodys_;  // of those whom no entry is left for: not recovered
};

}  // namespace hocket::detail
