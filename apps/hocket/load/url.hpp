#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hocket::load {

// Why a text is not a URL that can be tested; what() names the text, what is wrong with it, and what a right one looks
// like.
class UrlError : public std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// An http:// or https:// URL in parts (RFC 3986).
struct Url {
    std::string scheme = "http";  // "http" or "https"
    std::string user_info;        // "user:password", percent-decoded; empty if none
    std::string host;             // a name or an address; IPv6 without brackets, a zone after '%'
    std::uint16_t port = 80;
    std::string target = "/";  // path and query as they go into the request line

    bool is_tls() const noexcept { return scheme == "https"; }

    // The value of the Host header: IPv6 in brackets, the port only if it isn't the scheme's own.
    std::string host_header() const;

    // The URL again, for people: without user and password.
    std::string to_string() const;
};

// Parses a URL. A missing scheme means http (`localhost:8080/`), a missing path "/"; a fragment is dropped.
// Percent-encoding is passed through, bytes above 127 are percent-encoded, spaces and control characters refused.
// Throws UrlError.
Url parse_url(std::string_view text);

}  // namespace hocket::load
