// Handlers that read the body themselves, and clients that go away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

// Says how many bytes came, and in how many pieces.
Task<Response> count(const Request& request, BodyReader& body) {
    std::size_t bytes = 0;
    std::size_t pieces = 0;
    for (;;) {
        const std::string piece = co_await body.read();
        if (piece.empty()) break;
        EXPECT_LE(piece.size(), 64u * 1024);
        bytes += piece.size();
        ++pieces;
    }
    const std::string again = co_await body.read();
    EXPECT_EQ(again, "");
    EXPECT_EQ(request.body(), "");
    co_return Response::text(200, std::to_string(bytes) + (pieces > 10 ? " many" : " few"));
}

Task<Response> refuse(const Request&, BodyReader&) { co_return Response::text(403, "no"); }

Task<Response> whole(const Request& request) { co_return Response::text(200, request.body()); }

Task<Response> some(const Request&, BodyReader& body) {
    std::string all = co_await body.read_all(10);
    co_return Response::text(200, std::move(all));
}

void add_routes(Server& server) {
    server.post("/count", count).post("/refuse", refuse).post("/whole", whole).post("/some", some).any("/any", count);
}

std::string chunked(const std::string& target, const std::string& fields = "") {
    return "POST " + target + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n" + fields + "\r\n";
}

TEST(RequestBody, IsReadAsItComes) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(post("/count", "12345"));
        EXPECT_EQ(answer.body, "5 few");
        answer = co_await peer.ask(post("/count", std::string(20'000'000, 'x')));  // more than is held at once
        EXPECT_EQ(answer.body, "20000000 many");
        std::string request = chunked("/count");
        for (int i = 0; i < 300; ++i) request += "2710\r\n" + std::string(10'000, 'z') + "\r\n";
        answer = co_await peer.ask(request + "0\r\n\r\n" + post("/whole", "next"));
        EXPECT_EQ(answer.body, "3000000 many");
        answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "next");
        answer = co_await peer.ask(get("/any"));
        EXPECT_EQ(answer.body, "0 few");
        answer = co_await peer.ask(post("/any", ""));
        EXPECT_EQ(answer.body, "0 few");
    });
}

TEST(RequestBody, TheHandlerRunsBeforeTheBodyHasCome) {
    Promise<void> begun;
    const Future<void> began = begun.future();
    std::vector<std::string> pieces;
    const auto prepare = [&](Server& server) {
        server.post("/", [&](const Request&, BodyReader& body) -> Task<Response> {
            begun.set_result();
            for (;;) {
                std::string piece = co_await body.read();
                if (piece.empty()) break;
                pieces.push_back(std::move(piece));
            }
            co_return Response::text(200, "done");
        });
    };
    with_routes(prepare, [&began](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n");
        co_await began;
        co_await peer.send("ab");
        const Answer answer = co_await peer.ask("cd");
        EXPECT_EQ(answer.body, "done");
    });
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    EXPECT_EQ(all, "abcd");
}

TEST(RequestBody, AReaderThatWaitsHoldsTheClientBack) {
    Promise<void> gate;
    const Future<void> opened = gate.future();
    const auto prepare = [&opened](Server& server) {
        server.post("/", [&opened](const Request& request, BodyReader& body) -> Task<Response> {
            co_await shield(opened);
            Response response = co_await count(request, body);
            co_return response;
        });
    };
    with_routes(prepare, [&gate](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const std::string head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n";
        co_await peer.send(head);
        const std::string piece(1'000'000, 'x');
        std::size_t sent = 0;
        for (int idle = 0; idle < 100;) {
            const auto taken = peer.socket().try_send(piece);
            sent += taken.value_or(0);
            idle = taken ? 0 : idle + 1;
            co_await yield_now();
        }
        EXPECT_LT(sent, 50'000'000u);  // what the kernel's buffers hold
        gate.set_result();
        while (sent < 100'000'000) {
            const std::size_t size = std::min<std::size_t>(piece.size(), 100'000'000 - sent);
            co_await peer.send(piece.substr(0, size));
            sent += size;
        }
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "100000000 many");
    });
}

TEST(RequestBody, TheFirstReadTellsTheClientToContinue) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const std::string fields = "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        Answer answer = co_await peer.ask("POST /count HTTP/1.1\r\nHost: test\r\n" + fields);
        EXPECT_EQ(answer.status, 100);
        answer = co_await peer.ask("hello");
        EXPECT_EQ(answer.body, "5 few");
        answer = co_await peer.ask("POST /whole HTTP/1.1\r\nHost: test\r\n" + fields);
        EXPECT_EQ(answer.status, 100);
        answer = co_await peer.ask("hello");
        EXPECT_EQ(answer.body, "hello");
        answer = co_await peer.ask("POST /refuse HTTP/1.1\r\nHost: test\r\n" + fields);
        EXPECT_EQ(answer.status, 403);
        EXPECT_EQ(answer.field("Connection"), "close");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    });
}

