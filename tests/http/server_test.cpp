// What a server answers, over real sockets.
#include "hocket/http/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

// Says back what it was asked; some paths do more.
Task<Response> tell(const Request& request) {
    if (request.path() == "/throw") throw std::runtime_error("no such luck");
    if (request.path() == "/throw-later") {
        co_await yield_now();
        throw 42;
    }
    if (request.path() == "/cancelled") throw CancelledError("by somebody else");
    if (request.path() == "/yield") co_await yield_now();
    if (request.path() == "/none") co_return Response::empty(204);
    if (request.path() == "/same") co_return Response::text(304, "not to be sent");
    if (request.path() == "/last") co_return std::move(Response::text(200, "bye").close_connection());
    if (request.path() == "/large") co_return Response::text(200, std::string(5'000'000, 'x'));
    if (request.path() == "/chunks") co_return std::move(Response::text(200, std::string(200'000, 'y')).chunked(1000));
    if (request.path() == "/no-chunk") co_return std::move(Response::empty(200).chunked());
    std::string text(request.method());
    text.append(" ").append(request.target()).append(" ").append(request.body());
    co_return Response::text(200, std::move(text));
}

TEST(Server, AnswersAGet) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/x?y"));
        EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_EQ(answer.body, "GET /x?y ");
        EXPECT_EQ(answer.field("Content-Type"), "text/plain; charset=utf-8");
        EXPECT_EQ(answer.field("Content-Length"), "9");
        EXPECT_EQ(answer.field("Connection"), "");
        EXPECT_THAT(answer.field("Date"),
                    testing::MatchesRegex("[A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] "
                                          "[0-9][0-9]:[0-9][0-9]:[0-9][0-9] GMT"));
    });
}

TEST(Server, WithoutAHandlerNothingIsFound) {
    const auto test = []() -> Task<void> {
        Server server;
        co_await server.listen("127.0.0.1", 0);
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/"));
        EXPECT_EQ(answer.status, 404);
        co_await server.close();
    };
    run(test());
}

TEST(Server, KeepsTheConnectionForManyRequests) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        for (int i = 0; i < 200; ++i) {
            const std::string number = std::to_string(i);
            std::string request = i % 2 == 0 ? get("/" + number) : post("/" + number, number);
            const Answer answer = co_await peer.ask(std::move(request));
            EXPECT_THAT(answer.body, HasSubstr("/" + number + " "));
        }
        EXPECT_EQ(server.connections(), 1u);
    });
}

TEST(Server, EndsTheConnectionWhenTheClientAsks) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/", "Connection: close\r\n"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.field("Connection"), "close");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    });
}

TEST(Server, EndsTheConnectionWhenTheHandlerAsks) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/last"));
        EXPECT_EQ(answer.field("Connection"), "close");
        EXPECT_EQ(answer.body, "bye");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    });
}

TEST(Server, SpeaksHttp1_0) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        EXPECT_EQ(answer.field("Connection"), "keep-alive");
        EXPECT_EQ(answer.body, "GET /1 ");
        answer = co_await peer.ask("GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        EXPECT_FALSE(answer.chunked);
        EXPECT_EQ(answer.field("Content-Length"), "200000");
        answer = co_await peer.ask("GET /2 HTTP/1.0\r\n\r\n");
        EXPECT_EQ(answer.field("Connection"), "close");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    });
}

TEST(Server, AnswersPipelinedRequestsInTheirOrder) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        std::string requests;
        for (int i = 0; i < 1000; ++i) {
            const std::string number = std::to_string(i);
            requests += i % 10 == 3  ? get("/yield?" + number)
                        : i % 3 == 0 ? post("/" + number, number)
                                     : get("/" + number);
        }
        co_await peer.send(requests);
        for (int i = 0; i < 1000; ++i) {
            const Answer answer = co_await peer.read_answer();
            EXPECT_THAT(answer.body, HasSubstr(std::to_string(i)));
        }
    });
}

TEST(Server, PipelinedAnswersOfAllSizesComeWhole) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/1") + get("/large") + get("/chunks") + get("/none") + get("/2") + get("/large") +
                           get("/3"));
        std::vector<std::size_t> sizes;
        for (int i = 0; i < 7; ++i) {
            const Answer answer = co_await peer.read_answer();
            sizes.push_back(answer.body.size());
        }
        EXPECT_EQ(sizes, (std::vector<std::size_t>{7, 5'000'000, 200'000, 0, 7, 5'000'000, 7}));
    });
}

TEST(Server, SmallPipelinedAnswersComeTogether) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/1") + get("/2") + get("/3"));
        std::vector<char> buffer(64 * 1024);
        const std::size_t size = co_await peer.socket().async_recv(buffer);
        EXPECT_THAT(std::string(buffer.data(), size), HasSubstr("/3"));
    });
}

TEST(Server, AnAnswerDoesNotWaitForThePipelinedOneAfterIt) {
    with_server(tell, [](Server& server) -> Task<void> {
        Promise<void> gate;
        const Future<void> opened = gate.future();
        server.handle([&opened](const Request& request) -> Task<Response> {
            if (request.path() == "/wait") co_await shield(opened);
            co_return Response::text(200, request.path());
        });
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/1") + get("/wait") + get("/3"));
        const Answer first = co_await peer.read_answer();
        EXPECT_EQ(first.body, "/1");
        gate.set_result();
        const Answer second = co_await peer.read_answer();
        EXPECT_EQ(second.body, "/wait");
        const Answer third = co_await peer.read_answer();
        EXPECT_EQ(third.body, "/3");
    });
}

