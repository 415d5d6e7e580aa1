#include "load/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hocket::load {
namespace {

struct Good {
    std::string text, scheme, user_info, host;
    std::uint16_t port;
    std::string target, host_header, shown;
};

TEST(Url, IsTakenApart) {
    const std::string label63(63, 'a');
    const Good goods[] = {
        {"http://127.0.0.1:8080/", "http", "", "127.0.0.1", 8080, "/", "127.0.0.1:8080", "http://127.0.0.1:8080/"},
        {"http://example.com", "http", "", "example.com", 80, "/", "example.com", "http://example.com/"},
        {"https://example.com", "https", "", "example.com", 443, "/", "example.com", "https://example.com/"},
        {"HTTPS://Example.COM/Path", "https", "", "example.com", 443, "/Path", "example.com",
         "https://example.com/Path"},
        {"http://a.b:80/x", "http", "", "a.b", 80, "/x", "a.b", "http://a.b/x"},
        {"https://a.b:80/x", "https", "", "a.b", 80, "/x", "a.b:80", "https://a.b:80/x"},
        {"http://a.b:/x", "http", "", "a.b", 80, "/x", "a.b", "http://a.b/x"},
        {"http://a:65535", "http", "", "a", 65535, "/", "a:65535", "http://a:65535/"},
        {"http://a?q=1", "http", "", "a", 80, "/?q=1", "a", "http://a/?q=1"},
        {"http://a/p?q=/?:@#frag?x", "http", "", "a", 80, "/p?q=/?:@", "a", "http://a/p?q=/?:@"},
        {"http://a#frag", "http", "", "a", 80, "/", "a", "http://a/"},
        {"http://a/%20%zz", "http", "", "a", 80, "/%20%zz", "a", "http://a/%20%zz"},
        {"http://a/\xc3\xa9", "http", "", "a", 80, "/%C3%A9", "a", "http://a/%C3%A9"},
        {"http://under_score.local./", "http", "", "under_score.local.", 80, "/", "under_score.local.",
         "http://under_score.local./"},
        {"http://" + label63 + "/", "http", "", label63, 80, "/", label63, "http://" + label63 + "/"},
        // No scheme: http.
        {"localhost:8080/", "http", "", "localhost", 8080, "/", "localhost:8080", "http://localhost:8080/"},
        {"localhost", "http", "", "localhost", 80, "/", "localhost", "http://localhost/"},
        {"a/?to=https://b/", "http", "", "a", 80, "/?to=https://b/", "a", "http://a/?to=https://b/"},
        {"[::1]:8080/x", "http", "", "::1", 8080, "/x", "[::1]:8080", "http://[::1]:8080/x"},
        // IPv6.
        {"http://[::1]/", "http", "", "::1", 80, "/", "[::1]", "http://[::1]/"},
        {"http://[2001:DB8::1]:81", "http", "", "2001:db8::1", 81, "/", "[2001:db8::1]:81", "http://[2001:db8::1]:81/"},
        {"http://[::ffff:1.2.3.4]/", "http", "", "::ffff:1.2.3.4", 80, "/", "[::ffff:1.2.3.4]",
         "http://[::ffff:1.2.3.4]/"},
        {"http://[fe80::1%25eth0]:1/", "http", "", "fe80::1%eth0", 1, "/", "[fe80::1]:1", "http://[fe80::1]:1/"},
        {"http://[fe80::1%eth0]/", "http", "", "fe80::1%eth0", 80, "/", "[fe80::1]", "http://[fe80::1]/"},
        // User and password, which are never shown.
        {"http://me:secret@a/", "http", "me:secret", "a", 80, "/", "a", "http://a/"},
        {"http://me@a/", "http", "me:", "a", 80, "/", "a", "http://a/"},
        {"http://me:p%40ss%3A@a/", "http", "me:p@ss:", "a", 80, "/", "a", "http://a/"},
        {"http://me@mail.org:pw@[::1]:9/", "http", "me@mail.org:pw", "::1", 9, "/", "[::1]:9", "http://[::1]:9/"},
    };
    for (const Good& good : goods) {
        SCOPED_TRACE(good.text);
        const Url url = parse_url(good.text);
        EXPECT_EQ(url.scheme, good.scheme);
        EXPECT_EQ(url.is_tls(), good.scheme == "https");
        EXPECT_EQ(url.user_info, good.user_info);
        EXPECT_EQ(url.host, good.host);
        EXPECT_EQ(url.port, good.port);
        EXPECT_EQ(url.target, good.target);
        EXPECT_EQ(url.host_header(), good.host_header);
        EXPECT_EQ(url.to_string(), good.shown);
    }
}

TEST(Url, SaysWhatIsWrong) {
    const std::pair<std::string, std::string> bads[] = {
        {"", "it is empty"},
        {"http://", "there is no host"},
        {"http:///path", "there is no host"},
        {"http://:8080/", "there is no host"},
        {"/path", "there is no host"},
        {"http:/a/", "two slashes"},
        {"https:a", "two slashes"},
        {"://a", "nothing before '://'"},
        {"ftp://a/", "'ftp' is not http or https"},
        {"ws://a/", "'ws' is not http or https"},
        {"http://a b/", "a space, which is written %20"},
        {"http://a/x y", "a space, which is written %20"},
        {"http://a/\n", "control character (byte 10)"},
        {std::string("http://a/\0", 10), "control character (byte 0)"},
        {"http://a/\x7f", "control character (byte 127)"},
        {"http://a:0/", "the port '0' is not a number from 1 to 65535"},
        {"http://a:65536/", "the port '65536'"},
        {"http://a:99999999999999999999/", "the port '99999999999999999999'"},
        {"http://a:-1/", "the port '-1'"},
        {"http://a:80x/", "the port '80x'"},
        {"http://a:http/", "the port 'http'"},
        {"http://::1/", "must be in brackets"},
        {"http://[::1/", "the ']' after the IPv6 address is missing"},
        {"http://[::1]8080/", "after ']' there can only be a port"},
        {"http://[::zz]/", "'::zz' is not an IPv6 address"},
        {"http://[]/", "'' is not an IPv6 address"},
        {"http://[127.0.0.1]/", "'127.0.0.1' is not an IPv6 address"},
        {"http://[fe80::1%25]/x", "zone"},
        {"http://[fe80::1%e/0]/x", "']' after"},
        {"http://1.2.3.256/", "'1.2.3.256' is neither a name nor an IPv4 address"},
        {"http://1.2.3/", "neither a name nor an IPv4"},
        {"http://1234/", "neither a name nor an IPv4"},
        {"http://a..b/", "a part of the host is empty"},
        {"http://.a/", "a part of the host is empty"},
        {"http://" + std::string(64, 'a') + "/", "the host is too long"},
        {"http://a!b/", "the character '!'"},
        {"http://a\\b/", "the character '\\'"},
        {"http://a%20b/", "the character '%'"},
        {"http://b\xc3\xbc"
         "cher.de/",
         "xn--"},
        {"http://me:100%@a/", "two hexadecimal digits"},
        {"http://me:%4@a/", "two hexadecimal digits"},
        {"http://me:%zz@a/", "two hexadecimal digits"},
    };
    for (const auto& [text, why] : bads) {
        SCOPED_TRACE(text);
        try {
            parse_url(text);
            ADD_FAILURE() << "accepted";
        } catch (const UrlError& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr(why));
            EXPECT_THAT(error.what(), testing::HasSubstr("write for example http://"));
            EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
        }
    }
}

}  // namespace
}  // namespace hocket::load
