#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace hocket::load {

// Parses "250ms", "30s", "1.5m", "2h", "1m30s"; a plain number is seconds. Units are ms, s, m, h, each at most once,
// the bigger first. Zero is allowed; signs, spaces and more than 100 years are not. Throws std::invalid_argument that
// says what is wrong.
std::chrono::nanoseconds parse_duration(std::string_view text);

// A measured time with three significant digits, for people: "812 µs", "1.23 ms", "45.6 s", "2m 05s", "1h 02m".
std::string format_duration(std::chrono::nanoseconds duration);

// An exact duration as parse_duration reads it: "30s", "1m30s", "250ms". Below 1 ms is cut off.
std::string spell_duration(std::chrono::nanoseconds duration);

}  // namespace hocket::load
