#include "response_reader.hpp"

#include <llhttp.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace hocket::load {
namespace {

enum class Pause : std::uint8_t { head_complete, last_chunk, message_complete };

}  // namespace

// llhttp stops at each border that we decide about: after the head (it need not know of HEAD, nor see bodies of known
// length) and after the last chunk's size (where the trailers begin).
struct ResponseParser {
    llhttp_t http;  // first, so that callbacks find the rest
    Pause pause = Pause::head_complete;
    std::size_t section = 0;  // bytes of the head, or of the trailers, so far

    static ResponseParser& of(llhttp_t* http) noexcept { return *static_cast<ResponseParser*>(http->data); }
};

namespace {

int pause_at(llhttp_t* http, Pause where) noexcept {
    ResponseParser::of(http).pause = where;
    return HPE_PAUSED;
}

const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_headers_complete = [](llhttp_t* http) { return pause_at(http, Pause::head_complete); };
    s.on_chunk_header = [](llhttp_t* http) {
        return http->content_length == 0 ? pause_at(http, Pause::last_chunk) : 0;
    };
    s.on_message_complete = [](llhttp_t* http) { return pause_at(http, Pause::message_complete); };
    return s;
}();

const char* reason(const llhttp_t& http) noexcept {
    switch (llhttp_get_errno(&http)) {
        case HPE_INVALID_CONSTANT:
            return "not an HTTP response";
        case HPE_INVALID_VERSION:
            return "invalid HTTP version";
        case HPE_INVALID_STATUS:
            return "invalid status code";
        case HPE_INVALID_HEADER_TOKEN:
            return "invalid character in a header";
        case HPE_INVALID_CONTENT_LENGTH:
            return "invalid Content-Length";
        case HPE_UNEXPECTED_CONTENT_LENGTH:
            return "more than one Content-Length, or one beside Transfer-Encoding";
        case HPE_INVALID_TRANSFER_ENCODING:
            return "invalid Transfer-Encoding";
        case HPE_INVALID_CHUNK_SIZE:
            return "invalid chunk size";
        case HPE_CR_EXPECTED:
        case HPE_LF_EXPECTED:
        case HPE_STRICT:
            return "line break missing or misplaced";
        default:
            return "malformed response";
    }
}

}  // namespace

struct ResponseContext::Impl {
    bool cache_enabled;
    std::uint64_t cache_hits = 0;

    // The last head that came in one piece and says how long its body is, and what parsing it gave.
    std::string head;
    std::uint64_t body_length = 0;
    std::uint16_t status = 0;
    bool head_request = false;
    bool keep_alive = false;

    std::vector<std::unique_ptr<ResponseParser>> parsers;  // all
    std::vector<ResponseParser*> idle;                     // has room for all

    ResponseParser* borrow() {
        if (idle.empty()) {
            parsers.push_back(std::make_unique<ResponseParser>());
            idle.reserve(parsers.capacity());
            idle.push_back(parsers.back().get());
        }
        ResponseParser* parser = idle.back();
        idle.pop_back();
        llhttp_init(&parser->http, HTTP_RESPONSE, &settings);
        parser->http.data = parser;
        parser->section = 0;
        return parser;
    }
};

ResponseContext::ResponseContext(Cache cache) : impl_(std::make_unique<Impl>()) {
    impl_->cache_enabled = cache == Cache::on;
}

ResponseContext::~ResponseContext() = default;

std::uint64_t ResponseContext::cache_hits() const noexcept { return impl_->cache_hits; }

ResponseReader::ResponseReader(ResponseReader&& other) noexcept
    : context_(other.context_),
      parser_(std::exchange(other.parser_, nullptr)),
      remaining_(other.remaining_),
      status_(other.status_),
      state_(other.state_),
      head_request_(other.head_request_),
      keep_alive_(other.keep_alive_) {}

ResponseReader& ResponseReader::operator=(ResponseReader&& other) noexcept {
    if (this != &other) {
        std::destroy_at(this);
        std::construct_at(this, std::move(other));
    }
    return *this;
}

void ResponseReader::begin(bool head_request) noexcept {
    release_parser();
    state_ = State::start;
    head_request_ = head_request;
}

void ResponseReader::release_parser() noexcept {
    if (parser_) context_->idle.push_back(std::exchange(parser_, nullptr));
}

ReadResult ResponseReader::feed(const char* data, std::size_t size) {
    switch (state_) {
        case State::start: {
            ResponseContext::Impl& known = *context_;
            const std::size_t head_size = known.head.size();
            if (head_size != 0 && size >= head_size && head_request_ == known.head_request &&
                std::memcmp(data, known.head.data(), head_size) == 0) {
                ++known.cache_hits;
                status_ = known.status;
                keep_alive_ = known.keep_alive;
                remaining_ = known.body_length;
                state_ = State::length_body;
                return count_body(head_size, size);
            }
            parser_ = known.borrow();
            state_ = State::head;
            return parse(data, size);
        }
        case State::head:
        case State::chunked_body:
        case State::trailers:
            return parse(data, size);
        case State::length_body:
            return count_body(0, size);
        case State::close_body:
            return {.consumed = size};
        case State::done:
        case State::failed:
            break;
    }
    return fail("data after the response");
}

