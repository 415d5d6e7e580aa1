// What a server tells of the requests that it has answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

AsyncGenerator<std::string> pieces() {
    co_yield std::string("12345");
    co_await yield_now();
    co_yield std::string("678");
}

Task<Response> answer(const Request& request) {
    if (request.path() == "/stream") co_return Response::stream(200, pieces(), "text/plain");
    if (request.path() == "/large") co_return Response::text(200, std::string(3'000'000, 'x'));
    if (request.path() == "/sleep") co_await sleep(1h);
    if (request.path() == "/throw") throw StatusError(418, "teapot");
    co_return Response::text(200, request.body());
}

// Collects records as lines.
class Log {
public:
    AccessHook hook() {
        return [this](const AccessRecord& record) {
            lines.push_back(std::string(record.method) + " " + std::string(record.target) + " " +
                            std::to_string(record.status) + " " + std::to_string(record.bytes) +
                            (record.complete ? "" : " incomplete"));
            EXPECT_GE(record.duration, 0ns);
            EXPECT_EQ(record.peer.to_string().substr(0, 10), "127.0.0.1:");
        };
    }
    std::vector<std::string> lines;
};

TEST(AccessLog, HasALineForEachRequest) {
    Log log;
    const auto prepare = [&log](Server& server) { server.handle(answer).on_access(log.hook()); };
    with_routes(prepare, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/a?b") + post("/echo", "body") + get("/stream") + get("/large") +
                           "HEAD /large HTTP/1.1\r\nHost: test\r\n\r\n" + get("/throw"));
        for (int i = 0; i < 6; ++i) {
            const Answer got = co_await peer.read_answer(i == 4);
            EXPECT_NE(got.status, 500);
        }
        const Answer got = co_await peer.ask("nonsense\r\n\r\n");
        EXPECT_EQ(got.status, 400);
    });
    EXPECT_THAT(log.lines, ElementsAre("GET /a?b 200 0", "POST /echo 200 4", "GET /stream 200 8",
                                       "GET /large 200 3000000", "HEAD /large 200 0", "GET /throw 418 7", "  400 23"));
}

TEST(AccessLog, HasTheRequestsThatWereGivenUp) {
    Log log;
    ServerOptions options;
    options.close_grace = 10ms;
    const auto prepare = [&log](Server& server) { server.handle(answer).on_access(log.hook()); };
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Peer other = co_await Peer::connect(server.port());
        co_await peer.send(get("/sleep"));
        const Answer got = co_await other.ask(get("/"));
        EXPECT_EQ(got.status, 200);
        co_await server.close();
    };
    with_routes(prepare, body, options);
    EXPECT_THAT(log.lines, ElementsAre("GET / 200 0", "GET /sleep 0 0 incomplete"));
}

TEST(AccessLog, AHookThatFailsIsReported) {
    const Reports reports;
    const auto prepare = [](Server& server) {
        server.handle(answer).on_access([](const AccessRecord&) { throw std::runtime_error("disk full"); });
    };
    with_routes(prepare, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer got = co_await peer.ask(post("/", "x"));
        EXPECT_EQ(got.body, "x");
    });
    ASSERT_EQ(reports.texts.size(), 1u);
    EXPECT_THAT(reports.texts[0], testing::HasSubstr("disk full"));
}

}  // namespace
}  // namespace hocket::http
