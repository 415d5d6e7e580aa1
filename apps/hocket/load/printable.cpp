#include "printable.hpp"

namespace hocket::load {

std::string printable(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (byte >= 0x20 && byte != 0x7F && !c1) {
            result += text[i];
            continue;
        }
        if (c1) ++i;
        result += byte == '\r' || byte == '\n' || byte == '\t' ? ' ' : '?';
    }
    return result;
}

std::string explanation(const std::exception& error) {
    constexpr std::string_view prefix = "hocket: ";
    std::string_view what = error.what();
    if (what.starts_with(prefix)) what.remove_prefix(prefix.size());
    return printable(what);
}

}  // namespace hocket::load
