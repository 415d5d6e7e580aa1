#include "http/request_head.hpp"

#include <llhttp.h>

#include <algorithm>
#include <charconv>

#include "http/list_elements.hpp"

namespace hocket::http::detail {
namespace {

constexpr RequestError kFine{};

// Calls `visit(element)` for each element of a comma-separated list, until one gives an error.
template <class Visit>
RequestError for_each_element(std::string_view list, Visit visit) {
    ListElements elements(list);
    while (const auto element = elements.next()) {
        if (const RequestError error = visit(*element); error.status != 0) return error;
    }
    return kFine;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// What may stand in uri-host and port (RFC 3986, section 3.2.2), roughly: to tell a host from an attempt at something
// else.
bool is_host_character(char c) noexcept {
    const bool alphanumeric = is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alphanumeric || std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
}

}  // namespace

// What llhttp calls. The head is in one piece, and so is each part of it.
struct RequestHead::Callbacks {
    static RequestHead& head(llhttp_t* parser) { return *static_cast<RequestHead*>(parser->data); }

    static int on_field(llhttp_t* parser, const char* at, std::size_t size) {
        RequestHead& self = head(parser);
        const Request::Part name = self.part_of({at, size});
        Headers::Entry entry{};
        entry.name = name.begin;
        entry.name_size = name.size;
        self.request_.headers_.entries_.push_back(entry);
        return 0;
    }
    static int on_value(llhttp_t* parser, const char* at, std::size_t size) {
        RequestHead& self = head(parser);
        if (self.request_.headers_.entries_.empty()) return HPE_USER;
        const std::string_view value = trimmed({at, size});
        Headers::Entry& entry = self.request_.headers_.entries_.back();
        entry.value = value.empty() ? 0 : self.part_of(value).begin;
        entry.value_size = static_cast<std::uint32_t>(value.size());
        return 0;
    }
    static int on_headers_complete(llhttp_t*) { return HPE_PAUSED; }

    static const llhttp_settings_t& settings() {
        static const llhttp_settings_t value = [] {
            llhttp_settings_t settings;
            llhttp_settings_init(&settings);
            settings.on_header_field = on_field;
            settings.on_header_value = on_value;
            settings.on_headers_complete = on_headers_complete;
            return settings;
        }();
        return value;
    }
};

Request::Part RequestHead::part_of(std::string_view view) const noexcept {
    Request::Part part;
    part.begin = static_cast<std::uint32_t>(view.data() - request_.text().data());
    part.size = static_cast<std::uint32_t>(view.size());
    return part;
}

RequestError RequestHead::parse(const RequestLimits& limits) {
    if (const RequestError error = read_request_line(); error.status != 0) return error;
    if (const RequestError error = run_llhttp(); error.status != 0) return error;
    if (request_.headers_.size() > limits.headers) return {431, "too many header fields"};
    if (const RequestError error = read_target(); error.status != 0) return error;
    return read_fields();
}

// Three words with one space between them (RFC 9112, section 3), which llhttp does not insist on.
RequestError RequestHead::read_request_line() {
    constexpr RequestError malformed{400, "malformed request line"};
    const std::string_view text = request_.text();
    const std::string_view line = text.substr(0, text.find('\r'));
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last < first + 2) return malformed;
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method) || target.find(' ') != std::string_view::npos) return malformed;

    constexpr std::string_view form = "HTTP/d.d";
    if (version.size() != form.size()) return malformed;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == 'd' ? !is_digit(version[i]) : version[i] != form[i]) return malformed;
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return {505, "unsupported HTTP version"};
    request_.version_ = version.back() == '1' ? Version::http_1_1 : Version::http_1_0;
    request_.method_ = part_of(method);
    request_.target_ = part_of(target);
    return kFine;
}

RequestError RequestHead::run_llhttp() {
    request_.headers_.entries_.clear();
    const std::string_view text = request_.text();
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &Callbacks::settings());
    parser.data = this;
    const llhttp_errno_t result = llhttp_execute(&parser, text.data(), text.size());
    switch (result) {
        case HPE_PAUSED:
            break;
        case HPE_INVALID_METHOD:
            return {501, "unknown method"};
        case HPE_UNEXPECTED_CONTENT_LENGTH:
        case HPE_INVALID_CONTENT_LENGTH:
            return {400, "malformed or contradictory Content-Length"};
        case HPE_INVALID_HEADER_TOKEN:
            return {400, "malformed header field"};
        default:
            return {400, "malformed request"};
    }
    if (parser.method == HTTP_CONNECT) return {501, "CONNECT is for proxies"};
    return kFine;
}

