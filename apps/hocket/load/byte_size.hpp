#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::load {

// Parses "512", "10k", "1.5M", "64KiB", "2GB", in any case. k, M and G are always powers of 1024, with or without "i"
// and "B". Throws std::invalid_argument that says what is wrong.
std::uint64_t parse_byte_size(std::string_view text);

// A number of bytes in powers of 1024 with three significant digits, for people: "13 B", "1.50 KiB", "24.5 MiB".
std::string format_byte_size(double bytes);

}  // namespace hocket::load
