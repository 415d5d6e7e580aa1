#pragma once

#include <cstdint>
#include <optional>

#include "load/progress.hpp"
#include "load/summary.hpp"

namespace hocket::window {

// What came of the requests that ended within a stretch of a test.
class Sample {
public:
    Sample() = default;
    double from_s = 0;  // since the test's start
    double to_s = 0;
    double requests_per_second = 0;       // complete responses
    std::optional<std::uint64_t> p50_us;  // nothing: no response came
    std::optional<std::uint64_t> p99_us;
};

// What a test says of itself while it runs, and once at its end. Everything in it counts from the test's start, so that
// who reads only the last one has missed nothing; but samples follow each other.
class Update {
public:
    Update() = default;
    load::Progress progress;
    std::optional<Sample> sample;
    std::optional<load::Summary> end;  // the last one
};

}  // namespace hocket::window
