#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "url.hpp"

namespace hocket::load {

// What to send, apart from where.
struct RequestSpec {
    std::string method = "GET";

    // As on curl's command line: "Name: value"; "Name:" leaves out a default header; "Name;" sends an empty one.
    std::vector<std::string> headers = {};

    // Nothing and "" differ: the latter sends Content-Length: 0.
    std::optional<std::string> body = {};
};

// The bytes of one HTTP/1.1 request, made once and sent many times: request line, Host, User-Agent, Accept,
// Authorization (from the URL's user and password), Content-Length, then the user's headers, which replace these of the
// same name in any case. Throws std::invalid_argument: a method or header name that isn't a token, a line break or
// control character in a value, a Content-Length that isn't the body's, Transfer-Encoding.
std::string build_request(const Url& url, const RequestSpec& spec);

// Splits and checks one header as RequestSpec has it; throws as build_request does. `nothing` for the value: "Name:".
std::pair<std::string, std::optional<std::string>> parse_header(std::string_view line);

// Throws std::invalid_argument if `method` isn't a token (RFC 9110, 5.6.2).
void check_method(std::string_view method);

}  // namespace hocket::load
