// Parsing the head of a request, in one piece, by llhttp.
#pragma once
#include <cstdint>

#include "hocket/http/detail/request_parser.hpp"

namespace hocket::http::detail {

/// Parses the head that is the text of a Request, and what it means for the body and the connection.
class RequestHead {
public:
    explicit RequestHead(Request& request) noexcept : request_(request) {}

    /// Fills in the request. Gives the error, or one with the status 0. Every line of the head must end with CR LF and
    /// hold no other CR.
    RequestError parse(const RequestLimits& limits);

    bool chunked() const noexcept { return chunked_; }
    std::uint64_t content_length() const noexcept { return content_length_; }
    bool expects_continue() const noexcept { return expects_continue_; }

private:
    struct Callbacks;
    RequestError read_request_line();
    RequestError run_llhttp();
    RequestError read_target();
    RequestError read_fields();
    RequestError read_field(HeaderField field);
    RequestError read_content_length(std::string_view value);
    RequestError read_transfer_encoding(std::string_view value);
    RequestError read_connection(std::string_view value);
    RequestError read_host(std::string_view value);
    Request::Part part_of(std::string_view view) const noexcept;

    Request& request_;
    std::uint64_t content_length_ = 0;
    bool has_length_ = false;
    bool has_encoding_ = false;
    bool chunked_ = false;
    bool expects_continue_ = false;
    bool has_host_ = false;
    bool says_close_ = false;
    bool says_keep_alive_ = false;
};

}  // namespace hocket::http::detail
