// Dates in header fields (RFC 9110, section 5.6.7).
#pragma once
#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>

namespace hocket::http::detail {

/// "Sun, 06 Nov 1994 08:49:37 GMT", without asking for memory.
class HttpDate {
public:
    explicit HttpDate(std::time_t time);
    std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, 64> text_;
    std::size_t size_;
};

}  // namespace hocket::http::detail
