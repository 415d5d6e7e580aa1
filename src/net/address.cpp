#include "hocket/net/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace hocket {

Address Address::ip(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const bool is_text = !host.empty() && host.find('\0') == std::string::npos;
    if (!is_text || ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        throw std::invalid_argument("hocket: \"" + host + "\" is not a numeric IPv4 or IPv6 address");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    return Address(found->ai_addr, found->ai_addrlen);
}

Address Address::unix_path(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        throw std::invalid_argument("hocket: the path of a Unix socket has 1 to 107 bytes, this one has " +
                                    std::to_string(path.size()));
    }
    const bool is_abstract = path.front() == '\0';  // its length counts; a file name ends with a NUL byte
    if (!is_abstract && path.find('\0') != std::string_view::npos)
        throw std::invalid_argument("hocket: the path of a Unix socket has a NUL byte in it");
    std::memcpy(address.sun_path, path.data(), path.size());
    const std::size_t size = offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1);
    return Address(reinterpret_cast<const sockaddr*>(&address), size);
}

Address::Address(const sockaddr* address, std::size_t length) : size_(length) {
    if (length > bytes_.size()) throw std::invalid_argument("hocket: a socket address has at most 128 bytes");
    if (length > 0) std::memcpy(bytes_.data(), address, length);
}

Address::Family Address::family() const noexcept {
    if (size_ < sizeof(sa_family_t)) return Family::none;
    switch (data()->sa_family) {
        case AF_INET:
            return Family::ipv4;
        case AF_INET6:
            return Family::ipv6;
        case AF_UNIX:
            return Family::unix_domain;
        default:
            return Family::none;
    }
}

std::string Address::host() const {
    switch (family()) {
        case Family::none:
            return {};
        case Family::unix_domain: {
            const auto* address = reinterpret_cast<const sockaddr_un*>(bytes_.data());
            if (size_ <= offsetof(sockaddr_un, sun_path)) return {};  // a socket without a name
            const std::size_t length = size_ - offsetof(sockaddr_un, sun_path);
            if (address->sun_path[0] == '\0') return "@" + std::string(address->sun_path + 1, length - 1);
            return std::string(address->sun_path, ::strnlen(address->sun_path, length));
        }
        default:
            break;
    }
    char text[NI_MAXHOST];
    if (::getnameinfo(data(), static_cast<socklen_t>(size_), text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return text;
}

std::uint16_t Address::port() const noexcept {
    switch (family()) {
        case Family::ipv4:
            return ntohs(reinterpret_cast<const sockaddr_in*>(bytes_.data())->sin_port);
        case Family::ipv6:
            return ntohs(reinterpret_cast<const sockaddr_in6*>(bytes_.data())->sin6_port);
        default:
            return 0;
    }
}

std::string Address::to_string() const {
    switch (family()) {
        case Family::none:
            return "no address";
        case Family::unix_domain:
            return "unix:" + host();
        case Family::ipv6:
            return "[" + host() + "]:" + std::to_string(port());
        default:
            return host() + ":" + std::to_string(port());
    }
}

}  // namespace hocket
