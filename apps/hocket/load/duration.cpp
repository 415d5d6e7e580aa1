#include "duration.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "decimal.hpp"

namespace hocket::load {
namespace {

using std::chrono::nanoseconds;

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t longest = std::int64_t{100} * 365 * 24 * 3600 * second;
constexpr Unit units[] = {{"h", 3600 * second}, {"m", 60 * second}, {"s", second}, {"ms", 1'000'000}};  // biggest first

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("'{}' is not a duration: {}; write for example 250ms, 30s, 1.5m or 1m30s", text, why));
}

std::string three_digits(double value, std::string_view unit) {
    return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
}

}  // namespace

nanoseconds parse_duration(std::string_view text) {
    if (text.empty()) refuse(text, "it is empty");
    if (text.front() == '-') refuse(text, "it is negative");
    long double total = 0;
    std::string_view rest = text;
    const Unit* next_allowed = std::begin(units);
    while (!rest.empty()) {
        const std::optional<long double> number = take_decimal(rest);
        if (!number) refuse(text, fmt::format("there is no number before '{}'", rest));
        const std::string_view name = rest.substr(0, rest.find_first_of("0123456789."));
        rest.remove_prefix(name.size());

        const bool alone = name.empty() && rest.empty() && next_allowed == std::begin(units);
        if (name.empty() && !alone) refuse(text, rest.empty() ? "the last number has no unit" : "there are two points");
        const Unit* unit = std::begin(units);
        while (unit != std::end(units) && unit->name != (alone ? "s" : name)) ++unit;
        if (unit == std::end(units)) {
            refuse(text, fmt::format("the unit '{}' is unknown (there are ms, s, m and h)", name));
        }
        if (unit < next_allowed) refuse(text, "each unit may come once, the bigger one first");
        next_allowed = unit + 1;
        total += *number * static_cast<long double>(unit->nanoseconds);
        if (total > static_cast<long double>(longest)) refuse(text, "it is more than 100 years");
    }
    return nanoseconds(std::llround(total));
}

std::string format_duration(nanoseconds duration) {
    const auto ns = static_cast<double>(duration.count());
    if (ns < 999.5) return fmt::format("{} ns", duration.count());
    if (ns < 999.5e3) return three_digits(ns / 1e3, "µs");
    if (ns < 999.5e6) return three_digits(ns / 1e6, "ms");
    if (ns < 99.95e9) return three_digits(ns / 1e9, "s");
    const std::int64_t seconds = (duration.count() + second / 2) / second;
    if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
    const std::int64_t minutes = (seconds + 30) / 60;
    return fmt::format("{}h {:02}m", minutes / 60, minutes % 60);
}

std::string spell_duration(nanoseconds duration) {
    std::string text;
    std::int64_t left = duration.count();
    for (const Unit& unit : units) {
        if (const std::int64_t n = left / unit.nanoseconds) text += fmt::format("{}{}", n, unit.name);
        left %= unit.nanoseconds;
    }
    return text.empty() ? "0s" : text;
}

}  // namespace hocket::load
