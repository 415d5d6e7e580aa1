#pragma once

#include <string>
#include <string_view>

namespace hocket::load {

// The text without control characters, for messages that quote what others sent or typed: line breaks and tabs become
// spaces, others (also those of ISO 6429 in UTF-8) "?".
std::string printable(std::string_view text);

}  // namespace hocket::load
