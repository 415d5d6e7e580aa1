// Request and Response.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/aio/async_generator.hpp"
#include "hocket/http/headers.hpp"

namespace hocket {
class TlsInfo;
}

namespace hocket::http {

namespace detail {
class Compression;
class Connection;
class DeferredBody;
class FileBody;
class ClientTransfer;
class RequestHead;
class RequestParser;
class ResponseWriter;
class Router;
}  // namespace detail

/// The HTTP versions that the library speaks.
enum class Version : std::uint8_t { http_1_0, http_1_1 };

/// A request as a server has received it, whole. A value; what its functions return are views into it.
class Request {
public:
    Request() = default;

    /// "GET", "POST", ….
    std::string_view method() const noexcept { return part(method_); }
    /// The request target as it was sent: "/search?q=x", "http://host/search", "*".
    std::string_view target() const noexcept { return part(target_); }
    /// The path of the target, not decoded: "/search"; "/" if the target has none, "*" for the target "*".
    std::string_view path() const noexcept { return path_.size == 0 ? std::string_view("/") : part(path_); }
    /// What follows the target's question mark, not decoded; empty if there is none.
    std::string_view query() const noexcept { return part(query_); }
    /// The value of the first parameter of that name in the query, decoded; nothing if there is none. A name without a
    /// value has "". Throws StatusError (400) if the query is malformed, as the next two do.
    std::optional<std::string> query(std::string_view name) const;
    /// The values of all parameters of that name, in their order.
    std::vector<std::string> query_values(std::string_view name) const;
    /// All parameters, names and values decoded, in their order.
    std::vector<std::pair<std::string, std::string>> query_parameters() const;
    /// What stands in the path where the route's pattern has {name}, decoded. Throws std::invalid_argument if the
    /// pattern has none of that name.
    const std::string& parameter(std::string_view name) const;
    Version version() const noexcept { return version_; }

    /// The value of the first header field of that name, whatever its case; empty if there is none.
    std::string_view header(std::string_view name) const noexcept { return headers_.get(name); }
    const Headers& headers() const noexcept { return headers_; }
    /// The body; empty if there is none.
    const std::string& body() const noexcept { return body_; }
    /// Whether the client wants to use the connection again.
    bool keep_alive() const noexcept { return keep_alive_; }
    /// What TLS has agreed on with the client, its certificate included; null if the connection is not encrypted.
    const std::shared_ptr<const TlsInfo>& tls_info() const noexcept { return tls_info_; }

private:
    friend class detail::Connection;
    friend class detail::RequestHead;
    friend class detail::RequestParser;
    friend class detail::Router;
    struct Part {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    std::string_view part(Part part) const noexcept {
        return std::string_view(headers_.text_).substr(part.begin, part.size);
    }
    std::string& text() noexcept { return headers_.text_; }
    const std::string& text() const noexcept { return headers_.text_; }

    Headers headers_;  // their text is the whole head
    Part method_, target_, path_, query_;
    Version version_ = Version::http_1_1;
    bool keep_alive_ = false;
    std::string body_;
    std::vector<std::pair<std::string, std::string>> parameters_;  // of the path
    std::shared_ptr<const TlsInfo> tls_info_;
};

/// A response. A value; see stream() for the exception.
class Response {
public:
    /// 200 without a body.
    Response() noexcept = default;
    /// A body of any kind. Throws std::invalid_argument if `status` is not from 200 to 999 or `content_type` cannot
    /// stand in a header.
    Response(int status, std::string body, std::string_view content_type);

    /// Plain text in UTF-8. `body` is anything that a string can be made of.
    template <class Body>
    requires std::constructible_from<std::string, Body>
    static Response text(int status, Body&& body) {
        return Response(status, std::string(std::forward<Body>(body)), Known::text);
    }
    /// Plain text that several responses share. Throws std::invalid_argument if it is null.
    static Response text(int status, std::shared_ptr<const std::string> body);
    /// JSON, already written as text.
    template <class Body>
    requires std::constructible_from<std::string, Body>
    static Response json(int status, Body&& body) {
        return Response(status, std::string(std::forward<Body>(body)), Known::json);
    }
    /// No body.
    static Response empty(int status) { return Response(status, std::string(), Known::none); }
    /// A body of any kind that several responses share. Throws as the constructor, and if it is null.
    static Response shared(int status, std::shared_ptr<const std::string> body, std::string_view content_type);

    /// A body that is made while it is sent: the next piece is asked for when the client has room for it. It is sent in
    /// chunks; a client that speaks HTTP/1.0 reads to the end of the connection. When the generator throws, or the
    /// client goes away, the connection ends at once. Copies share the generator, and one of them can be sent.
    static Response stream(int status, AsyncGenerator<std::string> pieces, std::string_view content_type);
    /// The same with a length that is known beforehand. A generator that gives another number of bytes ends the
    /// connection and is reported.
    static Response stream(int status, AsyncGenerator<std::string> pieces, std::string_view content_type,
                           std::uint64_t length);

    int status() const noexcept { return status_; }
    /// Empty for a body that is streamed.
    std::string_view body() const noexcept { return shared_body_ ? *shared_body_ : body_; }
    /// The value of the first header field of that name, whatever its case; empty if there is none.
    std::string_view header(std::string_view name) const noexcept;
    /// The header fields, without the Content-Type of text() and json().
    const Headers& headers() const noexcept { return headers_; }

    /// Sets a header field in place of those of that name. Throws std::invalid_argument for a name or value that cannot
    /// stand in a header, and for the names that the server sets itself: Connection, Content-Length, Transfer-Encoding.
    Response& set_header(std::string_view name, std::string_view value);
    /// Adds a header field to those of that name, if any; otherwise as set_header().
    Response& add_header(std::string_view name, std::string_view value);
    /// Sends the body in chunks of `size` bytes (1 to 64 KiB) instead of telling its length beforehand. Clients that
    /// speak HTTP/1.0 get it with its length.
    Response& chunked(std::size_t size = 16 * 1024);
    /// Ends the connection after this response.
    Response& close_connection() noexcept;
    bool closes_connection() const noexcept { return closes_; }

private:
    friend class detail::Compression;
    friend class detail::Connection;
    friend class detail::FileBody;
    friend class EventStream;
    friend class detail::ClientTransfer;
    friend class detail::ResponseWriter;
    enum class Known : std::uint8_t { none, text, json };
    Response(int status, std::string body, Known content_type);
    void share(std::shared_ptr<const std::string> body);
    static std::string_view name_of(Known content_type) noexcept;

    std::uint16_t status_ = 200;
    Known content_type_ = Known::none;
    bool closes_ = false;
    std::uint32_t chunk_size_ = 0;  // 0: not chunked
    std::string body_;
    std::shared_ptr<const std::string> shared_body_;
    std::shared_ptr<detail::DeferredBody> deferred_;
    Headers headers_;
};

/// "Not Found" for 404; "Unknown" for a code that no specification names.
std::string_view reason_phrase(int status) noexcept;

}  // namespace hocket::http
