#include "load/response_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::load {
namespace {

const std::string nginx_head =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 20 Nov 2026 17:27:00 GMT\r\nContent-Type: text/plain\r\n"
    "Content-Length: 13\r\nConnection: keep-alive\r\n\r\n";
const std::string nginx_response = nginx_head + "Hello, world\n";

struct Reading {
    ReadResult result;
    std::size_t consumed = 0;  // over all pieces
};

// Feeds `input` in pieces of `piece` bytes until the response is complete or wrong, then the end of the connection.
Reading read(ResponseReader& reader, std::string_view input, std::size_t piece, bool head_request = false) {
    reader.begin(head_request);
    Reading reading;
    while (!input.empty()) {
        reading.result = reader.feed(input.data(), std::min(piece, input.size()));
        reading.consumed += reading.result.consumed;
        if (reading.result.state != ReadState::needs_more) return reading;
        input.remove_prefix(reading.result.consumed);
    }
    reading.result = reader.finish_eof();
    return reading;
}

struct Valid {
    const char* what;
    std::string input;
    int status;
    bool keep_alive;
    std::size_t surplus = 0;
    bool head_request = false;
};

void PrintTo(const Valid& valid, std::ostream* out) { *out << valid.what; }

class ValidResponse : public testing::TestWithParam<Valid> {};

TEST_P(ValidResponse, IsReadTheSameInPiecesOfAnySizeAndFromTheCache) {
    const Valid& expected = GetParam();
    for (const auto cache : {ResponseContext::Cache::off, ResponseContext::Cache::on}) {
        ResponseContext context(cache);
        ResponseReader reader(context);
        for (std::size_t piece = expected.input.size(); piece > 0; --piece) {
            const Reading reading = read(reader, expected.input, piece, expected.head_request);
            ASSERT_EQ(reading.result.state, ReadState::complete)
                << "pieces of " << piece << ": " << reading.result.error;
            EXPECT_EQ(reading.result.status, expected.status);
            EXPECT_EQ(reading.result.keep_alive, expected.keep_alive);
            EXPECT_EQ(reading.consumed, expected.input.size() - expected.surplus) << "pieces of " << piece;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Framing, ValidResponse,
    testing::Values(
        Valid{"nginx", nginx_response, 200, true},
        Valid{"empty_body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, true},
        Valid{"reason_missing", "HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx", 404, true},
        Valid{"unknown_status", "HTTP/1.1 799 Odd\r\nContent-Length: 1\r\n\r\nx", 799, true},
        Valid{"connection_close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", 200, false},
        Valid{"http_1_0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, false},
        Valid{"http_1_0_keep_alive", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nab", 200,
              true},
        Valid{"any_case", "HTTP/1.1 200 OK\r\ncontent-LENGTH:  2  \r\n\r\nab", 200, true},
        Valid{"surplus", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcdef", 200, true, 4},
        Valid{"chunked",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
              200, true},
        Valid{"chunked_surplus", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP", 200,
              true, 4},
        Valid{"chunked_empty", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, true},
        Valid{"trailers",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n", 200,
              true},
        Valid{"chunked_close",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n\r\n", 200,
              false},
        Valid{"until_close", "HTTP/1.1 200 OK\r\n\r\nwhatever comes", 200, false},
        Valid{"until_close_empty", "HTTP/1.1 200 OK\r\n\r\n", 200, false},
        Valid{"not_chunked_last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n12345", 200, false},
        Valid{"no_content", "HTTP/1.1 204 No Content\r\n\r\n", 204, true},
        Valid{"no_content_with_length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, true},
        Valid{"not_modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", 304, true},
        Valid{"head", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 200, true, 0, true},
        Valid{"head_chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, true, 0, true},
        Valid{"head_without_length", "HTTP/1.1 200 OK\r\n\r\n", 200, true, 0, true},
        Valid{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + nginx_response,
              200, true},
        Valid{"interim_close",
              "HTTP/1.1 102 P\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, true},
        Valid{"switching", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nnot HTTP", 101,
              false, 8}),
    [](const auto& info) { return info.param.what; });

struct Invalid {
    const char* what;
    std::string input;
    const char* error;
};

void PrintTo(const Invalid& invalid, std::ostream* out) { *out << invalid.what; }

class InvalidResponse : public testing::TestWithParam<Invalid> {};

TEST_P(InvalidResponse, GivesTheSameErrorInPiecesOfAnySize) {
    const Invalid& expected = GetParam();
    ResponseContext context;
    ResponseReader reader(context);
    const std::size_t step = expected.input.size() > 1000 ? 7919 : 1;
    for (std::size_t piece = 1; piece <= expected.input.size(); piece += step) {
        const Reading reading = read(reader, expected.input, piece);
        ASSERT_EQ(reading.result.state, ReadState::error) << "pieces of " << piece;
        EXPECT_STREQ(reading.result.error, expected.error) << "pieces of " << piece;
    }
    const Reading reading = read(reader, nginx_response, nginx_response.size());  // the reader is as good as new
    EXPECT_EQ(reading.result.status, 200);
}

std::string long_headers(std::size_t size) {
    std::string headers;
    while (headers.size() < size) headers += "X-Filler: 0123456789012345678901234567890123456789\r\n";
    return headers;
}

INSTANTIATE_TEST_SUITE_P(
    Errors, InvalidResponse,
    testing::Values(
        Invalid{"garbage", "SSH-2.0-OpenSSH_9.2p1\r\n", "not an HTTP response"},
        Invalid{"garbage_like_http", "HTTQ/1.1 200 OK\r\n\r\n", "not an HTTP response"},
        Invalid{"tls_alert", std::string("\x15\x03\x01\x00\x02\x02\x0a", 7), "not an HTTP response"},
        Invalid{"version_letters", "HTTP/x.1 200 OK\r\n\r\n", "invalid HTTP version"},
        Invalid{"version_9", "HTTP/9.1 200 OK\r\n\r\n", "invalid HTTP version"},
        Invalid{"version_2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "unsupported HTTP version"},
        Invalid{"status_letters", "HTTP/1.1 abc OK\r\n\r\n", "invalid status code"},
        Invalid{"status_small", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n", "invalid status code"},
        Invalid{"header_name", "HTTP/1.1 200 OK\r\nN(m): 1\r\n\r\n", "invalid character in a header"},
        Invalid{"length_letters", "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", "invalid Content-Length"},
        Invalid{"length_negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "invalid Content-Length"},
        Invalid{"length_overflow", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "invalid Content-Length"},
        Invalid{"length_twice", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "more than one Content-Length, or one beside Transfer-Encoding"},
        Invalid{"length_and_chunked", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "more than one Content-Length, or one beside Transfer-Encoding"},
        Invalid{"chunk_size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "invalid chunk size"},
        Invalid{"chunk_size_overflow", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
                "invalid chunk size"},
        Invalid{"closed_in_head", "HTTP/1.1 200 OK\r\nContent-Le", "closed in the middle of the head"},
        Invalid{"closed_in_body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                "closed in the middle of the body"},
        Invalid{"closed_in_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                "closed in the middle of the body"},
        Invalid{"closed_in_trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n",
                "closed in the middle of the body"},
        Invalid{"closed_after_interim", "HTTP/1.1 100 Continue\r\n\r\n", "closed in the middle of the head"},
        Invalid{"endless_head", "HTTP/1.1 200 OK\r\n" + long_headers(70000), "head too large"},
        Invalid{"endless_status_line", "HTTP/1.1 200 " + std::string(70000, 'x'), "head too large"},
        Invalid{"head_too_large", "HTTP/1.1 200 OK\r\n" + long_headers(65536) + "Content-Length: 0\r\n\r\n",
                "head too large"},
        Invalid{"trailers_too_large",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + long_headers(65536) + "\r\n",
                "trailers too large"}),
    [](const auto& info) { return info.param.what; });

TEST(ResponseReader, SaysThatNothingHasComeWhenTheServerClosesBetweenRequests) {
    ResponseContext context;
    ResponseReader reader(context);
    reader.begin(false);
    EXPECT_FALSE(reader.started());
    const ReadResult result = reader.finish_eof();
    EXPECT_EQ(result.state, ReadState::error);
    EXPECT_STREQ(result.error, "closed before the response");

    reader.begin(false);
    reader.feed("H", 1);
    EXPECT_TRUE(reader.started());
}

TEST(ResponseReader, AcceptsAHeadOfExactly64KiB) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: ";
    head += std::string(ResponseReader::max_head_size - head.size() - 4, 'x') + "\r\n\r\n";
    ASSERT_EQ(head.size(), ResponseReader::max_head_size);
    ResponseContext context;
    ResponseReader reader(context);
    EXPECT_EQ(read(reader, head + "b", head.size() + 1).result.state, ReadState::complete);
    EXPECT_EQ(read(reader, head + "b", 1000).result.state, ReadState::complete);
    head.insert(head.size() - 4, "x");
    EXPECT_EQ(read(reader, head + "b", head.size() + 1).result.state, ReadState::error);
}

TEST(ResponseReader, LetsTheCallerSkipABodyOfKnownLength) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    ResponseContext context;
    ResponseReader reader(context);
    for (int i = 0; i < 3; ++i) {  // parsed first, then from the cache
        reader.begin(false);
        EXPECT_EQ(reader.body_remaining(), 0u);
        const std::string first = head + "1234567890";
        EXPECT_EQ(reader.feed(first.data(), first.size()).state, ReadState::needs_more);
        EXPECT_EQ(reader.body_remaining(), 99990u);
        EXPECT_EQ(reader.skip(90000).state, ReadState::needs_more);
        EXPECT_EQ(reader.body_remaining(), 9990u);
        const ReadResult result = reader.skip(9990);
        EXPECT_EQ(result.state, ReadState::complete);
        EXPECT_EQ(result.status, 200);
        EXPECT_EQ(reader.body_remaining(), 0u);
    }
    EXPECT_EQ(context.cache_hits(), 2u);
}

TEST(ResponseReader, LetsTheCallerSkipABodyUntilClose) {
    const std::string head = "HTTP/1.0 200 OK\r\n\r\n";
    ResponseContext context;
    ResponseReader reader(context);
    reader.begin(false);
    reader.feed(head.data(), head.size());
    EXPECT_EQ(reader.body_remaining(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(reader.skip(std::uint64_t{1} << 40).state, ReadState::needs_more);
    EXPECT_EQ(reader.finish_eof().state, ReadState::complete);
}

TEST(ResponseReader, OffersNoSkippingWhereABodysEndIsInItsBytes) {
    const std::string start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\nabc";
    ResponseContext context;
    ResponseReader reader(context);
    reader.begin(false);
    reader.feed(start.data(), start.size());
    EXPECT_EQ(reader.body_remaining(), 0u);
    EXPECT_EQ(reader.skip(1).state, ReadState::error);
}

TEST(ResponseReader, RefusesBytesAfterTheEnd) {
    ResponseContext context;
    ResponseReader reader(context);
    reader.begin(false);
    ASSERT_EQ(reader.feed(nginx_response.data(), nginx_response.size()).state, ReadState::complete);
    EXPECT_STREQ(reader.feed("x", 1).error, "data after the response");
}

TEST(ResponseReader, TakesTheHeadFromTheCacheOnlyIfItIsTheSame) {
    ResponseContext context;
    ResponseReader reader(context);
    EXPECT_EQ(read(reader, nginx_response, 4096).consumed, nginx_response.size());
    EXPECT_EQ(context.cache_hits(), 0u);
    EXPECT_EQ(read(reader, nginx_response, 4096).consumed, nginx_response.size());
    EXPECT_EQ(context.cache_hits(), 1u);

    std::string other = nginx_response;  // one second later, and one byte longer
    other.replace(other.find("17:27:00"), 8, "17:27:01").replace(other.find(": 13"), 4, ": 14") += "!";
    EXPECT_EQ(read(reader, other, 4096).consumed, other.size());
    EXPECT_EQ(context.cache_hits(), 1u);
    EXPECT_EQ(read(reader, other, 4096).consumed, other.size());
    EXPECT_EQ(context.cache_hits(), 2u);

    // The same head in answer to HEAD has no body; and that must not be what the next GET is answered from.
    EXPECT_EQ(read(reader, nginx_head, 4096, true).result.state, ReadState::complete);
    EXPECT_EQ(read(reader, nginx_head, 4096, false).result.state, ReadState::error);
}

TEST(ResponseReader, DoesNotKeepAHeadThatCameInPiecesOrWhoseBodyNeedsParsing) {
    ResponseContext context;
    ResponseReader reader(context);
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read(reader, nginx_response, 100).result.state, ReadState::complete);
        EXPECT_EQ(read(reader, chunked, 4096).result.state, ReadState::complete);
    }
    EXPECT_EQ(context.cache_hits(), 0u);
}

TEST(ResponseReader, ManyConnectionsShareOneContext) {
    ResponseContext context;
    std::vector<ResponseReader> readers;
    for (int i = 0; i < 100; ++i) readers.emplace_back(context).begin(false);
    std::size_t completed = 0;
    for (std::size_t at = 0; at < nginx_response.size(); ++at) {  // byte by byte, all at the same time
        for (ResponseReader& reader : readers) {
            const ReadResult result = reader.feed(&nginx_response[at], 1);
            ASSERT_NE(result.state, ReadState::error);
            completed += result.state == ReadState::complete;
        }
    }
    EXPECT_EQ(completed, readers.size());

    for (ResponseReader& reader : readers) reader.begin(false), reader.feed("HTTP/1.1 2", 10);
    readers.erase(readers.begin(), readers.begin() + 75);  // readers move while their parsers are in use
    const std::string rest = nginx_response.substr(10);
    for (ResponseReader& reader : readers) EXPECT_EQ(reader.feed(rest.data(), rest.size()).state, ReadState::complete);
}

}  // namespace
}  // namespace hocket::load
