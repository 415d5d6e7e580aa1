#include "hocket/http/message.hpp"

#include <stdexcept>

#include "http/deferred_body.hpp"

namespace hocket::http {
namespace {

int checked_status(int status) {
    if (status < 200 || status > 999) {
        throw std::invalid_argument("hocket: " + std::to_string(status) +
                                    " is not the status of a response; it takes 200 to 999");
    }
    return status;
}

void check_not_set_by_server(std::string_view name) {
    for (const std::string_view own : {"Connection", "Content-Length", "Transfer-Encoding"}) {
        if (!equal_names(name, own)) continue;
        throw std::invalid_argument("hocket: the header field " + std::string(own) +
                                    " is set by the server itself; see chunked() and close_connection()");
    }
}

}  // namespace

Response::Response(int status, std::string body, Known content_type)
    : status_(static_cast<std::uint16_t>(checked_status(status))),
      content_type_(content_type),
      body_(std::move(body)) {}

Response::Response(int status, std::string body, std::string_view content_type)
    : Response(status, std::move(body), Known::none) {
    headers_.add("Content-Type", content_type);
}

Response Response::shared(int status, std::shared_ptr<const std::string> body, std::string_view content_type) {
    Response response(status, std::string(), content_type);
    response.share(std::move(body));
    return response;
}

Response Response::text(int status, std::shared_ptr<const std::string> body) {
    Response response(status, std::string(), Known::text);
    response.share(std::move(body));
    return response;
}

Response Response::stream(int status, AsyncGenerator<std::string> pieces, std::string_view content_type) {
    Response response(status, std::string(), content_type);
    response.deferred_ = std::make_shared<detail::DeferredBody>(std::move(pieces));
    return response;
}

Response Response::stream(int status, AsyncGenerator<std::string> pieces, std::string_view content_type,
                          std::uint64_t length) {
    Response response = stream(status, std::move(pieces), content_type);
    response.deferred_->length = length;
    return response;
}

void Response::share(std::shared_ptr<const std::string> body) {
    if (!body) throw std::invalid_argument("hocket: the shared body of a response is null");
    shared_body_ = std::move(body);
}

std::string_view Response::name_of(Known content_type) noexcept {
    switch (content_type) {
        case Known::text:
            return "text/plain; charset=utf-8";
        case Known::json:
            return "application/json";
        case Known::none:
            break;
    }
    return {};
}

std::string_view Response::header(std::string_view name) const noexcept {
    if (content_type_ != Known::none && equal_names(name, "Content-Type")) return name_of(content_type_);
    return headers_.get(name);
}

Response& Response::set_header(std::string_view name, std::string_view value) {
    check_not_set_by_server(name);
    headers_.set(name, value);
    if (equal_names(name, "Content-Type")) content_type_ = Known::none;
    return *this;
}

Response& Response::add_header(std::string_view name, std::string_view value) {
    if (equal_names(name, "Content-Type")) return set_header(name, value);  // there can be only one
    check_not_set_by_server(name);
    headers_.add(name, value);
    return *this;
}

Response& Response::chunked(std::size_t size) {
    if (size == 0 || size > 64 * 1024)
        throw std::invalid_argument("hocket: a chunk has 1 byte to 64 KiB, not " + std::to_string(size));
    chunk_size_ = static_cast<std::uint32_t>(size);
    return *this;
}

Response& Response::close_connection() noexcept {
    closes_ = true;
    return *this;
}

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 203:
            return "Non-Authoritative Information";
        case 204:
            return "No Content";
        case 205:
            return "Reset Content";
        case 206:
            return "Partial Content";
        case 300:
            return "Multiple Choices";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 305:
            return "Use Proxy";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 402:
            return "Payment Required";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 407:
            return "Proxy Authentication Required";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 425:
            return "Too Early";
        case 426:
            return "Upgrade Required";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 451:
            return "Unavailable For Legal Reasons";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        case 511:
            return "Network Authentication Required";
        default:
            return "Unknown";
    }
}

}  // namespace hocket::http
