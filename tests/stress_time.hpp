// How long the stress tests run.
#pragma once
#include <chrono>
#include <cstdlib>

namespace hocket::test {

/// True until the time of one stress test is over, counted from its construction: HOCKET_STRESS_SECONDS, or half a
/// second, if it is not told otherwise.
class StressTime {
public:
    explicit StressTime(std::chrono::nanoseconds usual = std::chrono::milliseconds(500))
        : end_(std::chrono::steady_clock::now() + length(usual)) {}
    bool left() const { return std::chrono::steady_clock::now() < end_; }

private:
    static std::chrono::nanoseconds length(std::chrono::nanoseconds usual) {
        const char* seconds = std::getenv("HOCKET_STRESS_SECONDS");
        if (!seconds) return usual;
        return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(std::atof(seconds)));
    }
    std::chrono::steady_clock::time_point end_;
};

}  // namespace hocket::test
