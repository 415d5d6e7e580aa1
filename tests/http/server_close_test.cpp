// Ends: of servers while requests run, of clients while they are served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;

// A handler that says when it has begun, and waits to be let go on.
class Gate {
public:
    Gate() : begun_(begin_.future()), opened_(open_.future()) {}

    Handler handler() {
        return [this](const Request& request) -> Task<Response> {
            if (request.path() != "/wait") co_return Response::text(200, request.path());
            ++inside;
            const std::shared_ptr<void> leaving(nullptr, [this](void*) { --inside; });
            (void)begin_.try_set_result();
            co_await shield(opened_);
            co_return Response::text(200, "through");
        };
    }
    /// A handler waits.
    Future<void> begun() const { return begun_; }
    void open() { open_.set_result(); }
    int inside = 0;

private:
    Promise<void> begin_, open_;
    Future<void> begun_, opened_;
};

TEST(ServerClose, IdleConnectionsEndAtOnce) {
    const auto test = []() -> Task<void> {
        Server server;
        co_await server.listen("127.0.0.1", 0);
        Peer fresh = co_await Peer::connect(server.port());
        Peer used = co_await Peer::connect(server.port());
        const Answer answer = co_await used.ask(get("/"));
        EXPECT_EQ(server.connections(), 2u);
        const std::uint16_t port = server.port();
        co_await timeout(1s, server.close());
        EXPECT_EQ(server.connections(), 0u);
        const bool fresh_ended = co_await fresh.at_end();
        EXPECT_TRUE(fresh_ended);
        const bool used_ended = co_await used.at_end();
        EXPECT_TRUE(used_ended);
        bool refused = false;
        try {
            Peer late = co_await Peer::connect(port);
        } catch (const std::system_error& error) {
            refused = error.code() == std::errc::connection_refused;
        }
        EXPECT_TRUE(refused);
    };
    run(test());
}

TEST(ServerClose, RunningRequestsEndInPeace) {
    Gate gate;
    const auto test = [&gate]() -> Task<void> {
        Server server;
        server.handle(gate.handler());
        co_await server.listen("127.0.0.1", 0);
        Peer idle = co_await Peer::connect(server.port());
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/wait") + get("/not-any-more"));
        co_await gate.begun();
        Future<void> closed = create_task(server.close());
        const bool closing = co_await idle.at_end();
        EXPECT_TRUE(closing);
        EXPECT_FALSE(closed.done());
        gate.open();
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "through");
        EXPECT_EQ(answer.field("Connection"), "close");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
        peer.socket().close();
        co_await closed;
        EXPECT_EQ(gate.inside, 0);
    };
    run(test());
}

