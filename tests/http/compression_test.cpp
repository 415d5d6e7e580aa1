// gzip on request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a gzip file holds; throws if it is none, or not whole.
std::string gunzip(std::string_view compressed) {
    z_stream stream{};
    if (::inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) throw std::bad_alloc();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());
    std::string text;
    std::string room(100'000, '\0');
    int status = Z_OK;
    while (status == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        status = ::inflate(&stream, Z_NO_FLUSH);
        text.append(room, 0, room.size() - stream.avail_out);
    }
    ::inflateEnd(&stream);
    if (status != Z_STREAM_END || stream.avail_in != 0) throw std::runtime_error("not gzip, or not whole");
    return text;
}

std::string text_of_size(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + "\n";
    text.resize(size);
    return text;
}

AsyncGenerator<std::string> pieces() {
    for (int i = 0; i < 10; ++i) {
        co_await yield_now();
        std::string piece = text_of_size(1000);
        co_yield std::move(piece);
    }
}

Task<Response> answer(const Request& request) {
    const std::string_view path = request.path();
    if (path == "/small") co_return Response::text(200, text_of_size(999));
    if (path == "/large") co_return Response::text(200, text_of_size(3'000'000));
    if (path == "/chunks") co_return std::move(Response::text(200, text_of_size(10'000)).chunked(100));
    if (path == "/stream") co_return Response::stream(200, pieces(), "application/json");
    if (path == "/counted") co_return Response::stream(200, pieces(), "text/csv", 10'000);
    if (path == "/picture") co_return Response(200, text_of_size(5000), "image/png");
    if (path == "/svg") co_return Response(200, text_of_size(5000), "image/svg+xml");
    if (path == "/encoded")
        co_return std::move(Response::text(200, text_of_size(5000)).set_header("Content-Encoding", "br"));
    if (path == "/as-is")
        co_return std::move(Response::text(200, text_of_size(5000)).set_header("Cache-Control", "no-transform"));
    if (path == "/tagged") co_return std::move(Response::json(200, text_of_size(5000)).set_header("ETag", "\"7\""));
    co_return Response::text(200, std::make_shared<const std::string>(text_of_size(5000)));
}

ServerOptions compressing() {
    ServerOptions options;
    options.gzip_level = 1;
    options.gzip_min_bytes = 1000;
    return options;
}

const std::string kAccept = "Accept-Encoding: br, gzip;q=0.5\r\n";

TEST(Compression, IsForClientsThatAcceptIt) {
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        for (const char* accept :
             {"gzip", "deflate, GZIP", "gzip;q=0.001", "*", "x-gzip", "br;q=1, *;q=0.1", "gzip, *;q=0"}) {
            const std::string field = std::string("Accept-Encoding: ") + accept + "\r\n";
            const Answer got = co_await peer.ask(get("/", field));
            EXPECT_EQ(got.field("Content-Encoding"), "gzip") << accept;
            EXPECT_EQ(got.field("Vary"), "Accept-Encoding");
            EXPECT_LT(got.body.size(), 4000u);
            EXPECT_EQ(gunzip(got.body), text_of_size(5000));
        }
        for (const char* accept : {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzipped", "identity"}) {
            const std::string field = std::string("Accept-Encoding: ") + accept + "\r\n";
            const Answer got = co_await peer.ask(get("/", field));
            EXPECT_EQ(got.field("Content-Encoding"), "") << accept;
            EXPECT_EQ(got.field("Vary"), "Accept-Encoding");
            EXPECT_EQ(got.body, text_of_size(5000));
        }
    };
    with_server(answer, body, compressing());
}

// A cache must not give a compressed response to who does not take one, whatever else the response depends on.
TEST(Compression, SaysThatTheResponseVariesBesidesWhatTheHandlerSays) {
    const auto varying = [](const Request& request) -> Task<Response> {
        Response response = Response::text(200, text_of_size(5000));
        response.set_header("Vary", std::string(request.path().substr(1)));
        co_return response;
    };
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer got = co_await peer.ask(get("/Origin", kAccept));
        EXPECT_THAT(got.head, HasSubstr("\r\nVary: Origin\r\n"));
        EXPECT_THAT(got.head, HasSubstr("\r\nVary: Accept-Encoding\r\n"));
        for (const char* path : {"/accept-encoding", "/*"}) {
            got = co_await peer.ask(get(path, kAccept));
            EXPECT_THAT(got.head, Not(HasSubstr("Vary: Accept-Encoding"))) << path;
        }
    };
    with_server(varying, body, compressing());
}

TEST(Compression, IsForTextThatIsLongEnough) {
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        for (const char* path : {"/small", "/picture", "/encoded", "/as-is"}) {
            const Answer got = co_await peer.ask(get(path, kAccept));
            EXPECT_NE(got.field("Content-Encoding"), "gzip") << path;
            EXPECT_EQ(got.field("Vary"), "") << path;
        }
        Answer got = co_await peer.ask(get("/svg", kAccept));
        EXPECT_EQ(gunzip(got.body), text_of_size(5000));
        got = co_await peer.ask(get("/tagged", kAccept));
        EXPECT_EQ(got.field("ETag"), "W/\"7\"");
        got = co_await peer.ask(get("/tagged"));
        EXPECT_EQ(got.field("ETag"), "\"7\"");
    };
    with_server(answer, body, compressing());
}

TEST(Compression, IsForBodiesOfAllForms) {
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer got = co_await peer.ask(get("/large", kAccept));
        EXPECT_EQ(gunzip(got.body), text_of_size(3'000'000));
        got = co_await peer.ask(get("/chunks", kAccept));
        EXPECT_TRUE(got.chunked);
        EXPECT_EQ(gunzip(got.body), text_of_size(10'000));
        std::string ten;
        for (int i = 0; i < 10; ++i) ten += text_of_size(1000);
        for (const char* path : {"/stream", "/counted"}) {
            got = co_await peer.ask(get(path, kAccept));
            EXPECT_TRUE(got.chunked);
            EXPECT_GE(got.chunks, 10u);  // each piece goes out when it is made
            EXPECT_EQ(gunzip(got.body), ten);
        }
        got = co_await peer.ask("HEAD /large HTTP/1.1\r\nHost: test\r\n" + kAccept + "\r\n");
        EXPECT_EQ(got.field("Content-Encoding"), "gzip");
    };
    with_server(answer, body, compressing());
}

TEST(Compression, IsOffByDefault) {
    with_server(answer, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer got = co_await peer.ask(get("/", kAccept));
        EXPECT_EQ(got.field("Content-Encoding"), "");
        EXPECT_EQ(got.field("Vary"), "");
    });
    ServerOptions options;
    options.gzip_level = 10;
    EXPECT_THROW(Server server(options), std::invalid_argument);
}

}  // namespace
}  // namespace hocket::http
