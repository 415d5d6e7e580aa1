#include "whole_number.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <stdexcept>

namespace hocket::load {

std::uint64_t parse_whole_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stopped_at == end && number >= least && number <= most) return number;
    const bool open_ended = most >= std::numeric_limits<std::int64_t>::max();
    throw std::invalid_argument(
        fmt::format("'{}' is not a whole number {}", text,
                    open_ended ? fmt::format("of {} or more", least) : fmt::format("from {} to {}", least, most)));
}

}  // namespace hocket::load