ReadResult ResponseReader::parse(const char* data, std::size_t size) {
    llhttp_t& http = parser_->http;
    std::size_t used = 0;
    while (used < size) {
        const bool limited = state_ != State::chunked_body;
        const std::size_t piece = limited ? std::min(size - used, max_head_size - parser_->section) : size - used;
        const llhttp_errno_t code = llhttp_execute(&http, data + used, piece);
        if (code == HPE_OK) {
            used += piece;
            parser_->section += piece;
            if (limited && parser_->section == max_head_size) {
                return fail(state_ == State::head ? "head too large" : "trailers too large");
            }
            continue;
        }
        if (code != HPE_PAUSED) return fail(reason(http));

        const auto taken = static_cast<std::size_t>(llhttp_get_error_pos(&http) - (data + used));
        used += taken;
        parser_->section += taken;
        llhttp_resume(&http);
        switch (parser_->pause) {
            case Pause::head_complete:
                if (http.status_code / 100 == 1 && http.status_code != 101) {  // interim, the response is still to come
                    llhttp_reset(&http);
                    break;
                }
                if (const char* error = frame()) return fail(error);
                if (state_ == State::length_body && parser_->section == used) remember_head(data, used);
                if (state_ == State::chunked_body) break;
                release_parser();
                return state_ == State::length_body ? count_body(used, size) : ReadResult{.consumed = size};
            case Pause::last_chunk:
                state_ = State::trailers;
                parser_->section = 0;
                break;
            case Pause::message_complete:
                return complete(used);
        }
    }
    return {.consumed = used};
}

// Decides from a complete head where the response ends (RFC 9112, 6.3). Returns what is wrong with it, if anything.
const char* ResponseReader::frame() noexcept {
    const llhttp_t& http = parser_->http;
    if (http.http_major != 1) return "unsupported HTTP version";
    if (http.status_code < 100) return "invalid status code";
    status_ = http.status_code;
    keep_alive_ =
        http.http_minor > 0 ? (http.flags & F_CONNECTION_CLOSE) == 0 : (http.flags & F_CONNECTION_KEEP_ALIVE) != 0;
    state_ = State::length_body;
    if (head_request_ || status_ == 204 || status_ == 304) {
        remaining_ = 0;
    } else if (status_ == 101) {  // what follows is no HTTP
        remaining_ = 0;
        keep_alive_ = false;
    } else if (http.flags & F_CHUNKED) {
        state_ = State::chunked_body;
    } else if ((http.flags & F_CONTENT_LENGTH) && !(http.flags & F_TRANSFER_ENCODING)) {
        remaining_ = http.content_length;
    } else {
        state_ = State::close_body;
        remaining_ = std::numeric_limits<std::uint64_t>::max();
        keep_alive_ = false;
    }
    return nullptr;
}

void ResponseReader::remember_head(const char* head, std::size_t size) {
    if (!context_->cache_enabled) return;
    context_->head.assign(head, size);
    context_->body_length = remaining_;
    context_->status = status_;
    context_->head_request = head_request_;
    context_->keep_alive = keep_alive_;
}

ReadResult ResponseReader::count_body(std::size_t consumed, std::size_t size) noexcept {
    const std::uint64_t body = std::min<std::uint64_t>(remaining_, size - consumed);
    remaining_ -= body;
    consumed += static_cast<std::size_t>(body);
    return remaining_ == 0 ? complete(consumed) : ReadResult{.consumed = consumed};
}

ReadResult ResponseReader::skip(std::uint64_t size) noexcept {
    if (state_ == State::close_body) return {.consumed = size};
    if (state_ != State::length_body || size > remaining_) return fail("skipped more than the body");
    return count_body(0, size);
}

ReadResult ResponseReader::finish_eof() noexcept {
    switch (state_) {
        case State::close_body:
            return complete(0);
        case State::start:
            return fail("closed before the response");
        case State::head:
            return fail("closed in the middle of the head");
        case State::length_body:
        case State::chunked_body:
        case State::trailers:
            return fail("closed in the middle of the body");
        case State::done:
        case State::failed:
            break;
    }
    return fail("closed after the response");
}

ReadResult ResponseReader::complete(std::size_t consumed) noexcept {
    release_parser();
    state_ = State::done;
    return {.state = ReadState::complete, .keep_alive = keep_alive_, .status = status_, .consumed = consumed};
}

ReadResult ResponseReader::fail(const char* reason) noexcept {
    release_parser();
    state_ = State::failed;
    return {.state = ReadState::error, .error = reason};
}

}  // namespace hocket::load