TEST(RequestBody, WhatIsLeftUnreadEndsTheConnectionUnlessItIsThere) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(post("/refuse", "short"));
        EXPECT_EQ(answer.status, 403);
        EXPECT_EQ(answer.field("Connection"), "");
        answer = co_await peer.ask(chunked("/refuse") + "2\r\nab\r\n0\r\n\r\n" + post("/whole", "next"));
        EXPECT_EQ(answer.status, 403);
        answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "next");
        co_await peer.send(post("/refuse", std::string(10'000'000, 'x')));
        answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 403);
        EXPECT_EQ(answer.field("Connection"), "close");
    });
}

TEST(RequestBody, MayNotBeTooLargeOrMalformed) {
    ServerOptions options;
    options.max_body_bytes = 4;
    options.max_streamed_body_bytes = 100;
    const auto body = [](Server& server) -> Task<void> {
        const std::vector<std::pair<std::string, int>> cases{
            {post("/count", std::string(100, 'x')), 200},
            {post("/count", std::string(101, 'x')), 413},
            {chunked("/count") + "64\r\n" + std::string(100, 'x') + "\r\n0\r\n\r\n", 200},
            {chunked("/count") + "65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n", 413},
            {chunked("/count") + "5\r\nabcde\r\nz\r\n", 400},
            {post("/whole", "1234"), 200},
            {post("/whole", "12345"), 413},
            {post("/some", "0123456789"), 200},
            {post("/some", "0123456789a"), 413},
        };
        for (const auto& [request, status] : cases) {
            Peer peer = co_await Peer::connect(server.port());
            const Answer answer = co_await peer.ask(request);
            EXPECT_EQ(answer.status, status) << request.substr(0, 100);
        }
    };
    with_routes(add_routes, body, options);
}

TEST(RequestBody, ThatStopsGets408) {
    ServerOptions options;
    options.body_timeout = 20ms;
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send("POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab");
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 408);
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    };
    with_routes(add_routes, body, options);
}

// A handler that says when it begins and how it ends.
class Watched {
public:
    Watched() : began_(begun_.future()), ended_(end_.future()) {}
    Task<Response> run() {
        begun_.set_result();
        bool cancelled = false;
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        end_.set_result(cancelled);
        co_await yield_now();
        co_return Response::text(200, "nobody reads this");
    }
    Future<void> began() const { return began_; }
    Future<bool> cancelled() const { return ended_; }

private:
    Promise<void> begun_;
    Promise<bool> end_;
    Future<void> began_;
    Future<bool> ended_;
};

TEST(ClientThatGoes, CancelsItsHandler) {
    Watched watched;
    const auto handler = [&watched](const Request&) -> Task<Response> { return watched.run(); };
    with_server(handler, [&watched](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/"));
        co_await watched.began();
        peer.socket().close();
        const bool cancelled = co_await watched.cancelled();
        EXPECT_TRUE(cancelled);
    });
}

TEST(ClientThatGoes, CancelsItsHandlerAlsoBehindPipelinedRequests) {
    Watched watched;
    const auto handler = [&watched](const Request& request) -> Task<Response> {
        if (request.path() == "/wait") {
            Response response = co_await watched.run();
            co_return response;
        }
        co_return Response::text(200, request.path());
    };
    with_server(handler, [&watched](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/1") + get("/wait"));
        co_await watched.began();
        co_await peer.send(get("/2") + get("/3"));
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "/1");
        peer.socket().close();
        const bool cancelled = co_await watched.cancelled();
        EXPECT_TRUE(cancelled);
    });
}

TEST(ClientThatGoes, CancelsAHandlerThatReadsItsBody) {
    Promise<bool> end;
    const Future<bool> ended = end.future();
    const auto prepare = [&end](Server& server) {
        server.post("/", [&end](const Request&, BodyReader& body) -> Task<Response> {
            try {
                for (;;) {
                    const std::string piece = co_await body.read();
                    if (piece.empty()) break;
                }
            } catch (const CancelledError&) {
                end.set_result(true);
                throw;
            }
            end.set_result(false);
            co_return Response();
        });
    };
    with_routes(prepare, [&ended](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab");
        peer.socket().close();
        const bool cancelled = co_await ended;
        EXPECT_TRUE(cancelled);
    });
}

TEST(ClientThatGoes, IsNotOneThatSendsItsNextRequestsWhileItWaits) {
    const auto handler = [](const Request& request) -> Task<Response> {
        if (request.path() == "/wait") co_await sleep(600ms);  // long enough for two looks at the connection
        co_return Response::text(200, request.path());
    };
    with_server(handler, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        std::string requests = get("/wait");
        for (int i = 0; i < 2000; ++i) requests += get("/" + std::to_string(i));  // more than is read ahead
        Future<void> sent = create_task(peer.send(requests));
        Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "/wait");
        for (int i = 0; i < 2000; ++i) {
            answer = co_await peer.read_answer();
            EXPECT_EQ(answer.body, "/" + std::to_string(i));
        }
        co_await sent;
    });
}

}  // namespace
}  // namespace hocket::http
