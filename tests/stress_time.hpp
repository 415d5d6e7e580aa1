// How long the stress tests run.
#pragma once
#include <chrono>
#include <cstdlib>

namespace hocket::test {

/// True until the time of one stress test is over, counted from its construction: half a second, or
/// HOCKET_STRESS_SECONDS.
class StressTime {
public:
    StressTime() : end_(std::chrono::steady_clock::now() + length()) {}
    bool left() const { return std::chrono::steady_clock::now() < end_; }

private:
    static std::chrono::nanoseconds length() {
        const char* seconds = std::getenv("HOCKET_STRESS_SECONDS");
        const std::chrono::duration<double> wanted(seconds ? std::atof(seconds) : 0.5);
        return std::chrono::duration_cast<std::chrono::nanoseconds>(wanted);
    }
    std::chrono::steady_clock::time_point end_;
};

}  // namespace hocket::test