TEST(Server, AHeadGetsNoBody) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const std::string head = "HEAD /large HTTP/1.1\r\nHost: test\r\n\r\n";
        Answer answer = co_await peer.ask(head);
        EXPECT_EQ(answer.field("Content-Length"), "5000000");
        answer = co_await peer.ask("HEAD /chunks HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_TRUE(answer.chunked);
        answer = co_await peer.ask(get("/after"));
        EXPECT_EQ(answer.body, "GET /after ");
    });
}

TEST(Server, SomeStatusesHaveNoBody) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(get("/none"));
        EXPECT_EQ(answer.status, 204);
        EXPECT_EQ(answer.field("Content-Length"), "");
        answer = co_await peer.ask(get("/same"));
        EXPECT_EQ(answer.status, 304);
        answer = co_await peer.ask(get("/after"));
        EXPECT_EQ(answer.body, "GET /after ");
    });
}

TEST(Server, SendsInChunks) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(get("/chunks"));
        EXPECT_EQ(answer.chunks, 200u);
        EXPECT_EQ(answer.body, std::string(200'000, 'y'));
        answer = co_await peer.ask(get("/no-chunk"));
        EXPECT_TRUE(answer.chunked);
        EXPECT_EQ(answer.chunks, 0u);
    });
}

TEST(Server, TakesLargeBodiesOfBothKinds) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const std::string body(3'000'000, 'z');
        Answer answer = co_await peer.ask(post("/", body));
        EXPECT_EQ(answer.body, "POST / " + body);
        std::string request = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < 300; ++i) request += "2710\r\n" + std::string(10'000, 'z') + "\r\n";
        answer = co_await peer.ask(request + "0\r\n\r\n");
        EXPECT_EQ(answer.body, "POST / " + body);
    });
}

TEST(Server, TellsAClientThatAsksToContinue) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const std::string head = "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        const Answer interim = co_await peer.ask(head);
        EXPECT_EQ(interim.status, 100);
        Answer answer = co_await peer.ask("hello");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "POST / hello");
        // One that does not wait is not told.
        answer = co_await peer.ask(head + "hello");
        EXPECT_EQ(answer.status, 200);
    });
}

TEST(Server, TellsNoClientToContinueWithABodyThatIsTooLarge) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(
            "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
        EXPECT_EQ(answer.status, 413);
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    });
}

TEST(Server, RefusesWhatIsMalformedAndEndsTheConnection) {
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/1") + "GET / HTTP/1.1\r\n\r\n" + get("/3"));
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 200);
        const Answer refusal = co_await peer.read_answer();
        EXPECT_EQ(refusal.status, 400);
        EXPECT_EQ(refusal.field("Connection"), "close");
        EXPECT_EQ(refusal.body, "an HTTP/1.1 request needs a Host\n");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    });
}

TEST(Server, AClientThatSendsOnGetsToReadTheRefusal) {
    ServerOptions options;
    options.max_body_bytes = 1000;
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        // More than all buffers hold, and all of it before the answer is read.
        co_await peer.send(post("/", std::string(20'000'000, 'a')));
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 413);
        peer.socket().shutdown_send();
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    };
    with_server(tell, body, options);
}

TEST(Server, AHandlerThatFailsBecomes500AndIsReported) {
    Reports reports;
    with_server(tell, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(get("/throw?secret"));
        EXPECT_EQ(answer.status, 500);
        EXPECT_THAT(answer.body, Not(HasSubstr("luck")));
        answer = co_await peer.ask(get("/throw-later"));
        EXPECT_EQ(answer.status, 500);
        answer = co_await peer.ask(get("/cancelled"));
        EXPECT_EQ(answer.status, 500);
        answer = co_await peer.ask(get("/after"));
        EXPECT_EQ(answer.status, 200);
    });
    ASSERT_EQ(reports.texts.size(), 3u);
    EXPECT_THAT(reports.texts[0], HasSubstr("GET /throw failed"));
    EXPECT_THAT(reports.texts[0], HasSubstr("no such luck"));
    EXPECT_THAT(reports.texts[1], HasSubstr("GET /throw-later failed"));
    EXPECT_THAT(reports.texts[2], HasSubstr("by somebody else"));
}

TEST(Server, ListensOnUnixSockets) {
    const auto test = []() -> Task<void> {
        const std::string path = std::string(1, '\0') + "hocket-test-" + std::to_string(::getpid());
        Server server;
        server.handle(tell);
        co_await server.listen(Address::unix_path(path));
        EXPECT_EQ(server.port(), 0);
        Socket socket = co_await Socket::async_connect(Address::unix_path(path));
        Peer peer(std::move(socket));
        for (int i = 0; i < 3; ++i) {
            const Answer answer = co_await peer.ask(get("/unix"));
            EXPECT_EQ(answer.body, "GET /unix ");
        }
        co_await server.close();
    };
    run(test());
}

TEST(Server, ListensOnceAtATime) {
    const auto test = []() -> Task<void> {
        Server server;
        co_await server.listen("127.0.0.1", 0);
        EXPECT_NE(server.port(), 0);
        bool refused = false;
        try {
            co_await server.listen("127.0.0.1", 0);
        } catch (const InvalidStateError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        co_await server.close();
        EXPECT_EQ(server.port(), 0);
        co_await server.listen("127.0.0.1", 0);
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/"));
        EXPECT_EQ(answer.status, 404);
        co_await server.close();
    };
    run(test());
}

}  // namespace
}  // namespace hocket::http