TEST(ServerClose, ARequestThatIsBeingReceivedIsAnswered) {
    Gate gate;
    const auto test = [&gate]() -> Task<void> {
        Server server;
        server.handle(gate.handler());
        co_await server.listen("127.0.0.1", 0);
        Peer idle = co_await Peer::connect(server.port());
        Peer peer = co_await Peer::connect(server.port());
        const Answer before = co_await peer.ask(get("/1"));
        co_await peer.send("POST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        const Answer go_on = co_await peer.read_answer();
        EXPECT_EQ(go_on.status, 100);
        Future<void> closed = create_task(server.close());
        const bool closing = co_await idle.at_end();
        EXPECT_TRUE(closing);
        const Answer answer = co_await peer.ask("hello");
        EXPECT_EQ(answer.body, "/2");
        EXPECT_EQ(answer.field("Connection"), "close");
        peer.socket().close();
        co_await closed;
    };
    run(test());
}

TEST(ServerClose, AfterTheGraceRequestsAreCancelled) {
    Gate gate;
    const auto test = [&gate]() -> Task<void> {
        ServerOptions options;
        options.close_grace = 10ms;
        Server server(options);
        server.handle(gate.handler());
        co_await server.listen("127.0.0.1", 0);
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/wait"));
        co_await gate.begun();
        EXPECT_EQ(gate.inside, 1);
        co_await timeout(5s, server.close());
        EXPECT_EQ(gate.inside, 0);
        EXPECT_EQ(server.connections(), 0u);
        const std::string all = co_await peer.read_all();
        EXPECT_EQ(all, "");
    };
    run(test());
}

TEST(ServerClose, ACancelledCloseDoesNotWaitForTheGrace) {
    Gate gate;
    const auto test = [&gate]() -> Task<void> {
        ServerOptions options;
        options.close_grace = 1h;
        Server server(options);
        server.handle(gate.handler());
        co_await server.listen("127.0.0.1", 0);
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/wait"));
        co_await gate.begun();
        bool timed_out = false;
        try {
            co_await timeout(10ms, server.close());
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        EXPECT_EQ(gate.inside, 0);
        EXPECT_EQ(server.connections(), 0u);
    };
    run(test());
}

TEST(ServerClose, ADestroyedServerLeavesNothingBehind) {
    Gate gate;
    const auto test = [&gate]() -> Task<void> {
        Peer peer{Socket()};
        {
            Server server;
            server.handle(gate.handler());
            co_await server.listen("127.0.0.1", 0);
            peer = co_await Peer::connect(server.port());
            co_await peer.send(get("/wait"));
            co_await gate.begun();
        }
        const std::string all = co_await peer.read_all();
        EXPECT_EQ(all, "");
        EXPECT_EQ(gate.inside, 0);
    };
    run(test());
    EXPECT_EQ(gate.inside, 0);
}

TEST(ServerClose, AServerMayEndWithItsLoop) {
    Gate gate;
    Server server;  // outlives the loop
    server.handle(gate.handler());
    const auto test = [](Server& outer, Gate& inner) -> Task<void> {
        co_await outer.listen("127.0.0.1", 0);
        Peer peer = co_await Peer::connect(outer.port());
        co_await peer.send(get("/wait"));
        co_await inner.begun();
    };
    run(test(server, gate));
    EXPECT_EQ(gate.inside, 0);
    EXPECT_EQ(server.connections(), 0u);
}

TEST(ServerClose, ClosingAnUnopenedServerIsNothing) {
    const auto test = []() -> Task<void> {
        Server server;
        co_await server.close();
        co_await server.listen("127.0.0.1", 0);
        co_await server.close();
        co_await server.close();
    };
    run(test());
}

// How a client may leave.
enum class Leaving { in_order, by_reset };

void leave(Peer& peer, Leaving how) {
    if (how == Leaving::by_reset) {
        const linger reset{1, 0};
        ::setsockopt(peer.socket().fileno(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    peer.socket().close();
}

class ClientThatLeaves : public testing::TestWithParam<Leaving> {};

TEST_P(ClientThatLeaves, AtAnyPointDoesNoHarm) {
    Gate gate;
    const auto body = [&gate](Server& server) -> Task<void> {
        for (const char* begun : {"", "\r\n", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
                                  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                                  "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
            Peer peer = co_await Peer::connect(server.port());
            co_await peer.send(begun);
            Peer other = co_await Peer::connect(server.port());
            const Answer answer = co_await other.ask(get("/x"));  // by now the server has read what was sent before
            EXPECT_EQ(answer.body, "/x");
            leave(peer, GetParam());
        }
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/1") + get("/wait") + get("/2"));
        co_await gate.begun();
        leave(peer, GetParam());
        gate.open();
    };
    with_server(gate.handler(), body);
    EXPECT_EQ(gate.inside, 0);
}

TEST_P(ClientThatLeaves, InTheMiddleOfALargeResponseDoesNoHarm) {
    const auto large = [](const Request&) -> Task<Response> {
        co_return Response::text(200, std::string(20'000'000, 'x'));
    };
    const auto body = [](Server& server) -> Task<void> {
        for (int i = 0; i < 5; ++i) {
            Peer peer = co_await Peer::connect(server.port());
            co_await peer.send(get("/"));
            std::vector<char> buffer(1000);
            const std::size_t size = co_await peer.socket().async_recv(buffer);
            EXPECT_GT(size, 0u);
            leave(peer, GetParam());
        }
    };
    with_server(large, body);
}

INSTANTIATE_TEST_SUITE_P(, ClientThatLeaves, testing::Values(Leaving::in_order, Leaving::by_reset),
                         [](const auto& info) { return info.param == Leaving::in_order ? "InOrder" : "ByReset"; });

}  // namespace
}  // namespace hocket::http
