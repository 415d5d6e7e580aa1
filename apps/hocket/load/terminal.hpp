#pragma once

#include "summary.hpp"

namespace hocket::load {

// Whether the descriptor is a terminal, on which a line can be redrawn (TERM=dumb is none).
bool is_terminal(int descriptor) noexcept;

// What text written to the descriptor may look like: the terminal's width (80 if it is none, between 20 and 200),
// Unicode if the locale's encoding is UTF-8.
TextStyle text_style(int descriptor) noexcept;

}  // namespace hocket::load
