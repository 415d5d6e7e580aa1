#include "http/response_writer.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "http/deferred_body.hpp"
#include "http/http_date.hpp"

namespace hocket::http::detail {
namespace {

constexpr std::size_t kShortBody = 16 * 1024;  // copied behind the head, to go out in the same packet
constexpr std::size_t kPiece = 64 * 1024;      // of a chunked body

void append_number(std::string& output, std::size_t number, int base = 10) {
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
    output.append(digits, end);
}

// RFC 9110, section 6.4.1.
bool has_body(int status) noexcept { return status != 204 && status != 304; }

}  // namespace

void ResponseWriter::begin(std::string& output, const Response& response, ResponseForm form) {
    const std::string_view body = response.body();
    const bool may_have_body = has_body(response.status_);
    const DeferredBody* const deferred = may_have_body ? response.deferred_.get() : nullptr;
    const bool has_length = !deferred || deferred->length;
    const bool wants_chunks = deferred ? !has_length : response.chunk_size_ > 0;
    const bool chunked = wants_chunks && !form.to_1_0 && may_have_body;

    if (response.status_ == 200) [[likely]] {
        output.append("HTTP/1.1 200 OK\r\n");
    } else {
        output.append("HTTP/1.1 ");
        append_number(output, response.status_);
        output.append(" ").append(reason_phrase(response.status_)).append("\r\n");
    }
    if (!response.headers_.contains("Date")) output.append(date_line());
    if (response.content_type_ != Response::Known::none) {
        output.append("Content-Type: ").append(Response::name_of(response.content_type_)).append("\r\n");
    }
    for (const HeaderField field : response.headers_)
        output.append(field.name).append(": ").append(field.value).append("\r\n");
    if (form.closes) {
        output.append("Connection: close\r\n");
    } else if (form.to_1_0) {
        output.append("Connection: keep-alive\r\n");
    }
    if (chunked) {
        output.append("Transfer-Encoding: chunked\r\n\r\n");
    } else if (may_have_body && has_length) {
        output.append("Content-Length: ");
        append_number(output, deferred ? *deferred->length : body.size());
        output.append("\r\n\r\n");
    } else {
        output.append("\r\n");
    }

    reset();
    if (form.to_head || !may_have_body) return;
    if (deferred) return begin_deferred(*deferred, form);
    body_size_ = body.size();
    rest_ = body;
    if (chunked) {
        chunk_size_ = response.chunk_size_;
        owes_last_chunk_ = true;
        append_chunks(output);
    } else if (body.size() <= kShortBody) {
        output.append(body);
        rest_ = {};
    }
}

void ResponseWriter::begin_deferred(const DeferredBody& body, ResponseForm form) {
    if (!body.pieces) {
        body_size_ = file_left_ = *body.length;
    } else if (body.length) {
        pieces_ = Pieces::counted;
        pieces_left_ = *body.length;
    } else {
        pieces_ = form.to_1_0 ? Pieces::to_the_end : Pieces::chunked;
    }
}

bool ResponseWriter::append_piece(std::string& output, std::string_view piece) {
    if (piece.empty()) return true;  // an empty chunk would be the last
    if (pieces_ == Pieces::chunked) {
        append_number(output, piece.size(), 16);
        output.append("\r\n").append(piece).append("\r\n");
        return true;
    }
    if (pieces_ == Pieces::counted) {
        if (piece.size() > pieces_left_) return false;
        pieces_left_ -= piece.size();
    }
    output.append(piece);
    return true;
}

bool ResponseWriter::end_pieces(std::string& output) {
    if (pieces_ == Pieces::chunked) output.append("0\r\n\r\n");
    pieces_ = Pieces::none;
    return pieces_left_ == 0;
}

void ResponseWriter::append_chunks(std::string& output) {
    std::size_t room = kPiece;
    while (!rest_.empty() && room > 0) {
        const std::size_t size = std::min(chunk_size_, rest_.size());
        append_number(output, size, 16);
        output.append("\r\n").append(rest_.substr(0, size)).append("\r\n");
        rest_.remove_prefix(size);
        room -= std::min(room, size);
    }
    if (!rest_.empty()) return;
    output.append("0\r\n\r\n");
    owes_last_chunk_ = false;
}

std::string_view date_line() {
    thread_local std::time_t made_for = -1;
    thread_local std::string line;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != made_for) {
        line.assign("Date: ").append(HttpDate(now.tv_sec).text()).append("\r\n");
        made_for = now.tv_sec;
    }
    return line;
}

}  // namespace hocket::http::detail
