// Time-outs and limits, over real sockets, on a clock that the test moves.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;

Task<Response> hello(const Request&) { co_return Response::text(200, "hello"); }

// Returns when the server has done what it can with all that it was sent.
Task<void> settle(Server& server) {
    Peer peer = co_await Peer::connect(server.port());
    for (int i = 0; i < 3; ++i) {
        const Answer answer = co_await peer.ask(get("/"));
        EXPECT_EQ(answer.status, 200);
    }
}

class ServerTime : public testing::Test {
protected:
    // Time goes by for everybody.
    Task<void> pass(Duration duration, Server& server) {
        co_await settle(server);
        clock.advance(duration);
        co_await settle(server);
    }
    static bool has_something(Peer& peer) {
        char byte = 0;
        return ::recv(peer.socket().fileno(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    }
    static bool is_reset(Peer& peer) {
        pollfd polled{peer.socket().fileno(), 0, 0};
        return ::poll(&polled, 1, 0) == 1 && (polled.revents & POLLERR) != 0;
    }
    HandClock clock;
    ServerOptions options;
};

TEST_F(ServerTime, AnIdleConnectionIsClosedWithoutAWord) {
    const auto body = [this](Server& server) -> Task<void> {
        Peer silent = co_await Peer::connect(server.port());
        Peer peer = co_await Peer::connect(server.port());
        co_await pass(40s, server);
        const Answer answer = co_await peer.ask(get("/"));
        EXPECT_EQ(answer.body, "hello");
        co_await pass(35s, server);
        std::string all = co_await silent.read_all();
        EXPECT_EQ(all, "");
        EXPECT_FALSE(has_something(peer));  // it has had its 75 s from its last request on
        co_await pass(40s, server);
        all = co_await peer.read_all();
        EXPECT_EQ(all, "");
    };
    with_server(hello, body, options, &clock);
}

TEST_F(ServerTime, AHeadThatStopsGets408) {
    const auto body = [this](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/first") + "GET / HT");
        Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 200);
        co_await pass(9s, server);
        EXPECT_FALSE(has_something(peer));
        co_await pass(1s, server);
        answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 408);
        EXPECT_EQ(answer.field("Connection"), "close");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    };
    with_server(hello, body, options, &clock);
}

TEST_F(ServerTime, AHeadThatTricklesGets408) {
    const auto body = [this](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send("GET / HTTP/1.1\r\nHost: test\r\nX: ");
        for (int seconds = 0; seconds < 10; ++seconds) {
            EXPECT_FALSE(has_something(peer)) << seconds;
            co_await peer.send("a");
            co_await pass(1s, server);
        }
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 408);
    };
    with_server(hello, body, options, &clock);
}

TEST_F(ServerTime, ABodyThatStopsGets408) {
    const auto body = [this](Server& server) -> Task<void> {
        for (const char* framing : {"Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
            Peer peer = co_await Peer::connect(server.port());
            co_await peer.send(std::string("POST / HTTP/1.1\r\nHost: test\r\n") + framing);
            co_await pass(20s, server);
            co_await peer.send("d");
            co_await pass(20s, server);
            EXPECT_FALSE(has_something(peer));  // it goes on, if slowly
            co_await pass(10s, server);
            const Answer answer = co_await peer.read_answer();
            EXPECT_EQ(answer.status, 408);
            const bool ended = co_await peer.at_end();
            EXPECT_TRUE(ended);
        }
    };
    with_server(hello, body, options, &clock);
}

TEST_F(ServerTime, NoneRunsWhileTheHandlerDoes) {
    Promise<void> gate;
    const Future<void> opened = gate.future();
    const auto handler = [&opened](const Request& request) -> Task<Response> {
        if (request.method() == "POST") co_await shield(opened);
        co_return Response::text(200, "at last");
    };
    const auto body = [this, &gate](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(post("/", "body"));
        co_await pass(1h, server);
        gate.set_result();
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "at last");
    };
    with_server(handler, body, options, &clock);
}

// A body of the size that a POST asks for.
Task<Response> large_for_post(const Request& request) {
    const std::size_t size = request.method() == "POST" ? std::stoul(request.body()) : 5;
    co_return Response::text(200, std::string(size, 'x'));
}

TEST_F(ServerTime, AClientThatDoesNotReadIsReset) {
    const auto body = [this](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(post("/", "50000000"));
        co_await pass(29s, server);
        EXPECT_FALSE(is_reset(peer));
        // The kernel moves bytes to the client's end, in its own time, until the buffers there are full.
        while (!is_reset(peer)) co_await pass(30s, server);
        bool reset = false;
        try {
            const Answer answer = co_await peer.read_answer();
        } catch (const std::system_error& error) {
            reset = error.code() == std::errc::connection_reset;
        }
        EXPECT_TRUE(reset);
    };
    with_server(large_for_post, body, options, &clock);
}

