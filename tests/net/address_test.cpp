#include "hocket/net/address.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>

namespace hocket {
namespace {

TEST(Address, HasNothingByDefault) {
    const Address none;
    EXPECT_EQ(none.family(), Address::Family::none);
    EXPECT_EQ(none.host(), "");
    EXPECT_EQ(none.port(), 0);
    EXPECT_EQ(none.size(), 0u);
    EXPECT_EQ(none.to_string(), "no address");
    EXPECT_EQ(Address(nullptr, 0).family(), Address::Family::none);
}

TEST(Address, OfIpv4) {
    const Address address = Address::ip("192.0.2.7", 8080);
    EXPECT_EQ(address.family(), Address::Family::ipv4);
    EXPECT_EQ(address.host(), "192.0.2.7");
    EXPECT_EQ(address.port(), 8080);
    EXPECT_EQ(address.to_string(), "192.0.2.7:8080");

    ASSERT_EQ(address.size(), sizeof(sockaddr_in));
    sockaddr_in form{};
    std::memcpy(&form, address.data(), sizeof form);
    EXPECT_EQ(form.sin_family, AF_INET);
    EXPECT_EQ(ntohs(form.sin_port), 8080);
    EXPECT_EQ(ntohl(form.sin_addr.s_addr), 0xC0000207u);
}

TEST(Address, OfIpv6) {
    const Address address = Address::ip("2001:db8:0:0::7", 65535);
    EXPECT_EQ(address.family(), Address::Family::ipv6);
    EXPECT_EQ(address.host(), "2001:db8::7");
    EXPECT_EQ(address.port(), 65535);
    EXPECT_EQ(address.to_string(), "[2001:db8::7]:65535");
    EXPECT_EQ(address.size(), sizeof(sockaddr_in6));
    EXPECT_EQ(Address::ip("::", 0).to_string(), "[::]:0");
    EXPECT_EQ(Address::ip("::ffff:192.0.2.7", 1).family(), Address::Family::ipv6);
}

TEST(Address, OfIpv6KeepsItsZone) {
    const Address address = Address::ip("fe80::1%lo", 80);
    EXPECT_EQ(address.host(), "fe80::1%lo");
    EXPECT_EQ(address.to_string(), "[fe80::1%lo]:80");
    sockaddr_in6 form{};
    ASSERT_EQ(address.size(), sizeof form);
    std::memcpy(&form, address.data(), sizeof form);
    EXPECT_EQ(form.sin6_scope_id, 1u) << "lo is the first interface";
}

TEST(Address, RefusesWhatIsNotNumeric) {
    using namespace std::string_literals;
    for (const std::string& host :
         {""s, "localhost"s, "example.com"s, "256.0.0.1"s, "1.2.3.4.5"s, "1.2.3.4:80"s, "[::1]"s, ":::"s, "1::2::3"s,
          "fe80::1%no-such-interface"s, " 127.0.0.1"s, "127.0.0.1\0.example.com"s}) {
        try {
            const Address address = Address::ip(host, 80);
            ADD_FAILURE() << "\"" << host << "\" became " << address.to_string();
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(error.what(),
                      std::string(("hocket: \"" + host).c_str()) +
                          (host.find('\0') == std::string::npos ? "\" is not a numeric IPv4 or IPv6 address" : ""));
        }
    }
}

TEST(Address, OfAUnixPath) {
    const Address address = Address::unix_path("/run/x.sock");
    EXPECT_EQ(address.family(), Address::Family::unix_domain);
    EXPECT_EQ(address.host(), "/run/x.sock");
    EXPECT_EQ(address.port(), 0);
    EXPECT_EQ(address.to_string(), "unix:/run/x.sock");
    EXPECT_EQ(address.size(), offsetof(sockaddr_un, sun_path) + 12) << "with a NUL byte at the end";
}

TEST(Address, OfTheAbstractNamespace) {
    const Address address = Address::unix_path(std::string_view("\0name", 5));
    EXPECT_EQ(address.family(), Address::Family::unix_domain);
    EXPECT_EQ(address.host(), "@name");
    EXPECT_EQ(address.to_string(), "unix:@name");
    EXPECT_EQ(address.size(), offsetof(sockaddr_un, sun_path) + 5) << "every byte counts, so none may be added";

    const Address with_nul = Address::unix_path(std::string_view("\0a\0b", 4));
    EXPECT_EQ(with_nul.host(), std::string("@a\0b", 4));
}

TEST(Address, OfAUnixSocketHasAtMost107Bytes) {
    const std::string longest(107, 'x');
    EXPECT_EQ(Address::unix_path(longest).host(), longest);
    const std::string longest_abstract = std::string(1, '\0') + std::string(106, 'x');
    EXPECT_EQ(Address::unix_path(longest_abstract).host(), "@" + std::string(106, 'x'));
    EXPECT_THROW(Address::unix_path(std::string(108, 'x')), std::invalid_argument);
    EXPECT_THROW(Address::unix_path(""), std::invalid_argument);
    EXPECT_THROW(Address::unix_path(std::string_view("/run/a\0b", 8)), std::invalid_argument)
        << "the system would take it for /run/a";
}

TEST(Address, FromTheSystem) {
    const Address original = Address::ip("198.51.100.1", 443);
    EXPECT_EQ(Address(original.data(), original.size()).to_string(), "198.51.100.1:443");

    // What getsockname() tells of a Unix socket that has no name.
    sockaddr_un unnamed{};
    unnamed.sun_family = AF_UNIX;
    const Address nameless(reinterpret_cast<const sockaddr*>(&unnamed), sizeof unnamed.sun_family);
    EXPECT_EQ(nameless.family(), Address::Family::unix_domain);
    EXPECT_EQ(nameless.to_string(), "unix:");

    sockaddr_storage other{};
    other.ss_family = AF_NETLINK;
    EXPECT_EQ(Address(reinterpret_cast<const sockaddr*>(&other), 12).family(), Address::Family::none);
    const char too_long[129] = {};
    EXPECT_THROW(Address(reinterpret_cast<const sockaddr*>(too_long), sizeof too_long), std::invalid_argument);
}

}  // namespace
}  // namespace hocket
