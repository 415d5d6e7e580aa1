#include "hocket/http/query.hpp"

namespace hocket::http {
namespace {

void encode(std::string& to, std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    constexpr std::string_view kMarks = "-._~";
    for (const char c : text) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
        if (plain) {
            to += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            to += '%';
            to += kDigits[byte >> 4];
            to += kDigits[byte & 15];
        }
    }
}

}  // namespace

std::string percent_encode(std::string_view text) {
    std::string encoded;
    encode(encoded, text);
    return encoded;
}

Query& Query::add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += '&';
    encode(text_, name);
    text_ += '=';
    encode(text_, value);
    return *this;
}

Query& Query::append(const Query& other) {
    if (!text_.empty() && !other.text_.empty()) text_ += '&';
    text_ += other.text_;
    return *this;
}

}  // namespace hocket::http
