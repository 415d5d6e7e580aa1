#include "hocket/aio/timeout.hpp"

#include <charconv>

namespace hocket::detail {

void TimeLimit::throw_expired() const {
    if (length_ == Duration::max()) throw TimeoutError("hocket: the deadline has passed");
    char digits[32];
    const double seconds = std::chrono::duration<double>(length_).count();
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, seconds, std::chars_format::general, 6);
    throw TimeoutError("hocket: the time limit of " + std::string(digits, end) + " s ran out");
}

}  // namespace hocket::detail
