// The eventfd by which other threads wake an event loop out of the kernel.
#pragma once
#include <cstdint>

#include "hocket/core/clock.hpp"

namespace hocket::detail {

class WakeEvent {
public:
    /// Throws std::system_error.
    WakeEvent();
    WakeEvent(const WakeEvent&) = delete;
    WakeEvent& operator=(const WakeEvent&) = delete;
    ~WakeEvent();
    /// Readable after a signal() that was not collected.
    int fd() const noexcept { return fd_; }
    /// Any thread. Touches nothing of this object once the descriptor can be read.
    void signal() const noexcept;
    /// Takes in the signals that have come. Loop's thread, as the rest.
    void collect() noexcept;
    /// Blocks until one comes or `limit` has passed, and takes it in.
    void wait(Duration limit) noexcept;
    /// Blocks until `count` signals have come in all.
    void await(std::uint64_t count) noexcept;

private:
    int fd_;
    std::uint64_t collected_ = 0;
};

}  // namespace hocket::detail
