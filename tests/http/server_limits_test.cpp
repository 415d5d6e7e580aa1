// Time-outs and limits, over real sockets, with limits of some milliseconds.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

Task<Response> hello(const Request&) { co_return Response::text(200, "hello"); }

ServerOptions with_timeouts(Duration idle, Duration header, Duration body, Duration send) {
    ServerOptions options;
    options.idle_timeout = idle;
    options.header_timeout = header;
    options.body_timeout = body;
    options.send_timeout = send;
    return options;
}

TEST(ServerLimits, AnIdleConnectionIsClosedWithoutAWord) {
    const auto body = [](Server& server) -> Task<void> {
        Peer silent = co_await Peer::connect(server.port());
        std::string all = co_await silent.read_all();
        EXPECT_EQ(all, "");
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/"));
        EXPECT_EQ(answer.body, "hello");
        all = co_await peer.read_all();
        EXPECT_EQ(all, "");
    };
    with_server(hello, body, with_timeouts(500ms, 1h, 1h, 1h));
}

// The loop learns of the request and of the end of the time in the same turn.
TEST(ServerLimits, ARequestThatCameInTimeIsAnsweredThoughTheLoopWasHeld) {
    const auto waiting = [](const Request& request) -> Task<Response> {
        co_await yield_now();
        co_return Response::text(200, std::string(request.body()));
    };
    static constexpr auto kLimit = 100ms;
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        for (const bool whole : {true, false}) {
            const Answer first = co_await peer.ask(post("/", "first"));
            EXPECT_EQ(first.body, "first");
            for (int i = 0; i < 10; ++i) co_await yield_now();  // the server waits for the next one
            const std::string text = post("/", "in time");
            (void)peer.socket().try_send(text.substr(0, whole ? text.size() : 10));
            std::this_thread::sleep_for(2 * kLimit);  // stands for what holds the loop
            if (!whole) co_await peer.send(text.substr(10));
            const Answer answer = co_await peer.read_answer();
            EXPECT_EQ(answer.status, 200);
            EXPECT_EQ(answer.body, "in time");
        }
    };
    with_server(waiting, body, with_timeouts(kLimit, 20s, kLimit, kLimit));
}

TEST(ServerLimits, AHeadThatStopsGets408) {
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/first") + "GET / HT");
        const Answer first = co_await peer.read_answer();
        EXPECT_EQ(first.status, 200);
        const Answer answer = co_await peer.read_answer();
        EXPECT_EQ(answer.status, 408);
        EXPECT_EQ(answer.field("Connection"), "close");
        const bool ended = co_await peer.at_end();
        EXPECT_TRUE(ended);
    };
    with_server(hello, body, with_timeouts(1h, 20ms, 1h, 1h));
}

TEST(ServerLimits, AHeadThatTricklesGets408) {
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send("GET / HTTP/1.1\r\nHost: test\r\nX: ");
        std::vector<char> buffer(4096);
        std::optional<std::size_t> size;
        while (!size) {
            co_await peer.send("a");
            co_await yield_now();
            size = peer.socket().try_recv(buffer);
        }
        EXPECT_THAT(std::string(buffer.data(), *size), StartsWith("HTTP/1.1 408 "));
    };
    with_server(hello, body, with_timeouts(1h, 20ms, 1h, 1h));
}

TEST(ServerLimits, ABodyThatStopsGets408) {
    const auto body = [](Server& server) -> Task<void> {
        for (const char* framing : {"Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
            Peer peer = co_await Peer::connect(server.port());
            const std::string request = std::string("POST / HTTP/1.1\r\nHost: test\r\n") + framing;
            const Answer answer = co_await peer.ask(request);
            EXPECT_EQ(answer.status, 408);
            const bool ended = co_await peer.at_end();
            EXPECT_TRUE(ended);
        }
    };
    with_server(hello, body, with_timeouts(1h, 1h, 20ms, 1h));
}

TEST(ServerLimits, NoTimeRunsWhileTheHandlerDoes) {
    const auto slow = [](const Request&) -> Task<Response> {
        co_await sleep(600ms);
        co_return Response::text(200, "at last");
    };
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(post("/", "body"));
        EXPECT_EQ(answer.body, "at last");
    };
    with_server(slow, body, with_timeouts(250ms, 250ms, 250ms, 250ms));
}

