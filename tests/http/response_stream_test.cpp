// Responses that are made while they are sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hocket/http/event_stream.hpp"
#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

AsyncGenerator<std::string> numbers(int count) {
    for (int i = 0; i < count; ++i) {
        if (i % 3 == 0) co_await yield_now();
        std::string piece = std::to_string(i);
        piece += ' ';
        co_yield std::move(piece);
    }
}

std::string all_numbers(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + " ";
    return text;
}

AsyncGenerator<std::string> broken() {
    co_yield std::string("a part");
    throw std::runtime_error("the database went away");
}

Task<Response> answer(const Request& request) {
    if (request.path() == "/length") co_return Response::stream(200, numbers(3), "text/plain", 6);
    if (request.path() == "/too-long") co_return Response::stream(200, numbers(3), "text/plain", 5);
    if (request.path() == "/too-short") co_return Response::stream(200, numbers(3), "text/plain", 7);
    if (request.path() == "/broken") co_return Response::stream(200, broken(), "text/plain");
    if (request.path() == "/none") co_return Response::stream(200, numbers(0), "text/plain");
    if (request.path() == "/204") co_return Response::stream(204, numbers(5), "text/plain");
    if (request.path() == "/plain") co_return Response::text(200, "plain");
    co_return Response::stream(200, numbers(1000), "text/plain");
}

TEST(ResponseStream, ComesInChunks) {
    with_server(answer, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer got = co_await peer.ask(get("/"));
        EXPECT_TRUE(got.chunked);
        EXPECT_EQ(got.body, all_numbers(1000));
        EXPECT_EQ(got.field("Content-Type"), "text/plain");
        got = co_await peer.ask(get("/none"));
        EXPECT_TRUE(got.chunked);
        EXPECT_EQ(got.body, "");
        got = co_await peer.ask(get("/204"));
        EXPECT_EQ(got.status, 204);
        co_await peer.send(get("/") + get("/plain") + get("/length"));
        got = co_await peer.read_answer();
        EXPECT_EQ(got.body, all_numbers(1000));
        got = co_await peer.read_answer();
        EXPECT_EQ(got.body, "plain");
        got = co_await peer.read_answer();
        EXPECT_EQ(got.body, "0 1 2 ");
        EXPECT_EQ(got.field("Content-Length"), "6");
        EXPECT_FALSE(got.chunked);
    });
}

TEST(ResponseStream, AHeadGetsNoneOfIt) {
    with_server(answer, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer got = co_await peer.ask("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_TRUE(got.chunked);
        got = co_await peer.ask("HEAD /length HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(got.field("Content-Length"), "6");
        got = co_await peer.ask(get("/plain"));
        EXPECT_EQ(got.body, "plain");
    });
}

TEST(ResponseStream, AnOldClientReadsToTheEndOfTheConnection) {
    with_server(answer, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const std::string all = co_await peer.read_all();
        EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
        EXPECT_THAT(all, testing::EndsWith("\r\n\r\n" + all_numbers(1000)));
    });
}

// What a client gets of a body that fails: never something that looks whole.
Task<bool> is_cut_short(Server& server, std::string request) {
    Peer peer = co_await Peer::connect(server.port());
    bool cut = false;
    try {
        co_await peer.send(std::move(request));
        const Answer got = co_await peer.read_answer();
        const std::string rest = co_await peer.read_all();
    } catch (const std::exception&) {
        cut = true;
    }
    co_return cut;
}

TEST(ResponseStream, AGeneratorThatFailsEndsTheConnectionAndIsReported) {
    const Reports reports;
    with_server(answer, [](Server& server) -> Task<void> {
        for (const char* path : {"/broken", "/too-long", "/too-short"}) {
            const bool cut = co_await is_cut_short(server, get(path));
            EXPECT_TRUE(cut) << path;
        }
        const bool cut = co_await is_cut_short(server, "GET /broken HTTP/1.0\r\n\r\n");
        EXPECT_TRUE(cut);
    });
    ASSERT_EQ(reports.texts.size(), 4u);
    EXPECT_THAT(reports.texts[0], HasSubstr("GET /broken"));
    EXPECT_THAT(reports.texts[0], HasSubstr("the database went away"));
    EXPECT_THAT(reports.texts[1], HasSubstr("not as long as was promised"));
}

TEST(ResponseStream, CanBeSentOnce) {
    const Reports reports;
    const Response shared = Response::stream(200, numbers(3), "text/plain");
    const auto handler = [&shared](const Request&) -> Task<Response> { co_return shared; };
    with_server(handler, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer got = co_await peer.ask(get("/"));
        EXPECT_EQ(got.body, "0 1 2 ");
        got = co_await peer.ask(get("/"));
        EXPECT_EQ(got.status, 500);
    });
    EXPECT_EQ(reports.texts.size(), 1u);
}

