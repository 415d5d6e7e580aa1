#pragma once

#include <fmt/format.h>

#include <exception>
#include <string_view>
#include <utility>

#include "summary.hpp"

namespace hocket::load {

// Whether the descriptor is a terminal, on which a line can be redrawn (TERM=dumb is none).
bool is_terminal(int descriptor) noexcept;

// What text written to the descriptor may look like: the terminal's width (80 if it is none, between 20 and 200),
// Unicode if the locale's encoding is UTF-8.
TextStyle text_style(int descriptor) noexcept;

// Writes to stderr. That nobody can read it is no reason to end.
void say_text(std::string_view text) noexcept;
template <class... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
    try {
        say_text(fmt::format(format, std::forward<Arguments>(arguments)...));
    } catch (const std::exception&) {
        say_text("hocket: out of memory\n");
    }
}

}  // namespace hocket::load
