// The least that timers can cost: a wheel of milliseconds with four levels, timers in doubly linked lists.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace raw {

struct WheelTimer {
    WheelTimer* next = nullptr;
    WheelTimer* previous = nullptr;
    std::uint64_t deadline = 0;
};

/// Arms and cancels; 4 levels of 256 slots cover 2^32 milliseconds.
class TimerWheel {
public:
    TimerWheel() {
        for (auto& level : slots_) {
            for (WheelTimer& slot : level) slot.next = slot.previous = &slot;
        }
    }
    void arm(WheelTimer& timer, std::uint64_t deadline) noexcept {
        timer.deadline = deadline;
        const std::uint64_t delta = deadline - now_;
        const unsigned level = delta < 256 ? 0u : static_cast<unsigned>(63 - __builtin_clzll(delta)) / 8u;
        WheelTimer& slot = slots_[level < 4 ? level : 3][(deadline >> (level * 8)) & 255];
        timer.next = &slot;
        timer.previous = slot.previous;
        slot.previous->next = &timer;
        slot.previous = &timer;
        ++size_;
    }
    void cancel(WheelTimer& timer) noexcept {
        timer.next->previous = timer.previous;
        timer.previous->next = timer.next;
        --size_;
    }
    std::size_t size() const noexcept { return size_; }

private:
    std::array<std::array<WheelTimer, 256>, 4> slots_;
    std::uint64_t now_ = 0;
    std::size_t size_ = 0;
};

}  // namespace raw
