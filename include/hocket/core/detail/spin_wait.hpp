// Spinning for the few instructions that the holder of a spin lock needs, or for a moment before sleeping.
#pragma once
#include <sched.h>
#include <unistd.h>

#include "hocket/core/detail/atomic.hpp"

namespace hocket::detail {

/// Tells the processor that this is a spin loop.
inline void pause_spinning() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

/// Whether it makes sense to spin: with one processor nobody could bring about what is waited for.
inline bool can_spin() noexcept {
#ifdef HOCKET_MODEL
    return false;
#else
    static const bool several_processors = ::sysconf(_SC_NPROCESSORS_ONLN) > 1;
    return several_processors;
#endif
}

/// One wait for a spin lock: if the holder has lost its processor, it is let have ours.
#ifdef HOCKET_MODEL
class SpinWait {
public:
    void once() noexcept { model::spin(); }
};
#else
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
#endif

}  // namespace hocket::detail
