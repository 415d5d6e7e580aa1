// Addresses of sockets: IPv4, IPv6 and Unix.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct sockaddr;

namespace hocket {

/// Where a socket is or connects to. A value; immutable.
class Address {
public:
    enum class Family { none, ipv4, ipv6, unix_domain };

    /// No address.
    Address() noexcept = default;
    /// From a numeric IPv4 or IPv6 address such as "127.0.0.1", "::1" or "fe80::1%eth0". Throws std::invalid_argument
    /// otherwise.
    static Address ip(const std::string& host, std::uint16_t port);
    /// From a path; a leading NUL byte means Linux' abstract namespace. Throws std::invalid_argument if it is empty,
    /// too long (107 bytes), or has a NUL byte elsewhere and no leading one.
    static Address unix_path(std::string_view path);
    /// From the system's form.
    Address(const sockaddr* address, std::size_t length);

    Family family() const noexcept;
    /// The numeric host, or the path ("@name" for one in the abstract namespace).
    std::string host() const;
    /// 0 for a Unix address.
    std::uint16_t port() const noexcept;
    /// "127.0.0.1:80", "[::1]:80" or "unix:/run/x.sock".
    std::string to_string() const;

    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(bytes_.data()); }
    std::size_t size() const noexcept { return size_; }

private:
    alignas(8) std::array<std::byte, 128> bytes_{};
    std::size_t size_ = 0;
};

}  // namespace hocket
