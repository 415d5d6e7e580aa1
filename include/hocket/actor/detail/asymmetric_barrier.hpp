// A memory barrier whose cost is borne by the rare side.
#pragma once
#include <atomic>

namespace hocket::detail {

/// Orders a store before a later load of the same thread against another thread that does the reverse with
/// heavy_barrier() in between: one of the two sees the other's store. light_barrier() costs nothing but that the
/// compiler does not move accesses over it, because heavy_barrier() makes every running thread of the process execute a
/// barrier (membarrier(2), some microseconds). Where the kernel refuses that, both are full barriers.
class AsymmetricBarrier {
public:
    static void light() noexcept {
        if (cheap_.load(std::memory_order_relaxed)) [[likely]] {
            std::atomic_signal_fence(std::memory_order_seq_cst);
        } else {
            full();
        }
    }
    static void heavy() noexcept;
    /// Before the first use of light().
    static void prepare() noexcept;

private:
    static void full() noexcept;
    static std::atomic<bool> cheap_;
};

}  // namespace hocket::detail
