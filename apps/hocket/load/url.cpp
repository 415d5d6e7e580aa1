#include "url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "printable.hpp"

namespace hocket::load {
namespace {

[[noreturn]] void refuse(std::string_view url, std::string_view why) {
    throw UrlError(fmt::format("'{}' is not a URL to test: {}; write for example http://127.0.0.1:8080/path?query",
                               printable(url), why));
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<int> hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

std::string percent_decode(std::string_view url, std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const std::optional<int> high = i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
        const std::optional<int> low = i + 2 < text.size() ? hex_value(text[i + 2]) : std::nullopt;
        if (!high || !low)
            refuse(url, "'%' in a user or password needs two hexadecimal digits after it (%25 for itself)");
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return decoded;
}

// "scheme://" off the front of `rest`; http if there is none.
std::string take_scheme(std::string_view url, std::string_view& rest) {
    const std::size_t end = rest.find("://");
    if (end == std::string_view::npos || end > rest.find_first_of("/?#")) {
        if (const std::string start = lower(rest.substr(0, 6)); start.starts_with("http:/") || start == "https:") {
            refuse(url, "there should be two slashes after the colon");
        }
        return "http";
    }
    const std::string scheme = lower(rest.substr(0, end));
    if (scheme != "http" && scheme != "https") {
        refuse(url,
               scheme.empty() ? "there is nothing before '://'" : fmt::format("'{}' is not http or https", scheme));
    }
    rest.remove_prefix(end + 3);
    return scheme;
}

// "[address]" off the front of `authority`, without the brackets.
std::string take_ipv6(std::string_view url, std::string_view& authority) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) refuse(url, "the ']' after the IPv6 address is missing");
    std::string_view inside = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (!authority.empty() && authority.front() != ':')
        refuse(url, "after ']' there can only be a port, such as ]:8080");

    std::string zone;  // RFC 6874 writes its '%' as "%25"; people write "%"
    if (const std::size_t percent = inside.find('%'); percent != std::string_view::npos) {
        std::string_view name = inside.substr(percent + 1);
        if (name.starts_with("25")) name.remove_prefix(2);
        if (name.empty() || !std::all_of(name.begin(), name.end(),
                                         [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; })) {
            refuse(url, "the zone after '%' is not the name of a network interface");
        }
        zone = fmt::format("%{}", name);
        inside = inside.substr(0, percent);
    }
    in6_addr address;
    if (inet_pton(AF_INET6, std::string(inside).c_str(), &address) != 1) {
        refuse(url, fmt::format("'{}' is not an IPv6 address", inside));
    }
    return lower(inside) + zone;
}

// A name or IPv4 address off the front of `authority`, up to the port's colon.
std::string take_name(std::string_view url, std::string_view& authority) {
    const std::string_view name = authority.substr(0, authority.find(':'));
    authority.remove_prefix(name.size());
    if (std::count(authority.begin(), authority.end(), ':') > 1) {
        refuse(url, "an IPv6 address must be in brackets, such as [::1]:8080");
    }
    if (name.empty()) refuse(url, "there is no host");
    if (name.starts_with('-')) refuse(url, "a host cannot begin with '-'");
    for (const char c : name) {
        if (static_cast<unsigned char>(c) >= 0x80) {
            refuse(url, "the host has characters beyond ASCII; write it in its xn-- form");
        }
        if (!is_alnum(c) && c != '-' && c != '.' && c != '_') {
            refuse(url, fmt::format("a host cannot have the character '{}'", c));
        }
    }
    std::size_t label = 0;
    for (std::size_t start = 0; start < name.size(); start += label + 1) {
        label = std::min(name.find('.', start), name.size()) - start;
        if (label == 0) refuse(url, "a part of the host is empty");
        if (label > 63 || name.size() > 254) refuse(url, "the host is too long");
    }
    const std::string_view last = name.substr(name.rfind('.') + 1);
    in_addr address;
    if (!last.empty() && std::all_of(last.begin(), last.end(), is_digit) &&
        inet_pton(AF_INET, std::string(name).c_str(), &address) != 1) {
        refuse(url, fmt::format("'{}' is neither a name nor an IPv4 address", name));
    }
    return lower(name);
}

std::uint16_t parse_port(std::string_view url, std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) {
        refuse(url, fmt::format("the port '{}' is not a number from 1 to 65535", text));
    }
    return static_cast<std::uint16_t>(port);
}

std::string make_target(std::string_view path_and_query) {
    std::string target = path_and_query.starts_with('/') ? "" : "/";
    for (const char c : path_and_query) {
        const auto byte = static_cast<unsigned char>(c);
        target += byte < 0x80 ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return target;
}

}  // namespace

std::string Url::host_header() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    std::string header = ipv6 ? fmt::format("[{}]", host.substr(0, host.find('%'))) : host;
    if (port != (is_tls() ? 443 : 80)) header += fmt::format(":{}", port);
    return header;
}

std::string Url::to_string() const { return fmt::format("{}://{}{}", scheme, host_header(), target); }

Url parse_url(std::string_view text) {
    if (text.empty()) refuse(text, "it is empty");
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == ' ') refuse(text, "it has a space, which is written %20");
        if (byte < 0x20 || byte == 0x7f) refuse(text, fmt::format("it has a control character (byte {})", byte));
    }
    Url url;
    std::string_view rest = text.substr(0, text.find('#'));
    url.scheme = take_scheme(text, rest);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    url.target = make_target(rest.substr(authority.size()));

    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        url.user_info = percent_decode(text, authority.substr(0, at));
        if (authority.substr(0, at).find(':') == std::string_view::npos) url.user_info += ':';
        authority.remove_prefix(at + 1);
    }
    url.host = authority.starts_with('[') ? take_ipv6(text, authority) : take_name(text, authority);
    url.port = url.is_tls() ? 443 : 80;
    if (authority.size() > 1) url.port = parse_port(text, authority.substr(1));
    return url;
}

}  // namespace hocket::load
