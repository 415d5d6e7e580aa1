#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace hocket::load {
namespace {

// As setlocale() would find it, without setting anything.
bool locale_is_utf8() noexcept {
    for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(variable);
        if (!value || !*value) continue;
        const std::string_view locale = value;
        for (const std::string_view encoding : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
            if (locale.find(encoding) != std::string_view::npos) return true;
        }
        return false;
    }
    return false;
}

}  // namespace

bool is_terminal(int descriptor) noexcept {
    const char* term = std::getenv("TERM");
    return isatty(descriptor) == 1 && term && std::string_view(term) != "dumb";
}

TextStyle text_style(int descriptor) noexcept {
    TextStyle style{.width = 80, .unicode = locale_is_utf8()};
    winsize size{};
    if (isatty(descriptor) == 1 && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        style.width = std::clamp<unsigned>(size.ws_col, 20, 200);
    }
    return style;
}

void say_text(std::string_view text) noexcept { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace hocket::load
