#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "summary.hpp"

namespace hocket::load {

// Where a run stands.
struct Progress {
    std::uint64_t done = 0;                 // requests that have ended, one way or the other
    std::optional<std::uint64_t> requests;  // of how many
    std::chrono::nanoseconds elapsed{0};
    std::optional<std::chrono::nanoseconds> duration;  // of how long
    double requests_per_second = 0;                    // of late
    std::uint64_t p50_us = 0;
    std::uint64_t p99_us = 0;
    std::uint64_t errors = 0;
    StatusCounts statuses = {};  // what has ended, by what came of it
    ErrorCounts error_counts = {};
};

// How much of what is to be done is done, 0 to 1: of the requests or of the time, whichever is further.
double share_done(const Progress& progress) noexcept;
// The same in whole percent, rounded down: 100 when it is done, not before.
int percent_done(const Progress& progress) noexcept;

// One line without line break or control characters, exactly style.width - 1 columns wide, so that it overwrites the
// line before when printed after "\r". Narrow terminals get less of it, the most important last to go.
std::string progress_line(const Progress& progress, const TextStyle& style);

}  // namespace hocket::load
