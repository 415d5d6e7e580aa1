#include "hocket/http/detail/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hocket::http::detail {
namespace {

using State = RequestParser::State;

// What came of a stream of requests.
struct Reading {
    std::vector<Request> requests;
    int error = 0;
    State state = State::head;
};

Reading read(std::string_view bytes, std::size_t piece, RequestLimits limits = RequestLimits()) {
    RequestParser parser(limits);
    Reading reading;
    while (!bytes.empty() && reading.error == 0) {
        const std::string chunk(bytes.substr(0, piece));  // a buffer of its own: reading past its end is seen
        const std::size_t used = parser.feed(chunk);
        EXPECT_LE(used, chunk.size());
        bytes.remove_prefix(used);
        if (parser.state() == State::complete) {
            reading.requests.push_back(parser.request());
            parser.next();
        } else if (parser.state() == State::failed) {
            reading.error = parser.error().status;
            EXPECT_STRNE(parser.error().reason, "");
        } else {
            EXPECT_EQ(used, chunk.size());
        }
    }
    reading.state = parser.state();
    return reading;
}

// Reads the bytes whole and one by one, and expects the same.
Reading read_both_ways(std::string_view bytes, RequestLimits limits = RequestLimits()) {
    Reading whole = read(bytes, bytes.size(), limits);
    const Reading single = read(bytes, 1, limits);
    EXPECT_EQ(whole.error, single.error);
    EXPECT_EQ(whole.state, single.state);
    EXPECT_EQ(whole.requests.size(), single.requests.size());
    for (std::size_t i = 0; i < std::min(whole.requests.size(), single.requests.size()); ++i) {
        EXPECT_EQ(whole.requests[i].target(), single.requests[i].target());
        EXPECT_EQ(whole.requests[i].body(), single.requests[i].body());
        EXPECT_EQ(whole.requests[i].headers().size(), single.requests[i].headers().size());
    }
    return whole;
}

Request read_one(std::string_view bytes) {
    const Reading reading = read_both_ways(bytes);
    EXPECT_EQ(reading.error, 0);
    EXPECT_EQ(reading.requests.size(), 1u) << bytes;
    return reading.requests.empty() ? Request() : reading.requests.front();
}

TEST(RequestParser, ReadsARequestWithoutBody) {
    const Request request =
        read_one("GET /a/b?x=1&y=%20 HTTP/1.1\r\nHost: example.org\r\nX-Empty:\r\nx-key:  v w \t\r\n\r\n");
    EXPECT_EQ(request.method(), "GET");
    EXPECT_EQ(request.target(), "/a/b?x=1&y=%20");
    EXPECT_EQ(request.path(), "/a/b");
    EXPECT_EQ(request.query(), "x=1&y=%20");
    EXPECT_EQ(request.version(), Version::http_1_1);
    EXPECT_EQ(request.header("host"), "example.org");
    EXPECT_EQ(request.header("X-KEY"), "v w");
    EXPECT_TRUE(request.headers().contains("x-empty"));
    EXPECT_EQ(request.header("x-empty"), "");
    EXPECT_EQ(request.header("absent"), "");
    EXPECT_EQ(request.headers().size(), 3u);
    EXPECT_EQ(request.headers()[2].name, "x-key");
    EXPECT_EQ(request.body(), "");
    EXPECT_TRUE(request.keep_alive());
}

TEST(RequestParser, ReadsABodyOfKnownLength) {
    const Request request = read_one("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(request.method(), "POST");
    EXPECT_EQ(request.body(), "hello");
}

TEST(RequestParser, ReadsAChunkedBodyWithExtensionsAndTrailers) {
    const Request request = read_one(
        "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "5\r\nhello\r\n00A;name=value;q=\"a b\"\r\n, world!!!\r\n0\r\nX-Sum: 12\r\nX-More:\r\n\r\n");
    EXPECT_EQ(request.body(), "hello, world!!!");
    EXPECT_FALSE(request.headers().contains("X-Sum"));
}

TEST(RequestParser, ReadsPipelinedRequestsInTheirOrder) {
    const Reading reading = read_both_ways(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
        "\r\nPOST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n"
        "GET /4 HTTP/1.1\r\nHost: h\r\n\r\nGET /5");
    EXPECT_EQ(reading.error, 0);
    ASSERT_EQ(reading.requests.size(), 4u);
    EXPECT_EQ(reading.requests[0].target(), "/1");
    EXPECT_EQ(reading.requests[1].body(), "ab");
    EXPECT_EQ(reading.requests[2].body(), "c");
    EXPECT_EQ(reading.requests[3].target(), "/4");
    EXPECT_EQ(reading.requests[3].body(), "");
}

TEST(RequestParser, AHeadThatComesAgainGivesTheSameAgain) {
    const std::string head = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n";
    const Reading reading =
        read_both_ways(head + "ab" + head + "cd" + "GET / HTTP/1.1\r\nHost: h\r\n\r\n" + head + "ef");
    EXPECT_EQ(reading.error, 0);
    ASSERT_EQ(reading.requests.size(), 4u);
    EXPECT_EQ(reading.requests[0].body(), "ab");
    EXPECT_EQ(reading.requests[1].body(), "cd");
    EXPECT_EQ(reading.requests[1].header("host"), "h");
    EXPECT_EQ(reading.requests[2].method(), "GET");
    EXPECT_EQ(reading.requests[2].body(), "");
    EXPECT_EQ(reading.requests[3].body(), "ef");
}

TEST(RequestParser, UnderstandsAllFormsOfTheTarget) {
    const auto target = [](std::string_view text) {
        return read_one("OPTIONS " + std::string(text) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    };
    EXPECT_EQ(target("*").path(), "*");
    EXPECT_EQ(target("/").path(), "/");
    EXPECT_EQ(target("/?").query(), "");
    EXPECT_EQ(target("/?a?b").query(), "a?b");
    EXPECT_EQ(target("//x").path(), "//x");
    EXPECT_EQ(target("http://h/p?q").path(), "/p");
    EXPECT_EQ(target("http://h/p?q").query(), "q");
    EXPECT_EQ(target("HTTP://h:80").path(), "/");
    EXPECT_EQ(target("http://h?q=/").path(), "/");
    EXPECT_EQ(target("http://h?q=/").query(), "q=/");
}

TEST(RequestParser, KnowsWhetherTheConnectionStays) {
    const auto keeps = [](std::string_view version, std::string_view fields) {
        return read_one("GET / " + std::string(version) + "\r\nHost: h\r\n" + std::string(fields) + "\r\n")
            .keep_alive();
    };
    EXPECT_TRUE(keeps("HTTP/1.1", ""));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: x, CLOSE\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: x\r\nConnection: close\r\n"));
    EXPECT_TRUE(keeps("HTTP/1.1", "Connection: closed\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", ""));
    EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestParser, AnOldRequestNeedsNoHost) {
    EXPECT_EQ(read_one("GET / HTTP/1.0\r\n\r\n").version(), Version::http_1_0);
}

TEST(RequestParser, BearsWithFewBlankLinesBeforeARequest) {
    EXPECT_EQ(read_one("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").path(), "/");
    EXPECT_EQ(read_both_ways("\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").error, 400);
}

TEST(RequestParser, SaysWhenTheClientWaitsForContinue) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    RequestParser parser;
    parser.feed(head);
    EXPECT_EQ(parser.state(), State::body);
    EXPECT_TRUE(parser.expects_continue());
    parser.continued();
    EXPECT_FALSE(parser.expects_continue());
    parser.feed("ab");
    EXPECT_EQ(parser.state(), State::complete);
    parser.next();
    parser.feed(head);
    EXPECT_TRUE(parser.expects_continue());
    parser.feed("a");
    EXPECT_FALSE(parser.expects_continue());

    RequestParser other;
    other.feed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_FALSE(other.expects_continue());
    EXPECT_EQ(other.state(), State::body);
}

TEST(RequestParser, KnowsWhetherARequestHasBegun) {
    RequestParser parser;
    EXPECT_FALSE(parser.started());
    parser.feed("\r");
    EXPECT_TRUE(parser.started());
    parser.feed("\n");
    EXPECT_FALSE(parser.started());
    parser.feed("G");
    EXPECT_TRUE(parser.started());
    parser.feed("ET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(parser.started());
    parser.next();
    EXPECT_FALSE(parser.started());
}

TEST(RequestParser, KeepsToItsLimits) {
    RequestLimits limits;
    limits.header_bytes = 100;
    limits.headers = 3;
    limits.body_bytes = 10;
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
    const auto error = [&](const std::string& bytes) { return read_both_ways(bytes, limits).error; };

    EXPECT_EQ(error("GET /" + std::string(200, 'a')), 414);
    EXPECT_EQ(error(head + "X: " + std::string(100 - head.size() - 7, 'a') + "\r\n\r\n"), 0);
    EXPECT_EQ(error(head + "X: " + std::string(100 - head.size() - 6, 'a') + "\r\n\r\n"), 431);
    EXPECT_EQ(error(head + "A:1\r\nB:2\r\n\r\n"), 0);
    EXPECT_EQ(error(head + "A:1\r\nB:2\r\nC:3\r\n\r\n"), 431);

    EXPECT_EQ(error(head + "Content-Length: 10\r\n\r\n0123456789"), 0);
    EXPECT_EQ(error(head + "Content-Length: 11\r\n\r\n"), 413);
    const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(error(chunked + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"), 0);
    EXPECT_EQ(error(chunked + "5\r\n01234\r\n6\r\n"), 413);
    EXPECT_EQ(error(chunked + "fffffffffffffff\r\n"), 413);
    EXPECT_EQ(error(chunked + "1" + std::string(15, '0')), 413);
    EXPECT_EQ(error(chunked + "1;" + std::string(99, 'x') + "\r\na\r\n0\r\n\r\n"), 0);
    EXPECT_EQ(error(chunked + "1;" + std::string(100, 'x') + "\r\na\r\n0\r\n\r\n"), 431);
    EXPECT_EQ(error(chunked + "0\r\nX: " + std::string(100, 'x') + "\r\n\r\n"), 431);
}

TEST(RequestParser, ForgetsAnotherConnection) {
    RequestParser parser;
    parser.feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    parser.reset();
    EXPECT_FALSE(parser.started());
    parser.feed("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(parser.state(), State::complete);
    EXPECT_EQ(parser.request().target(), "/2");
    EXPECT_EQ(parser.request().body(), "");
}

struct BadRequest {
    const char* name;
    int status;
    std::string bytes;
};
void PrintTo(const BadRequest& bad, std::ostream* out) { *out << bad.name; }

class RefusedRequest : public testing::TestWithParam<BadRequest> {};

TEST_P(RefusedRequest, GetsItsStatus) {
    const Reading reading = read_both_ways(GetParam().bytes);
    EXPECT_EQ(reading.error, GetParam().status);
    EXPECT_TRUE(reading.requests.empty());
}

// A head with one field more, or with other bytes in place of one of its parts.
std::string with(const std::string& field) { return "GET / HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n"; }
std::string line(const std::string& request_line) { return request_line + "\r\nHost: h\r\n\r\n"; }
std::string body(const std::string& bytes) { return with("Transfer-Encoding: chunked") + bytes; }

const std::vector<BadRequest> kBadRequests{
    {"TlsHello", 400, std::string("\x16\x03\x01\x02\x00\x01", 6)},
    {"Nul", 400, std::string(1, '\0')},
    {"Space", 400, " GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"Nonsense", 400, "hello\r\n\r\n"},
    {"OldSimpleRequest", 400, "GET /\r\n\r\n"},
    {"NoTarget", 400, line("GET HTTP/1.1")},
    {"TwoSpacesBeforeVersion", 400, line("GET /  HTTP/1.1")},
    {"TwoSpacesBeforeTarget", 400, line("GET  / HTTP/1.1")},
    {"TabInRequestLine", 400, line("GET\t/ HTTP/1.1")},
    {"SpaceAfterVersion", 400, line("GET / HTTP/1.1 ")},
    {"SpaceInTarget", 400, line("GET /a b HTTP/1.1")},
    {"ControlInTarget", 400, line("GET /a\x01 HTTP/1.1")},
    {"NulInTarget", 400, line(std::string("GET /a\0b HTTP/1.1", 17))},
    {"NonAsciiTarget", 400, line("GET /\xc3\xa4 HTTP/1.1")},
    {"FragmentInTarget", 400, line("GET /a#b HTTP/1.1")},
    {"TargetWithoutSlash", 400, line("GET a HTTP/1.1")},
    {"AsteriskForGet", 400, line("GET * HTTP/1.1")},
    {"ForeignScheme", 400, line("GET ftp://h/ HTTP/1.1")},
    {"SchemeWithoutHost", 400, line("GET http:///x HTTP/1.1")},
    {"Connect", 501, line("CONNECT h:443 HTTP/1.1")},
    {"UnknownMethod", 501, line("BREW / HTTP/1.1")},
    {"LowerCaseMethod", 501, line("get / HTTP/1.1")},
    {"MethodWithColon", 400, line("GE:T / HTTP/1.1")},
    {"Rtsp", 400, line("GET / RTSP/1.0")},
    {"NotHttp", 400, line("GET / FTP/1.1")},
    {"LowerCaseHttp", 400, line("GET / http/1.1")},
    {"Version0_9", 505, line("GET / HTTP/0.9")},
    {"Version1_2", 505, line("GET / HTTP/1.2")},
    {"Version2_0", 505, line("GET / HTTP/2.0")},
    {"Http2Preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"VersionWithManyDigits", 400, line("GET / HTTP/1.10")},
    {"VersionWithoutMinor", 400, line("GET / HTTP/1")},
    {"VersionWithLetters", 400, line("GET / HTTP/a.b")},
    {"BareLfAfterRequestLine", 400, "GET / HTTP/1.1\nHost: h\r\n\r\n"},
    {"BareLfAfterField", 400, "GET / HTTP/1.1\r\nHost: h\n\r\n"},
    {"BareLfAtTheEnd", 400, "GET / HTTP/1.1\r\nHost: h\r\n\n"},
    {"BareCrInTarget", 400, line("GET /a\rb HTTP/1.1")},
    {"BareCrInValue", 400, with("X: a\rb")},
    {"BareCrEndsField", 400, "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"},
    {"CrCrLf", 400, with("X: a\r")},
    {"LeadingCr", 400, "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"FoldedField", 400, with("X: a\r\n b")},
    {"FoldedByTab", 400, with("X: a\r\n\tb")},
    {"FoldedFirstField", 400, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
    {"BlankInFirstField", 400, "GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n"},
    {"FieldWithoutColon", 400, with("X")},
    {"FieldWithoutName", 400, with(": a")},
    {"SpaceBeforeColon", 400, with("X : a")},
    {"SpaceInName", 400, with("X Y: a")},
    {"ControlInName", 400, with("X\x01: a")},
    {"NonAsciiName", 400, with("\xc3\xa4: a")},
    {"ParenthesisInName", 400, with("X(: a")},
    {"NulInValue", 400, with(std::string("X: a\0b", 6))},
    {"ControlInValue", 400, with("X: a\x02")},
    {"DelInValue", 400, with("X: a\x7f")},
    {"NoHost", 400, "GET / HTTP/1.1\r\nX: y\r\n\r\n"},
    {"NoFields", 400, "GET / HTTP/1.1\r\n\r\n"},
    {"TwoHosts", 400, with("Host: h")},
    {"HostWithSpace", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {"HostWithSlash", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"HostWithAt", 400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {"EmptyContentLength", 400, with("Content-Length:")},
    {"NegativeContentLength", 400, with("Content-Length: -1")},
    {"SignedContentLength", 400, with("Content-Length: +1")},
    {"HexContentLength", 400, with("Content-Length: 0x1")},
    {"ContentLengthWithLetters", 400, with("Content-Length: 1a")},
    {"ContentLengthWithSpace", 400, with("Content-Length: 1 2")},
    {"ContentLengthList", 400, with("Content-Length: 1, 1")},
    {"HugeContentLength", 400, with("Content-Length: 99999999999999999999999")},
    {"LargeContentLength", 413, with("Content-Length: 18446744073709551615")},
    {"TwoContentLengths", 400, with("Content-Length: 1\r\nContent-Length: 2")},
    {"SameContentLengthTwice", 400, with("Content-Length: 0\r\nContent-Length: 0")},
    {"LengthAndChunked", 400, with("Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\n"},
    {"ChunkedAndLength", 400, with("Transfer-Encoding: chunked\r\nContent-Length: 5") + "0\r\n\r\n"},
    {"EmptyTransferEncoding", 400, with("Transfer-Encoding:")},
    {"Gzip", 501, with("Transfer-Encoding: gzip")},
    {"GzipChunked", 501, with("Transfer-Encoding: gzip, chunked")},
    {"Identity", 501, with("Transfer-Encoding: identity")},
    {"AlmostChunked", 501, with("Transfer-Encoding: xchunked")},
    {"AlsoAlmostChunked", 501, with("Transfer-Encoding: chunkedx")},
    {"QuotedChunked", 501, with("Transfer-Encoding: \"chunked\"")},
    {"ChunkedWithVerticalTab", 400,
     with("Transfer-Encoding: \x0b"
          "chunked")},
    {"ChunkedTwice", 400, with("Transfer-Encoding: chunked, chunked")},
    {"ChunkedInTwoFields", 400, with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
    {"ChunkedThenGzip", 400, with("Transfer-Encoding: chunked, gzip")},
    {"ChunkedThenIdentityField", 400, with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")},
    {"ChunkedIn1_0", 400, "GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"UnknownExpectation", 417, with("Expect: 200-ok")},
    {"ChunkSizeMissing", 400, body("\r\nabc")},
    {"ChunkSizeNegative", 400, body("-1\r\n")},
    {"ChunkSizeWithPrefix", 400, body("0x1\r\na\r\n")},
    {"ChunkSizeWithSpace", 400, body("1 \r\na\r\n")},
    {"ChunkSizeAfterSpace", 400, body(" 1\r\na\r\n")},
    {"ChunkSizeNotHex", 400, body("g\r\n")},
    {"ChunkSizeLf", 400, body("1\na\r\n0\r\n\r\n")},
    {"ChunkSizeCrX", 400, body("1\rxa\r\n")},
    {"ChunkExtensionLf", 400, body("1;a\na\r\n0\r\n\r\n")},
    {"ChunkExtensionControl", 400, body("1;a\x01\r\na\r\n")},
    {"ChunkTooLong", 400, body("1\r\nab\r\n0\r\n\r\n")},
    {"ChunkEndsWithLf", 400, body("1\r\na\n0\r\n\r\n")},
    {"ChunkEndsWithCrX", 400, body("1\r\na\rx")},
    {"LastChunkLf", 400, body("0\r\n\n")},
    {"TrailerWithoutColon", 400, body("0\r\nabc\r\n\r\n")},
    {"TrailerWithoutName", 400, body("0\r\n: a\r\n\r\n")},
    {"TrailerFolded", 400, body("0\r\nA: b\r\n c\r\n\r\n")},
    {"TrailerLf", 400, body("0\r\nA: b\n\r\n")},
    {"TrailerCr", 400, body("0\r\nA: b\rc\r\n\r\n")},
    {"TrailerControl", 400, body("0\r\nA: b\x01\r\n\r\n")},
};

INSTANTIATE_TEST_SUITE_P(, RefusedRequest, testing::ValuesIn(kBadRequests),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hocket::http::detail
