#include "hocket/http/detail/percent_decode.hpp"

#include <algorithm>

namespace hocket::http::detail {
namespace {

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool percent_decode(std::string_view text, Plus plus, std::string& decoded) {
    const std::string_view special = plus == Plus::space ? "%+" : "%";
    for (;;) {
        const std::size_t at = std::min(text.find_first_of(special), text.size());
        decoded.append(text.substr(0, at));
        text.remove_prefix(at);
        if (text.empty()) return true;
        if (text.front() == '+') {
            decoded += ' ';
            text.remove_prefix(1);
            continue;
        }
        const int high = text.size() > 2 ? hex_value(text[1]) : -1;
        const int low = text.size() > 2 ? hex_value(text[2]) : -1;
        if (high < 0 || low < 0) return false;
        decoded += static_cast<char>(high * 16 + low);
        text.remove_prefix(3);
    }
}

std::optional<std::pair<std::string_view, std::string_view>> QueryReader::next() noexcept {
    while (!rest_.empty()) {
        const std::size_t end = std::min(rest_.find('&'), rest_.size());
        const std::string_view pair = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        return std::pair(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
    }
    return std::nullopt;
}

}  // namespace hocket::http::detail
