#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace hocket::load {

enum class ReadState : std::uint8_t { needs_more, complete, error };

// What feeding bytes to a ResponseReader led to.
struct ReadResult {
    ReadState state = ReadState::needs_more;
    bool keep_alive = false;      // complete: the connection can carry the next request
    std::uint16_t status = 0;     // complete: the status code, 101 to 999
    std::size_t consumed = 0;     // bytes used of this call's input; if complete, the others are surplus
    const char* error = nullptr;  // error: why, a static text such as "head too large"
};

struct ResponseParser;

// What the readers of one thread share: the last response head, so that an identical one needs no parsing, and the few
// parsers that are in use at a time. Must outlive its readers. Not thread-safe: one per event loop.
class ResponseContext {
public:
    enum class Cache : bool { off, on };

    explicit ResponseContext(Cache cache = Cache::on);
    ~ResponseContext();
    ResponseContext(const ResponseContext&) = delete;
    ResponseContext& operator=(const ResponseContext&) = delete;

    std::uint64_t cache_hits() const noexcept;

private:
    friend class ResponseReader;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Reads HTTP/1.1 responses of one connection, one after another, from whatever pieces recv() delivers; keeps no bytes.
// The parser is llhttp, but two short cuts keep it out of the way of a load test: a head that is byte by byte the one
// before (per thread) is not parsed again, and a body of known length is only counted.
//
// Framing is by Content-Length, chunked (with trailers) or until close; HEAD, 204 and 304 have no body; 1xx is skipped,
// but 101 ends the response and the connection. Head (with all 1xx before it) and trailers are limited to 64 KiB each.
//
//     reader.begin(false);
//     do {
//         n = recv(...);
//         result = n ? reader.feed(buffer, n) : reader.finish_eof();
//     } while (result.state == ReadState::needs_more);
//
// 32 bytes per connection. No call throws, except for out of memory. Not thread-safe.
class ResponseReader {
public:
    static constexpr std::size_t max_head_size = 64 * 1024;

    explicit ResponseReader(ResponseContext& context) noexcept : context_(context.impl_.get()) {}
    ResponseReader(ResponseReader&& other) noexcept;
    ResponseReader& operator=(ResponseReader&& other) noexcept;
    ~ResponseReader() { release_parser(); }

    // Makes ready for the response to the next request, dropping one that was under way.
    void begin(bool head_request) noexcept;

    // Takes the next bytes of the response. Not to be called again after complete or error before begin(); size > 0.
    ReadResult feed(const char* data, std::size_t size);

    // The server has closed the connection: completes a body that goes until close, is an error for all else.
    ReadResult finish_eof() noexcept;

    // Bytes that are certainly body and may be discarded unseen, for example by recv(MSG_TRUNC), and then reported to
    // skip(): what is left of a body of known length, UINT64_MAX in a body until close, else 0.
    std::uint64_t body_remaining() const noexcept {
        return state_ == State::length_body || state_ == State::close_body ? remaining_ : 0;
    }

    // The next `size` bytes, at most body_remaining(), were body; like feed() of them.
    ReadResult skip(std::uint64_t size) noexcept;

    // A byte of the response has come. If not, the server closed between two requests.
    bool started() const noexcept { return state_ != State::start; }

private:
    enum class State : std::uint8_t { start, head, length_body, close_body, chunked_body, trailers, done, failed };

    ReadResult parse(const char* data, std::size_t size);
    const char* frame() noexcept;
    void remember_head(const char* head, std::size_t size);
    ReadResult count_body(std::size_t consumed, std::size_t size) noexcept;
    ReadResult complete(std::size_t consumed) noexcept;
    ReadResult fail(const char* reason) noexcept;
    void release_parser() noexcept;

    ResponseContext::Impl* context_;
    ResponseParser* parser_ = nullptr;  // borrowed from context_ while a head or a chunked body needs it
    std::uint64_t remaining_ = 0;       // bytes to come in length_body
    std::uint16_t status_ = 0;
    State state_ = State::start;
    bool head_request_ = false;
    bool keep_alive_ = false;
};

static_assert(sizeof(ResponseReader) <= 32, "there may be 10,000 of them");

}  // namespace hocket::load
