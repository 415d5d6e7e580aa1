#include "http/response_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

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
    const bool chunked = response.chunk_size_ > 0 && !form.to_1_0 && may_have_body;

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
    } else if (may_have_body) {
        output.append("Content-Length: ");
        append_number(output, body.size());
        output.append("\r\n\r\n");
    } else {
        output.append("\r\n");
    }

    reset();
    if (form.to_head || !may_have_body) return;
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
    thread_local char line[48];
    thread_local std::size_t size = 0;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != made_for) {
        std::tm parts{};
        ::gmtime_r(&now.tv_sec, &parts);
        // The names are English whatever the locale, which strftime() would not promise.
        static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        char format[48];
        std::snprintf(format, sizeof format, "Date: %s, %%d %s %%Y %%H:%%M:%%S GMT\r\n", kDays[parts.tm_wday],
                      kMonths[parts.tm_mon]);
        size = std::strftime(line, sizeof line, format, &parts);
        made_for = now.tv_sec;
    }
    return {line, size};
}

}  // namespace hocket::http::detail
