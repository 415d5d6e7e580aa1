#include "hocket/http/detail/request_parser.hpp"

#include <algorithm>
#include <cstring>

#include "http/request_head.hpp"

namespace hocket::http::detail {
namespace {

constexpr std::uint8_t kMaxBlankLines = 4;        // RFC 9112, section 2.2, asks to bear with one
constexpr std::size_t kFirstReserve = 64 * 1024;  // no more is believed of a Content-Length before bytes come
constexpr std::size_t kKeptBody = 16 * 1024;      // memory that stays for the next request
constexpr std::size_t kKeptHead = 4 * 1024;

}  // namespace

std::size_t RequestParser::feed(std::string_view bytes) {
    std::size_t used = 0;
    if (state_ == State::head) used = feed_head(bytes);
    if (state_ == State::body && !paused_) used += feed_body(bytes.substr(used));
    return used;
}

std::size_t RequestParser::feed_head(std::string_view bytes) {
    std::string& head = request_.text();
    if (fresh_ && !bytes.empty()) {
        fresh_ = false;
        if (known_ && bytes.starts_with(head)) {
            head_complete(true);
            return head.size();
        }
        known_ = false;
        head.clear();
        line_start_ = 0;
    }
    std::size_t used = 0;
    while (used < bytes.size() && state_ == State::head) {
        const void* newline = std::memchr(bytes.data() + used, '\n', bytes.size() - used);
        const std::size_t end =
            newline ? static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data()) + 1 : bytes.size();
        head.append(bytes.substr(used, end - used));
        used = end;
        // A first byte that no request begins with is refused at once: the end of the line might never come.
        const std::string_view first = std::string_view(head).substr(0, 1);
        if (line_start_ == 0 && first != "\r" && first != "\n" && !is_token(first)) fail(400, "this is not HTTP");
        if (state_ == State::head && head.size() > limits_.header_bytes) {
            if (line_start_ == 0) {
                fail(414, "the request line is too long");
            } else {
                fail(431, "the head is too large");
            }
        }
        if (newline && state_ == State::head && take_line()) head_complete(false);
    }
    return used;
}

// Checks the line that has just ended; true when it is the blank one after the head.
bool RequestParser::take_line() {
    std::string& head = request_.text();
    const std::string_view line = std::string_view(head).substr(line_start_);
    const std::size_t carriage_return = line.find('\r');
    if (carriage_return == std::string_view::npos || carriage_return + 2 != line.size()) {
        fail(400, "a line does not end with CR LF");
        return false;
    }
    if (line.size() == 2) {
        if (line_start_ > 0) return true;
        head.clear();
        if (++blank_lines_ > kMaxBlankLines) fail(400, "blank lines in place of a request");
        return false;
    }
    if (line_start_ > 0 && (line.front() == ' ' || line.front() == '\t')) fail(400, "a folded header field");
    line_start_ = head.size();
    return false;
}

void RequestParser::head_complete(bool known) {
    if (!known) {
        RequestHead head(request_);
        if (const RequestError error = head.parse(limits_); error.status != 0) return fail(error);
        content_length_ = head.content_length();
        chunked_ = head.chunked();
        wants_continue_ = head.expects_continue();
        known_ = true;
    }
    request_.body_.clear();
    body_begun_ = false;
    expects_continue_ = wants_continue_;
    if (!chunked_ && content_length_ == 0) {
        state_ = State::complete;
        return;
    }
    state_ = State::body;
    paused_ = pauses_;
    if (!paused_) begin_body(limits_.body_bytes);
}

void RequestParser::begin_body(std::uint64_t limit) {
    paused_ = false;
    if (chunked_) {
        chunks_.begin(limit, limits_.header_bytes);
    } else if (content_length_ > limit) {
        fail(413, "the body is too large");
    } else {
        body_left_ = content_length_;
        request_.body_.reserve(std::min<std::size_t>(content_length_, kFirstReserve));
    }
}

std::size_t RequestParser::feed_body(std::string_view bytes) {
    if (bytes.empty()) return 0;
    body_begun_ = true;
    if (!chunked_) {
        const std::size_t piece = std::min<std::size_t>(body_left_, bytes.size());
        request_.body_.append(bytes.substr(0, piece));
        body_left_ -= piece;
        if (body_left_ == 0) state_ = State::complete;
        return piece;
    }
    std::string_view rest = bytes;
    switch (chunks_.feed(rest, request_.body_)) {
        case ChunkedDecoder::Result::needs_more:
            break;
        case ChunkedDecoder::Result::complete:
            state_ = State::complete;
            break;
        case ChunkedDecoder::Result::malformed:
            fail(400, "malformed chunk");
            break;
        case ChunkedDecoder::Result::body_too_large:
            fail(413, "the body is too large");
            break;
        case ChunkedDecoder::Result::extras_too_large:
            fail(431, "chunk extensions or trailers are too large");
            break;
    }
    return bytes.size() - rest.size();
}

void RequestParser::next() noexcept {
    state_ = State::head;
    paused_ = false;
    fresh_ = true;
    blank_lines_ = 0;
}

void RequestParser::reset() noexcept {
    request_.tls_info_.reset();
    next();
    if (request_.text().capacity() > kKeptHead) {
        request_ = Request();
        known_ = false;
    }
    if (request_.body_.capacity() > kKeptBody) request_.body_ = std::string();
}

void RequestParser::fail(int status, const char* reason) noexcept {
    state_ = State::failed;
    known_ = false;
    error_.status = status;
    error_.reason = reason;
}

}  // namespace hocket::http::detail
