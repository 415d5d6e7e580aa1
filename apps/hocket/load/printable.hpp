#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace hocket::load {

// The text without control characters, for messages that quote what others sent or typed: line breaks and tabs become
// spaces, others (also those of ISO 6429 in UTF-8) "?".
std::string printable(std::string_view text);

// What the error says, as part of a line that begins with the tool's name: printable, and without the library's.
std::string explanation(const std::exception& error);

}  // namespace hocket::load
