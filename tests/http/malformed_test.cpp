// Requests that are malformed, or could be read in two ways, as a server answers them: each gets its status and the
// end of the connection, and what follows it on the connection is never taken for a request (RFC 9112, section 11.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using testing::HasSubstr;

class Case {
public:
    Case(std::string n, int s, std::string r) : name(std::move(n)), status(s), request(std::move(r)) {}
    std::string name;
    int status;
    std::string request;
};

std::string with(const std::string& fields, const std::string& body = "") {
    return "POST / HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n" + body;
}

const std::string kNul(1, '\0');

std::vector<Case> refused() {
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";
    return {
        // Two ways to tell where the body ends.
        Case("length and chunks", 400, with("Content-Length: 4\r\n" + chunked, "0\r\n\r\n" + smuggled)),
        Case("chunks and length", 400, with(chunked + "Content-Length: 4\r\n", "0\r\n\r\n" + smuggled)),
        Case("two lengths", 400, with("Content-Length: 0\r\nContent-Length: 44\r\n", smuggled)),
        Case("the same length twice", 400, with("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd")),
        Case("a list of lengths", 400, with("Content-Length: 4, 4\r\n", "abcd")),
        Case("a signed length", 400, with("Content-Length: +4\r\n", "abcd")),
        Case("a negative length", 400, with("Content-Length: -4\r\n", "abcd")),
        Case("a hexadecimal length", 400, with("Content-Length: 0x4\r\n", "abcd")),
        Case("a length with a blank", 400, with("Content-Length: 4 4\r\n", "abcd")),
        Case("an empty length", 400, with("Content-Length:\r\n")),
        Case("a length beyond all numbers", 400, with("Content-Length: 99999999999999999999999\r\n")),
        Case("chunks twice", 400, with(chunked + chunked, "0\r\n\r\n")),
        Case("chunked, chunked", 400, with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
        Case("chunked is not last", 400, with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
        Case("an unknown coding", 501, with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        Case("a coding in quotes", 501, with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")),
        Case("a blank before the colon", 400, with("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        Case("a vertical tab before the coding", 400, with("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")),
        Case("chunks in HTTP/1.0", 400, "POST / HTTP/1.0\r\nHost: test\r\n" + chunked + "\r\n0\r\n\r\n"),
        // Chunks.
        Case("a chunk size that is none", 400, with(chunked, "xyz\r\n")),
        Case("an empty chunk size", 400, with(chunked, "\r\n\r\n")),
        Case("a signed chunk size", 400, with(chunked, "+3\r\nabc\r\n0\r\n\r\n")),
        Case("a chunk size with 0x", 400, with(chunked, "0x3\r\nabc\r\n0\r\n\r\n")),
        Case("a blank after the chunk size", 400, with(chunked, "3 \r\nabc\r\n0\r\n\r\n")),
        Case("a chunk size that overflows", 413, with(chunked, "10000000000000003\r\nabc\r\n0\r\n\r\n")),
        Case("a chunk that is longer than its size", 400, with(chunked, "3\r\nabcd\r\n0\r\n\r\n")),
        Case("LF after the chunk size", 400, with(chunked, "3\nabc\r\n0\r\n\r\n")),
        Case("LF after the chunk", 400, with(chunked, "3\r\nabc\n0\r\n\r\n")),
        Case("a control character in a chunk extension", 400, with(chunked, "3;a=\x01\r\nabc\r\n0\r\n\r\n")),
        Case("LF in a chunk extension", 400, with(chunked, "3;a\nabc\r\n0\r\n\r\n")),
        Case("a trailer without a name", 400, with(chunked, "0\r\n: x\r\n\r\n")),
        Case("a folded trailer", 400, with(chunked, "0\r\nA: x\r\n y\r\n\r\n")),
        // Lines.
        Case("LF only", 400, "GET / HTTP/1.1\nHost: test\n\n"),
        Case("LF after one field", 400, "GET / HTTP/1.1\r\nHost: test\nX: y\r\n\r\n"),
        Case("CR only", 400, "GET / HTTP/1.1\rHost: test\r\r\n"),
        Case("CR in a value", 400, with("X: a\rb\r\n")),
        Case("a folded field", 400, with("X: a\r\n b\r\n")),
        Case("a field folded at the start", 400, "GET / HTTP/1.1\r\n Host: test\r\n\r\n"),
        Case("a field without a colon", 400, with("nonsense\r\n")),
        Case("a field without a name", 400, with(": value\r\n")),
        Case("a name with a blank", 400, with("X Y: z\r\n")),
        Case("a name that is no ASCII", 400, with("X\xc3\xa9: z\r\n")),
        Case("NUL in a value", 400, with("X: a" + kNul + "b\r\n")),
        Case("NUL in a name", 400, with("X" + kNul + ": b\r\n")),
        Case("NUL in the target", 400, "GET /a" + kNul + " HTTP/1.1\r\nHost: test\r\n\r\n"),
        // Request lines.
        Case("nonsense", 400, "nonsense\r\n\r\n"),
        Case("a TLS hello", 400, "\x16\x03\x01\x02"),
        Case("no version", 400, "GET /\r\nHost: test\r\n\r\n"),
        Case("two blanks", 400, "GET  / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a tab", 400, "GET\t/ HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a blank in the target", 400, "GET /a b HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a blank at the end", 400, "GET / HTTP/1.1 \r\nHost: test\r\n\r\n"),
        Case("HTTP/2.0", 505, "GET / HTTP/2.0\r\nHost: test\r\n\r\n"),
        Case("HTTP/1.2", 505, "GET / HTTP/1.2\r\nHost: test\r\n\r\n"),
        Case("HTTP/1", 400, "GET / HTTP/1\r\nHost: test\r\n\r\n"),
        Case("http/1.1", 400, "GET / http/1.1\r\nHost: test\r\n\r\n"),
        Case("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Case("an unknown method", 501, "FROBNICATE / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a method in small letters", 501, "get / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a fragment", 400, "GET /a#b HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a target without a slash", 400, "GET a HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("a target that is not ASCII", 400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("the asterisk for GET", 400, "GET * HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("authority-form for GET", 400, "GET test:80 HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("CONNECT", 501, "CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n"),
        Case("absolute-form without a host", 400, "GET http:///a HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("absolute-form of another scheme", 400, "GET ftp://test/a HTTP/1.1\r\nHost: test\r\n\r\n"),
        // Host.
        Case("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
        Case("two Hosts", 400, "GET / HTTP/1.1\r\nHost: test\r\nHost: other\r\n\r\n"),
        Case("two Hosts that are the same", 400, "GET / HTTP/1.1\r\nHost: test\r\nhost: test\r\n\r\n"),
        Case("a Host with a path", 400, "GET / HTTP/1.1\r\nHost: test/path\r\n\r\n"),
        Case("a Host with a user", 400, "GET / HTTP/1.1\r\nHost: user@test\r\n\r\n"),
        Case("a list of Hosts", 400, "GET / HTTP/1.1\r\nHost: test other\r\n\r\n"),
        Case("another expectation", 417, with("Expect: 200-ok\r\n")),
    };
}

Task<Response> answer(const Request& request) {
    EXPECT_NE(request.path(), "/smuggled");
    co_return Response::text(200, request.path());
}

TEST(Malformed, RequestsGetTheirStatusAndTheEndOfTheConnection) {
    with_server(answer, [](Server& server) -> Task<void> {
        for (const Case& bad : refused()) {
            Peer peer = co_await Peer::connect(server.port());
            // Behind a good one, and with another behind it.
            co_await peer.send(get("/before") + bad.request);
            const Answer before = co_await peer.read_answer();
            EXPECT_EQ(before.body, "/before") << bad.name;
            const Answer got = co_await peer.read_answer();
            EXPECT_EQ(got.status, bad.status) << bad.name;
            EXPECT_EQ(got.field("Connection"), "close") << bad.name;
            EXPECT_THAT(got.body, Not(HasSubstr("test"))) << bad.name;
            peer.socket().shutdown_send();
            const bool ended = co_await peer.at_end();
            EXPECT_TRUE(ended) << bad.name;
        }
    });
}

TEST(Malformed, NoneOfThemReachesAHandlerThatReadsItsBody) {
    const auto prepare = [](Server& server) {
        server.any("/{path...}", [](const Request&, BodyReader& body) -> Task<Response> {
            std::string text = co_await body.read_all(1000);
            co_return Response::text(200, std::move(text));
        });
    };
    with_routes(prepare, [](Server& server) -> Task<void> {
        for (const Case& bad : refused()) {
            Peer peer = co_await Peer::connect(server.port());
            const Answer got = co_await peer.ask(bad.request);
            EXPECT_EQ(got.status, bad.status) << bad.name;
            EXPECT_EQ(got.field("Connection"), "close") << bad.name;
        }
    });
}

TEST(Malformed, WhatIsOnlyUnusualIsTaken) {
    const std::vector<Case> taken{
        Case("absolute-form", 200, "GET http://other:81/a?b HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("absolute-form without a path", 200, "GET http://other HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("the asterisk for OPTIONS", 200, "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("an empty Host", 200, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        Case("a Host with an IPv6 address", 200, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
        Case("blanks around a value", 200, "GET / HTTP/1.1\r\nHost:  \t test\t \r\n\r\n"),
        Case("a blank line before", 200, "\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Case("bytes beyond ASCII in a value", 200, "GET / HTTP/1.1\r\nHost: test\r\nX: \xc3\xa9\r\n\r\n"),
        Case("an empty value", 200, "GET / HTTP/1.1\r\nHost: test\r\nX:\r\n\r\n"),
        Case("a coding in capitals", 200, with("TRANSFER-ENCODING: Chunked\r\n", "0\r\n\r\n")),
        Case("a chunk extension", 200,
             with("Transfer-Encoding: chunked\r\n", "3;a=\"b\"\r\nabc\r\n0;c\r\nT: x\r\n\r\n")),
        Case("leading zeros in a chunk size", 200, with("Transfer-Encoding: chunked\r\n", "003\r\nabc\r\n000\r\n\r\n")),
        Case("leading zeros in a length", 200, with("Content-Length: 003\r\n", "abc")),
        Case("a body with GET", 200, "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc"),
    };
    with_server(answer, [&taken](Server& server) -> Task<void> {
        for (const Case& good : taken) {
            Peer peer = co_await Peer::connect(server.port());
            co_await peer.send(good.request + get("/after"));
            const Answer got = co_await peer.read_answer();
            EXPECT_EQ(got.status, good.status) << good.name;
            const Answer after = co_await peer.read_answer();
            EXPECT_EQ(after.body, "/after") << good.name;
        }
    });
}

}  // namespace
}  // namespace hocket::http
