#include "hocket/http/detail/chunked_decoder.hpp"

#include <algorithm>

#include "hocket/http/headers.hpp"

namespace hocket::http::detail {
namespace {

constexpr int kMaxDigits = 15;  // so that a size never overflows

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_token_character(char c) noexcept { return is_token(std::string_view(&c, 1)); }
bool is_value_character(char c) noexcept { return is_field_value(std::string_view(&c, 1)); }

}  // namespace

void ChunkedDecoder::begin(std::size_t max_body, std::size_t max_extras) noexcept {
    body_left_ = max_body;
    extras_left_ = max_extras;
    digits_ = 0;
    remaining_ = 0;
    state_ = State::size_first;
}

ChunkedDecoder::Result ChunkedDecoder::feed(std::string_view& bytes, std::string& body) {
    while (!bytes.empty()) {
        if (state_ == State::data) {
            const std::size_t piece = std::min(remaining_, bytes.size());
            body.append(bytes.substr(0, piece));
            bytes.remove_prefix(piece);
            remaining_ -= piece;
            if (remaining_ == 0) state_ = State::data_cr;
            continue;
        }
        const Result result = take(bytes.front());
        bytes.remove_prefix(1);
        if (result != Result::needs_more) return result;
    }
    return Result::needs_more;
}

// One byte of what is not data.
ChunkedDecoder::Result ChunkedDecoder::take(char c) {
    switch (state_) {
        case State::size_first:
        case State::size: {
            const int digit = hex_value(c);
            if (digit >= 0) {
                if (++digits_ > kMaxDigits) return Result::body_too_large;
                remaining_ = remaining_ * 16 + static_cast<std::size_t>(digit);
                state_ = State::size;
                return Result::needs_more;
            }
            if (state_ == State::size_first) return Result::malformed;
            if (c == '\r') {
                state_ = State::size_lf;
                return Result::needs_more;
            }
            if (c != ';') return Result::malformed;
            state_ = State::extension;
            break;
        }
        case State::extension:
            if (c == '\r') {
                state_ = State::size_lf;
                return Result::needs_more;
            }
            if (!is_value_character(c)) return Result::malformed;
            break;
        case State::size_lf:
            if (c != '\n') return Result::malformed;
            if (remaining_ > body_left_) return Result::body_too_large;
            body_left_ -= remaining_;
            digits_ = 0;
            state_ = remaining_ > 0 ? State::data : State::trailer_first;
            return Result::needs_more;
        case State::data_cr:
            if (c != '\r') return Result::malformed;
            state_ = State::data_lf;
            return Result::needs_more;
        case State::data_lf:
            if (c != '\n') return Result::malformed;
            state_ = State::size_first;
            return Result::needs_more;
        case State::trailer_first:
            if (c == '\r') {
                state_ = State::last_lf;
                return Result::needs_more;
            }
            if (!is_token_character(c)) return Result::malformed;
            state_ = State::trailer_name;
            break;
        case State::trailer_name:
            if (c == ':') {
                state_ = State::trailer_value;
            } else if (!is_token_character(c)) {
                return Result::malformed;
            }
            break;
        case State::trailer_value:
            if (c == '\r') {
                state_ = State::trailer_lf;
            } else if (!is_value_character(c)) {
                return Result::malformed;
            }
            break;
        case State::trailer_lf:
            if (c != '\n') return Result::malformed;
            state_ = State::trailer_first;
            break;
        case State::last_lf:
            return c == '\n' ? Result::complete : Result::malformed;
        case State::data:
            break;  // feed() takes it
    }
    // A byte of an extension or a trailer.
    if (extras_left_ == 0) return Result::extras_too_large;
    --extras_left_;
    return Result::needs_more;
}

}  // namespace hocket::http::detail
