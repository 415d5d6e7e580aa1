// One server for each loop of a pool, all on one port.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "peer.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;

// The server of one loop, which says by whom a request was answered.
Task<std::unique_ptr<Server>> start(std::size_t index, std::uint16_t port) {
    auto server = std::make_unique<Server>();
    server->handle([index](const Request&) -> Task<Response> { co_return Response::text(200, std::to_string(index)); });
    ListenOptions shared;
    shared.reuse_port = true;
    co_await server->listen("127.0.0.1", port, shared);
    co_return server;
}

TEST(ServerOnSeveralLoops, ThatShareAPortShareTheConnections) {
    constexpr std::size_t kLoops = 3;
    LoopPool loops(kLoops);
    std::vector<std::unique_ptr<Server>> servers;
    std::uint16_t port = 0;
    for (std::size_t i = 0; i < kLoops; ++i) {
        servers.push_back(run_coroutine_threadsafe(start(i, port), loops.loop(i)).result());
        port = servers.front()->port();
        EXPECT_EQ(servers.back()->port(), port);
    }
    std::map<std::string, int> answered;
    const auto ask = [&]() -> Task<void> {
        for (int i = 0; i < 200; ++i) {
            Peer peer = co_await Peer::connect(port);
            const Answer first = co_await peer.ask(get("/"));
            const Answer second = co_await peer.ask(get("/"));
            EXPECT_EQ(first.body, second.body);  // a connection stays where it is
            ++answered[first.body];
        }
    };
    run(timeout(30s, ask()));
    EXPECT_EQ(answered.size(), kLoops);  // all but certain: each connection's place is drawn by its port
    const auto close = [&](std::size_t index) -> Task<void> {
        co_await servers[index]->close();
        servers[index] = nullptr;
    };
    for (Future<void>& closed : loops.run_on_each(close)) closed.result();
    EXPECT_THROW(Socket::connect("127.0.0.1", port), std::system_error);
}

}  // namespace
}  // namespace hocket::http
