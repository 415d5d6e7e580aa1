#include "hocket/aio/timeout.hpp"

#include <charconv>

namespace hocket::detail {

void throw_timeout(Duration limit) {
    char digits[32];
    const double seconds = std::chrono::duration<double>(limit).count();
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, seconds, std::chars_format::general, 6);
    throw TimeoutError("hocket: the time limit of " + std::string(digits, end) + " s ran out");
}

}  // namespace hocket::detail
