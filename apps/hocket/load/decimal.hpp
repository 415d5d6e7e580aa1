#pragma once

#include <optional>
#include <string_view>

namespace hocket::load {

// Takes a number such as "12", "1.5" or ".5" off the front of `text`: digits with at most one point. Nothing, and
// `text` unchanged, if there is no digit. Numbers beyond 10^18 come out as some number beyond 10^18.
inline std::optional<long double> take_decimal(std::string_view& text) noexcept {
    long double value = 0;
    long double place = 1;
    bool digits = false;
    bool fraction = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        if (text[i] >= '0' && text[i] <= '9') {
            digits = true;
            if (fraction) place /= 10;
            value = fraction ? value + place * (text[i] - '0') : value * 10 + (text[i] - '0');
        } else if (text[i] == '.' && !fraction) {
            fraction = true;
        } else {
            break;
        }
    }
    if (!digits) return std::nullopt;
    text.remove_prefix(i);
    return value;
}

}  // namespace hocket::load