// Tells when a response is gone, since a client that does not read cannot.
class Tracked {
public:
    Tracked() : gone_(ended_.future()) {}
    std::shared_ptr<const std::string> body() {
        return {new std::string(50'000'000, 'x'), [this](const std::string* text) {
                    delete text;
                    (void)ended_.try_set_result();
                }};
    }
    Future<void> gone() const { return gone_; }

private:
    Promise<void> ended_;
    Future<void> gone_;
};

TEST(ServerLimits, AClientThatDoesNotReadIsReset) {
    Tracked tracked;
    const auto handler = [&tracked](const Request&) -> Task<Response> {
        co_return Response::shared(200, tracked.body(), "text/plain");
    };
    const auto body = [&tracked](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/"));
        co_await tracked.gone();
        bool reset = false;
        try {
            const Answer answer = co_await peer.read_answer();
        } catch (const std::system_error& error) {
            reset = error.code() == std::errc::connection_reset;
        }
        EXPECT_TRUE(reset);
    };
    with_server(handler, body, with_timeouts(1h, 1h, 1h, 20ms));
}

// Each wait for it is short, all of them together several times the limit.
TEST(ServerLimits, AClientThatReadsSlowlyGetsEverything) {
    std::string numbers;
    while (numbers.size() < 50'000'000) numbers += std::to_string(numbers.size()) + ' ';
    const auto sent = std::make_shared<const std::string>(std::move(numbers));
    const auto handler = [&sent](const Request&) -> Task<Response> {
        co_return Response::shared(200, sent, "text/plain");
    };
    constexpr auto kLimit = 400ms;
    const auto body = [&](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/", "Connection: close\r\n"));
        const TimePoint begin = EventLoop::current().time();
        std::vector<char> memory(1'000'000);
        const std::span<char> room(memory);
        std::string got;
        for (;;) {
            const std::size_t size = co_await peer.socket().async_recv(room);
            if (size == 0) break;
            got.append(memory.data(), size);
            co_await sleep(kLimit / 20);
        }
        EXPECT_GT(EventLoop::current().time() - begin, 2 * kLimit) << "not slow: this proves nothing";
        const std::size_t head = got.find("\r\n\r\n");
        EXPECT_TRUE(head != std::string::npos && got.compare(head + 4, std::string::npos, *sent) == 0);
    };
    with_server(handler, body, with_timeouts(1h, 1h, 1h, kLimit));
}

TEST(ServerLimits, AClientThatTakesALittleAllTheTimeIsNotReset) {
    Tracked tracked;
    const auto handler = [&tracked](const Request&) -> Task<Response> {
        co_return Response::shared(200, tracked.body(), "text/plain");
    };
    constexpr auto kLimit = 400ms;
    const auto body = [&](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const int small = 32 * 1024;
        ::setsockopt(peer.socket().fileno(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        co_await peer.send(get("/", "Connection: close\r\n"));
        std::vector<char> memory(64 * 1024);
        const std::span<char> room(memory);
        std::size_t got = 0;
        const TimePoint end = EventLoop::current().time() + 5 * kLimit / 2;
        while (EventLoop::current().time() < end) {  // too little for the kernel to say that there is room
            got += co_await peer.socket().async_recv(room);
            co_await sleep(kLimit / 8);
        }
        EXPECT_EQ(server.connections(), 1u);
        EXPECT_LT(got, 3'000'000u);
        const std::string rest = co_await peer.read_all();
        EXPECT_GT(got + rest.size(), 50'000'000u);
    };
    with_server(handler, body, with_timeouts(1h, 1h, 1h, kLimit));
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

TEST(ServerLimits, WithoutDescriptorsItWaitsForBetterTimes) {
    const FewDescriptors few;
    const auto body = [](Server& server) -> Task<void> {
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
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        Socket socket(fd);
        Peer late(std::move(socket));
        answer = co_await late.ask(get("/"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(server.connections(), 2u);
    };
    with_server(hello, body);
}

}  // namespace
}  // namespace hocket::http
