#include "text_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hocket::load {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the first `width` code points.
std::size_t bytes_of(std::string_view text, std::size_t width) {
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        if (continues(text[i])) continue;
        if (width == 0) break;
        --width;
    }
    return i;
}

}  // namespace

std::string with_commas(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
    return text;
}

std::string compact(std::uint64_t number) {
    if (number < 10'000) return with_commas(number);
    auto value = static_cast<double>(number);
    std::size_t unit = 0;
    for (; value >= 999.5 && unit < 4; ++unit) value /= 1000;
    std::string text = fmt::format("{:.{}f}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
    if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text + std::string(1, " kMGT"[unit]);
}

std::string percent(double share) {
    const double p = share * 100;
    if (p <= 0) return "0 %";
    if (p >= 100) return "100 %";
    if (p < 0.01) return "<0.01 %";
    if (p > 99.99) return ">99.99 %";
    return fmt::format("{:.{}f} %", p, p < 0.995 || p >= 99.95 ? 2 : 1);
}

std::string bar(double share, std::size_t width, const TextStyle& style) {
    static constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const double exact = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
    const auto parts = static_cast<std::size_t>(std::lround(exact * (style.unicode ? 8 : 1))) * (style.unicode ? 1 : 8);
    std::string text;
    for (std::size_t i = 0; i < parts / 8; ++i) text += style.unicode ? "█" : "#";
    text += eighths[parts % 8];
    return text + std::string(width - (parts + 7) / 8, ' ');
}

std::size_t columns(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string clipped(std::string_view text, std::size_t width) {
    if (columns(text) <= width) return std::string(text);
    if (width == 0) return "";
    return std::string(text.substr(0, bytes_of(text, width - 1))) + "…";
}

std::string paragraph(std::string_view text, std::size_t indent, std::size_t width) {
    const std::size_t room = width > indent ? width - indent : 1;
    std::string lines;
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) lines += std::string(indent, ' ') + line + "\n";
        line.clear();
    };
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (word.empty()) continue;
        if (!line.empty() && columns(line) + 1 + columns(word) > room) end_line();
        line += (line.empty() ? "" : " ") + clipped(word, room);
    }
    end_line();
    return lines;
}

std::string as_style(std::string text, const TextStyle& style) {
    if (style.unicode) return text;
    static constexpr std::pair<std::string_view, char> similar[] = {{"µ", 'u'}, {"·", '|'}, {"–", '-'}, {"…", '~'},
                                                                    {"━", '='}, {"╸", '-'}, {"─", '-'}};
    std::string ascii;
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view character =
            std::string_view(text).substr(i, bytes_of(std::string_view(text).substr(i), 1));
        const auto* known =
            std::find_if(std::begin(similar), std::end(similar), [&](const auto& s) { return s.first == character; });
        if (character.size() == 1) {
            ascii += character;
        } else {
            ascii += known != std::end(similar) ? known->second : '?';
        }
        i += character.size();
    }
    return ascii;
}

}  // namespace hocket::load