// RFC 9112, section 3.2.
RequestError RequestHead::read_target() {
    const std::string_view target = request_.target();
    const bool visible = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!visible || target.find('#') != std::string_view::npos) return {400, "malformed request target"};
    std::string_view rest = target;
    if (target == "*") {
        if (request_.method() != "OPTIONS") return {400, "the request target * is for OPTIONS"};
    } else if (!target.starts_with('/')) {
        const std::size_t colon = target.find("://");
        const std::string_view scheme = target.substr(0, std::min(colon, target.size()));
        if (!equal_names(scheme, "http") && !equal_names(scheme, "https")) return {400, "malformed request target"};
        rest.remove_prefix(colon + 3);
        const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
        if (end == 0) return {400, "malformed request target"};
        rest.remove_prefix(end);
    }
    const std::size_t mark = std::min(rest.find('?'), rest.size());
    request_.path_ = part_of(rest.substr(0, mark));
    request_.query_ = part_of(rest.substr(std::min(mark + 1, rest.size())));
    return kFine;
}

RequestError RequestHead::read_fields() {
    for (const HeaderField field : request_.headers_) {
        if (!is_token(field.name) || !is_field_value(field.value)) return {400, "malformed header field"};
        if (const RequestError error = read_field(field); error.status != 0) return error;
    }
    const bool is_1_1 = request_.version_ == Version::http_1_1;
    if (is_1_1 && !has_host_) return {400, "an HTTP/1.1 request needs a Host"};
    if (has_encoding_) {
        // RFC 9112, section 6.1: either may be an attempt to make a proxy and us disagree about where it ends.
        if (has_length_) return {400, "both Content-Length and Transfer-Encoding"};
        if (!is_1_1) return {400, "Transfer-Encoding in HTTP/1.0"};
        if (!chunked_) return {400, "malformed Transfer-Encoding"};
    }
    request_.keep_alive_ = !says_close_ && (is_1_1 || says_keep_alive_);
    expects_continue_ = expects_continue_ && is_1_1;
    return kFine;
}

RequestError RequestHead::read_field(HeaderField field) {
    switch (field.name.size()) {
        case 4:
            if (equal_names(field.name, "Host")) return read_host(field.value);
            break;
        case 6:
            if (equal_names(field.name, "Expect")) {
                if (!equal_names(field.value, "100-continue")) return {417, "unknown expectation"};
                expects_continue_ = true;
            }
            break;
        case 10:
            if (equal_names(field.name, "Connection")) return read_connection(field.value);
            break;
        case 14:
            if (equal_names(field.name, "Content-Length")) return read_content_length(field.value);
            break;
        case 17:
            if (equal_names(field.name, "Transfer-Encoding")) return read_transfer_encoding(field.value);
            break;
        default:
            break;
    }
    return kFine;
}

RequestError RequestHead::read_content_length(std::string_view value) {
    if (has_length_) return {400, "more than one Content-Length"};
    has_length_ = true;
    const char* end = value.data() + value.size();
    const bool digits = !value.empty() && is_digit(value.front());
    const auto [rest, error] = std::from_chars(value.data(), end, content_length_);
    if (digits && rest == end && error == std::errc::result_out_of_range) return {413, "the body is too large"};
    if (!digits || rest != end || error != std::errc()) return {400, "malformed Content-Length"};
    return kFine;
}

RequestError RequestHead::read_transfer_encoding(std::string_view value) {
    has_encoding_ = true;
    return for_each_element(value, [this](std::string_view coding) -> RequestError {
        if (chunked_) return {400, "Transfer-Encoding goes on after chunked"};
        if (!equal_names(coding, "chunked")) return {501, "unsupported Transfer-Encoding"};
        chunked_ = true;
        return kFine;
    });
}

RequestError RequestHead::read_connection(std::string_view value) {
    return for_each_element(value, [this](std::string_view option) -> RequestError {
        if (equal_names(option, "close")) says_close_ = true;
        if (equal_names(option, "keep-alive")) says_keep_alive_ = true;
        return kFine;
    });
}

RequestError RequestHead::read_host(std::string_view value) {
    if (has_host_) return {400, "more than one Host"};
    has_host_ = true;
    if (!std::all_of(value.begin(), value.end(), is_host_character)) return {400, "malformed Host"};
    return kFine;
}

}  // namespace hocket::http::detail
