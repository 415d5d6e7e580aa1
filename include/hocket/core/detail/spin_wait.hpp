// Spinning for the few instructions that the holder of a spin lock needs.
#pragma once
#include <sched.h>

namespace hocket::detail {

/// Tells the processor that this is a spin loop.
inline void pause_spinning() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

/// One wait for a spin lock: if the holder has lost its processor, it is let have ours.
class SpinWait {
public:
    void once() noexcept {
        if (++turns_ < kSpins) {
            pause_spinning();
        } else {
            ::sched_yield();
        }
    }

private:
    static constexpr int kSpins = 64;
    int turns_ = 0;
};

}  // namespace hocket::detail
