// Decoding bodies in Transfer-Encoding: chunked (RFC 9112, section 7.1).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::http::detail {

/// Takes a chunked body in pieces of any size. Strict where leniency lets a proxy and us see different messages: every
/// line ends with CR LF, a size is 1 to 15 hexadecimal digits and nothing but an extension may follow it. Extensions
/// and trailer fields are checked for their form and dropped.
class ChunkedDecoder {
public:
    enum class Result : std::uint8_t { needs_more, complete, malformed, body_too_large, extras_too_large };

    ChunkedDecoder() = default;
    /// Limits for the decoded body, and for all bytes of extensions and trailers together.
    void begin(std::size_t max_body, std::size_t max_extras) noexcept;
    /// Takes bytes from the front of `bytes`, appending what is body to `body`.
    Result feed(std::string_view& bytes, std::string& body);

private:
    enum class State : std::uint8_t {
        size_first,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_first,
        trailer_name,
        trailer_value,
        trailer_lf,
        last_lf
    };
    Result take(char c);

    std::size_t remaining_ = 0;  // of the present chunk
    std::size_t body_left_ = 0;
    std::size_t extras_left_ = 0;
    int digits_ = 0;
    State state_ = State::size_first;
};

}  // namespace hocket::http::detail
