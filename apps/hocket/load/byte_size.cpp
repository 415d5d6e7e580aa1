#include "byte_size.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <stdexcept>

#include "decimal.hpp"

namespace hocket::load {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("'{}' is not a size: {}; write for example 512, 10k, 1.5M or 1G (k is 1024 bytes)", text, why));
}

// The power of 1024 that the unit stands for; -1 if there is no such unit.
int exponent_of(std::string_view unit) {
    std::string lower;
    for (const char c : unit) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower.empty() || lower == "b") return 0;
    const std::size_t exponent = std::string_view("kmg").find(lower.front());
    const std::string_view rest = std::string_view(lower).substr(1);
    if (exponent == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "i" || rest == "ib")) return -1;
    return static_cast<int>(exponent) + 1;
}

}  // namespace

std::uint64_t parse_byte_size(std::string_view text) {
    if (text.empty()) refuse(text, "it is empty");
    if (text.front() == '-') refuse(text, "it is negative");
    std::string_view unit = text;
    const std::optional<long double> number = take_decimal(unit);
    if (!number) refuse(text, "it does not begin with a number");
    const int exponent = exponent_of(unit);
    if (exponent < 0) refuse(text, fmt::format("the unit '{}' is unknown (there are k, M and G)", unit));
    const long double bytes = std::floor(*number * std::pow(1024.0L, exponent));
    if (bytes > 0x1p62L) refuse(text, "it is too big");
    if (exponent == 0 && bytes != *number) refuse(text, "there are no parts of a byte");
    return static_cast<std::uint64_t>(bytes);
}

std::string format_byte_size(double bytes) {
    static constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t unit = 0;
    for (; bytes >= 999.5 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
    const int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f} {}", bytes, decimals, units[unit]);
}

}  // namespace hocket::load
