#pragma once

#include <cstdint>
#include <string_view>

namespace hocket::load {

// Throws std::invalid_argument that says what is wrong: no digits and nothing else, or out of range.
std::uint64_t parse_whole_number(std::string_view text, std::uint64_t least, std::uint64_t most);

}  // namespace hocket::load
