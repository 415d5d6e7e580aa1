// Bytes to requests, without any I/O.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "hocket/http/detail/chunked_decoder.hpp"
#include "hocket/http/message.hpp"

namespace hocket::http::detail {

/// What a request may have at most.
struct RequestLimits {
    std::size_t header_bytes = 64 * 1024;       ///< request line and header fields; trailers: as much again
    std::size_t headers = 100;                  ///< number of header fields
    std::size_t body_bytes = 16 * 1024 * 1024;  ///< decoded
};

/// Why a request is refused: the status to answer with, and a static text.
struct RequestError {
    int status = 0;
    const char* reason = "";
};

/// Reads the requests of one connection, one after another, from pieces of any size; how the bytes are cut makes no
/// difference. What a request has is in request() once state() is `complete`; next() goes on to the one after it.
///
/// Works in two steps. The lines of a head are collected until the blank one; each must end with CR LF and hold no
/// other CR, and none may begin with a blank (RFC 9112, sections 2.2 and 5.2: what lenient parsers make of such lines
/// differs, which is what request smuggling lives on). Then llhttp parses the head in one piece, and we decide what it
/// says about the body. A head that is byte by byte the one before is not parsed again.
///
/// Reuses its memory from request to request. Not thread-safe.
class RequestParser {
public:
    enum class State : std::uint8_t {
        head,      ///< needs more bytes of the head; also before the first one
        body,      ///< has the head, needs more of the body, or waits for begin_body()
        complete,  ///< request() is whole
        failed,    ///< error() says why; nothing more can be read from this connection
    };

    explicit RequestParser(RequestLimits limits = RequestLimits()) noexcept : limits_(limits) {}

    /// Takes the next bytes and returns how many of them it has used: all, unless the state is now `complete` or
    /// `failed`. Only in the states `head` and `body`. Throws std::bad_alloc.
    std::size_t feed(std::string_view bytes);
    State state() const noexcept { return state_; }
    /// Whether a part of a request has come (blank lines before it do not count).
    bool started() const noexcept { return state_ != State::head || (!fresh_ && !request_.text().empty()); }
    /// Whether the client waits for "100 Continue" before it sends the body.
    bool expects_continue() const noexcept { return state_ == State::body && expects_continue_ && !body_begun_; }

    /// Whether to take no byte of a body before begin_body().
    void pause_before_bodies(bool pause) noexcept { pauses_ = pause; }
    /// In the state `body`: whether begin_body() is due.
    bool paused() const noexcept { return paused_; }
    /// Goes on to the body, of at most `limit` bytes; `failed` if it is known to be larger.
    void begin_body(std::uint64_t limit);
    /// Takes out what has come of the body so far.
    std::string take_body() noexcept { return std::exchange(request_.body_, std::string()); }
    /// 100 Continue was sent.
    void continued() noexcept { expects_continue_ = false; }

    /// The request: whole in the state `complete`, without its body in the state `body`.
    const Request& request() const noexcept { return request_; }
    Request& request() noexcept { return request_; }
    const RequestError& error() const noexcept { return error_; }
    /// After `complete`: ready for the next request, whose bytes follow those used so far.
    void next() noexcept;
    /// Ready for another connection. Gives back memory that a large request has left.
    void reset() noexcept;

private:
    std::size_t feed_head(std::string_view bytes);
    std::size_t feed_body(std::string_view bytes);
    bool take_line();
    void head_complete(bool known);
    void fail(int status, const char* reason) noexcept;
    void fail(RequestError error) noexcept { fail(error.status, error.reason); }

    RequestLimits limits_;
    Request request_;
    RequestError error_;
    ChunkedDecoder chunks_;
    std::uint64_t content_length_ = 0;
    std::uint64_t body_left_ = 0;  // of a body with a length
    std::size_t line_start_ = 0;   // of the line that is being collected, in the head
    State state_ = State::head;
    bool fresh_ = true;     // no byte since next(): request_ still holds the request before
    bool known_ = false;    // the head of `request_` was parsed without error
    bool chunked_ = false;  // from here on: what the head says
    bool wants_continue_ = false;
    bool expects_continue_ = false;  // and it was not told yet
    bool body_begun_ = false;
    bool pauses_ = false;
    bool paused_ = false;
    std::uint8_t blank_lines_ = 0;  // before the request line
};

}  // namespace hocket::http::detail
