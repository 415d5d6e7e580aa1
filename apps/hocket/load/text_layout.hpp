#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "summary.hpp"

namespace hocket::load {

// Small pieces that the tool's texts are made of. All texts are UTF-8; as_style() makes them ASCII at the end where
// need be.

// 1533201 as "1,533,201".
std::string with_commas(std::uint64_t number);

// 412345 as "412k", 1000000 as "1M", numbers below 10,000 in full: at most 5 columns up to 999 G.
std::string compact(std::uint64_t number);

// A share of 0 to 1 as "71.3 %"; 0 and 1 only if it is exactly that: "100 %", "99.99 %", "0.01 %", "0 %".
std::string percent(double share);

// A horizontal bar of at most `width` columns, exact to an eighth of a column (a whole one in ASCII), padded to
// `width`.
std::string bar(double share, std::size_t width, const TextStyle& style);

// Columns that the text takes, with one for each code point.
std::size_t columns(std::string_view text) noexcept;

// The text in at most `width` columns, ending in "…" if something had to go.
std::string clipped(std::string_view text, std::size_t width);

// The text's words in lines of at most `width` columns that begin with `indent` spaces and end with a line break; words
// that are too long for a line are clipped.
std::string paragraph(std::string_view text, std::size_t indent, std::size_t width);

// The text as the style wants it: unchanged, or each character beyond ASCII replaced by a similar one of the same
// width.
std::string as_style(std::string text, const TextStyle& style);

}  // namespace hocket::load
