// Signals of the system, as something to wait for.
#pragma once
#include <memory>
#include <vector>

#include "hocket/aio/task.hpp"

namespace hocket {
namespace detail {
class SignalSource;
}

/// Catches signals from its construction to its destruction, in whichever thread they arrive: instead of their effect
/// they come out of next(). Several of these may catch the same signal; each gets it. Move-only; belongs to the loop
/// that first waits on it. At its end the signals have the effect they had before.
class Signals {
public:
    /// Throws std::system_error for signals that cannot be caught, std::invalid_argument for those that a fault of the
    /// program raises (SIGSEGV and the like).
    explicit Signals(const std::vector<int>& numbers);
    Signals(Signals&&) noexcept = default;
    Signals& operator=(Signals&& other) noexcept;
    ~Signals();

    /// Waits for the next signal and gives its number. One that comes again before it was asked for counts once, as the
    /// system has it; of several the one with the lowest number comes first. One task at a time may wait. Cancellation
    /// loses no signal.
    Task<int> next();

private:
    std::shared_ptr<detail::SignalSource> source_;
};

/// `Signals ending = signals({SIGINT, SIGTERM});`
inline Signals signals(const std::vector<int>& numbers) { return Signals(numbers); }

}  // namespace hocket