TEST_F(ServerTime, AClientThatReadsSlowlyGetsEverything) {
    // A Unix socket, since TCP makes room for the sender in its own time.
    const Address address = Address::unix_path(std::string(1, '\0') + "hocket-slow-" + std::to_string(::getpid()));
    const auto body = [this, address](Server& server) -> Task<void> {
        Server local(options);
        local.handle(large_for_post);
        co_await local.listen(address);
        Socket socket = co_await Socket::async_connect(address);
        Peer peer(std::move(socket));
        co_await peer.send(post("/", "5000000"));
        std::vector<char> buffer(20'000);
        std::size_t received = 0;
        while (received < 5'000'000) {
            received += co_await peer.socket().async_recv(buffer);
            co_await pass(29s, server);
        }
        EXPECT_GT(clock.now().time_since_epoch(), 1h);
        peer.socket().close();
        co_await local.close();
    };
    with_server(large_for_post, body, options, &clock);
}

TEST_F(ServerTime, ARefusedClientThatDoesNotLeaveIsLeft) {
    const auto body = [this](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask("nonsense\r\n\r\n");
        EXPECT_EQ(answer.status, 400);
        co_await pass(1s, server);
        co_await peer.send("more of it");
        EXPECT_FALSE(is_reset(peer));
        co_await pass(1s, server);
        co_await peer.send("more of it");
        EXPECT_TRUE(is_reset(peer));
    };
    with_server(hello, body, options, &clock);
}

TEST(ServerLimits, HeadsAndBodiesMayNotBeTooLarge) {
    ServerOptions options;
    options.max_header_bytes = 1000;
    options.max_headers = 3;
    options.max_body_bytes = 10;
    const auto body = [](Server& server) -> Task<void> {
        const std::string chunked = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
        const std::vector<std::pair<std::string, int>> cases{
            {get("/", "X: " + std::string(1000, 'a') + "\r\n"), 431},
            {get("/" + std::string(1000, 'a')), 414},
            {get("/", "A: 1\r\nB: 2\r\nC: 3\r\n"), 431},
            {get("/", "A: 1\r\nB: 2\r\n"), 200},
            {post("/", "01234567890"), 413},
            {post("/", "0123456789"), 200},
            {chunked + "b\r\n01234567890\r\n0\r\n\r\n", 413},
            {chunked + "a\r\n0123456789\r\n0\r\n\r\n", 200},
        };
        for (const auto& [request, status] : cases) {
            Peer peer = co_await Peer::connect(server.port());
            const Answer answer = co_await peer.ask(request);
            EXPECT_EQ(answer.status, status) << request.substr(0, 100);
        }
    };
    with_server(hello, body, options);
}

TEST(ServerLimits, ConnectionsBeyondTheLimitWait) {
    ServerOptions options;
    options.max_connections = 2;
    const auto body = [](Server& server) -> Task<void> {
        Peer first = co_await Peer::connect(server.port());
        Peer second = co_await Peer::connect(server.port());
        Answer answer = co_await first.ask(get("/"));
        answer = co_await second.ask(get("/"));
        Peer third = co_await Peer::connect(server.port());
        co_await third.send(get("/"));
        for (int i = 0; i < 10; ++i) answer = co_await first.ask(get("/"));
        EXPECT_EQ(server.connections(), 2u);
        std::vector<char> buffer(4096);
        EXPECT_FALSE(third.socket().try_recv(buffer));
        first.socket().close();
        answer = co_await third.read_answer();
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(server.connections(), 2u);
        // Again, so that it is seen to work more than once.
        Peer fourth = co_await Peer::connect(server.port());
        co_await fourth.send(get("/"));
        answer = co_await third.ask(get("/", "Connection: close\r\n"));
        answer = co_await fourth.read_answer();
        EXPECT_EQ(answer.status, 200);
    };
    with_server(hello, body, options);
}

// While it lives, this process may have few files open.
class FewDescriptors {
public:
    FewDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{200, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_F(ServerTime, WithoutDescriptorsItWaitsForBetterTimes) {
    const FewDescriptors few;
    const auto body = [this](Server& server) -> Task<void> {
        Peer early = co_await Peer::connect(server.port());
        Answer answer = co_await early.ask(get("/"));
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        std::vector<int> taken;
        for (int copy = ::dup(0); copy >= 0; copy = ::dup(0)) taken.push_back(copy);
        EXPECT_EQ(errno, EMFILE);
        const Address address = Address::ip("127.0.0.1", server.port());
        EXPECT_EQ(::connect(fd, address.data(), static_cast<socklen_t>(address.size())), 0);
        // The loop goes on: those that are connected are served.
        for (int i = 0; i < 10; ++i) answer = co_await early.ask(get("/"));
        EXPECT_EQ(server.connections(), 1u);
        for (const int copy : taken) ::close(copy);
        clock.advance(1s);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        Socket socket(fd);
        Peer late(std::move(socket));
        answer = co_await late.ask(get("/"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(server.connections(), 2u);
    };
    with_server(hello, body, options, &clock);
}

}  // namespace
}  // namespace hocket::http
