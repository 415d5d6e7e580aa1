#include "request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "printable.hpp"
#include "version.hpp"

namespace hocket::load {
namespace {

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return lower(x) == lower(y);
    });
}

std::string base64(std::string_view bytes) {  // RFC 4648
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        }
        for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : digits[group >> (18 - 6 * k) & 63];
    }
    return text;
}

}  // namespace

void check_method(std::string_view method) {
    if (!is_token(method)) {
        throw std::invalid_argument(
            fmt::format("'{}' is not an HTTP method; write for example GET or POST", printable(method)));
    }
}

std::pair<std::string, std::optional<std::string>> parse_header(std::string_view line) {
    const auto refuse = [line](std::string_view why) {
        throw std::invalid_argument(
            fmt::format("'{}' is not a header: {}; write for example 'Accept: text/html'", printable(line), why));
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos && line.ends_with(';')) {
        line.remove_suffix(1);
        if (!is_token(line)) refuse("its name has characters that names cannot have");
        return {std::string(line), ""};
    }
    if (colon == std::string_view::npos) refuse("there is no colon");
    const std::string_view name = line.substr(0, colon);
    if (name.empty()) refuse("there is no name before the colon");
    if (!is_token(name)) refuse("its name has characters that names cannot have");
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    for (const char c : value) {
        if (c == '\r' || c == '\n') refuse("a value cannot have a line break");
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
            refuse("a value cannot have control characters");
    }
    if (value.empty()) return {std::string(name), std::nullopt};
    return {std::string(name), std::string(value)};
}

std::string build_request(const Url& url, const RequestSpec& spec) {
    check_method(spec.method);
    using Header = std::pair<std::string, std::optional<std::string>>;
    std::vector<Header> user;
    for (const std::string& line : spec.headers) user.push_back(parse_header(line));

    std::vector<Header> headers = {
        {"Host", url.host_header()}, {"User-Agent", fmt::format("hocket/{}", version())}, {"Accept", "*/*"}};
    if (!url.user_info.empty()) headers.emplace_back("Authorization", "Basic " + base64(url.user_info));
    if (spec.body) headers.emplace_back("Content-Length", std::to_string(spec.body->size()));

    for (const auto& [name, value] : user) {
        if (same_name(name, "Transfer-Encoding")) {
            throw std::invalid_argument(
                "the header Transfer-Encoding cannot be set: the body is sent with a Content-Length");
        }
        const std::string length = std::to_string(spec.body ? spec.body->size() : 0);
        if (same_name(name, "Content-Length") && value != length && (value || spec.body)) {
            throw std::invalid_argument(fmt::format("the header Content-Length cannot be '{}': the body has {} bytes",
                                                    value.value_or(""), length));
        }
        std::erase_if(headers, [&name = name](const Header& header) { return same_name(header.first, name); });
    }
    headers.insert(headers.end(), user.begin(), user.end());

    std::string request = fmt::format("{} {} HTTP/1.1\r\n", spec.method, url.target);
    for (const auto& [name, value] : headers) {
        if (value) request += fmt::format("{}: {}\r\n", name, *value);
    }
    return request + "\r\n" + spec.body.value_or("");
}

}  // namespace hocket::load