// A generator without end that tells how it ends.
class Endless {
public:
    Endless() : ended_(end_.future()) {}
    AsyncGenerator<std::string> pieces(std::size_t size, bool waits) {
        std::string how = "destroyed";
        const std::shared_ptr<void> at_end(nullptr, [this, &how](void*) { (void)end_.try_set_result(how); });
        try {
            for (;;) {
                ++made;
                std::string piece(size, 'x');
                co_yield std::move(piece);
                if (waits) co_await sleep(1h);
            }
        } catch (const GeneratorExit&) {
            how = "closed";
            throw;
        } catch (const CancelledError&) {
            how = "cancelled";
            throw;
        }
    }
    Future<std::string> ended() const { return ended_; }
    std::size_t made = 0;

private:
    Promise<std::string> end_;
    Future<std::string> ended_;
};

TEST(ResponseStream, WaitsForAClientThatDoesNotRead) {
    Endless endless;
    const auto handler = [&endless](const Request&) -> Task<Response> {
        co_return Response::stream(200, endless.pieces(100'000, false), "text/plain");
    };
    with_server(handler, [&endless](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/"));
        for (std::size_t before = 0; endless.made == 0 || endless.made != before;) {
            before = endless.made;
            for (int i = 0; i < 50; ++i) co_await yield_now();
        }
        EXPECT_LT(endless.made, 500u);  // 50 MB: more than the kernel's buffers hold
        peer.socket().close();
        const std::string how = co_await endless.ended();
        EXPECT_EQ(how, "closed");
    });
}

TEST(ResponseStream, AClientThatGoesAwayCancelsAGeneratorThatWaits) {
    Endless endless;
    const auto handler = [&endless](const Request&) -> Task<Response> {
        co_return Response::stream(200, endless.pieces(10, true), "text/plain");
    };
    with_server(handler, [&endless](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/"));
        std::vector<char> buffer(10'000);
        (void)co_await peer.socket().async_recv(buffer);
        peer.socket().close();
        const std::string how = co_await endless.ended();
        EXPECT_EQ(how, "cancelled");
    });
}

TEST(ResponseStream, ClosingTheServerEndsIt) {
    Endless endless;
    ServerOptions options;
    options.close_grace = 10ms;
    const auto handler = [&endless](const Request&) -> Task<Response> {
        co_return Response::stream(200, endless.pieces(10, true), "text/plain");
    };
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/"));
        std::vector<char> buffer(10'000);
        (void)co_await peer.socket().async_recv(buffer);
        co_await timeout(5s, server.close());
    };
    with_server(handler, body, options);
    EXPECT_EQ(endless.ended().result(), "cancelled");
}

AsyncGenerator<ServerSentEvent> news() {
    ServerSentEvent first("one line");
    first.id("1");
    co_yield std::move(first);
    ServerSentEvent second("two\nlines");
    second.name("update").id("2").retry(500ms);
    co_yield std::move(second);
}

TEST(EventStream, SendsEvents) {
    const auto handler = [](const Request& request) -> Task<Response> {
        EXPECT_EQ(request.header("Last-Event-ID"), "0");
        EventStream events(news());
        co_return events.response();
    };
    with_server(handler, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer got = co_await peer.ask(get("/", "Last-Event-ID: 0\r\nAccept-Encoding: gzip\r\n"));
        EXPECT_EQ(got.field("Content-Type"), "text/event-stream");
        EXPECT_EQ(got.field("Cache-Control"), "no-store");
        EXPECT_EQ(got.body, "id: 1\ndata: one line\n\nevent: update\nid: 2\nretry: 500\ndata: two\ndata: lines\n\n");
    });
}

ServerOptions with_short_grace() {
    ServerOptions options;
    options.close_grace = 10ms;
    return options;
}

AsyncGenerator<ServerSentEvent> silence() {
    co_await sleep(1h);
    co_yield ServerSentEvent("never");
}

TEST(EventStream, IsKeptAliveByComments) {
    const auto handler = [](const Request&) -> Task<Response> {
        EventStream events(silence());
        events.keep_alive(10ms);
        co_return events.response();
    };
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/"));
        std::string all;
        std::vector<char> buffer(10'000);
        while (all.find("3\r\n:\n\n\r\n3\r\n:\n\n\r\n") == std::string::npos) {
            const std::size_t size = co_await peer.socket().async_recv(buffer);
            EXPECT_GT(size, 0u);
            all.append(buffer.data(), size);
        }
    };
    with_server(handler, body, with_short_grace());
}

TEST(ServerSentEvent, HasNoWayOutOfItsField) {
    EXPECT_EQ(ServerSentEvent("").text(), "data: \n\n");
    EXPECT_EQ(ServerSentEvent("a\r\nb\rc\nid: 7").text(), "data: a\ndata: b\ndata: c\ndata: id: 7\n\n");
    ServerSentEvent event("x");
    EXPECT_THROW(event.name("a\nb"), std::invalid_argument);
    EXPECT_THROW(event.id("a\rb"), std::invalid_argument);
    EXPECT_THROW(event.id(std::string_view("a\0b", 3)), std::invalid_argument);
    EXPECT_EQ(event.retry(-5ms).text(), "retry: 0\ndata: x\n\n");
}

}  // namespace
}  // namespace hocket::http
