// A server on a loop of its own, for the length of a test.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "peer.hpp"

namespace hocket::http {

/// Runs `body(server)`, a coroutine, with a server that listens and answers by `handler`; closes the server afterwards
/// and expects that no connection is left.
template <class Body>
void with_server(Handler handler, Body body, ServerOptions options = ServerOptions()) {
    using namespace std::chrono_literals;
    const auto test = [](Handler given, Body inner, ServerOptions chosen) -> Task<void> {
        Server server(chosen);
        server.handle(std::move(given));
        co_await server.listen("127.0.0.1", 0);
        co_await timeout(30s, inner(server));
        co_await timeout(10s, server.close());
        EXPECT_EQ(server.connections(), 0u);
    };
    run(test(std::move(handler), std::move(body), options));
}

/// The same with a server to which `prepare(server)` gives its routes.
template <class Prepare, class Body>
void with_routes(Prepare prepare, Body body, ServerOptions options = ServerOptions()) {
    using namespace std::chrono_literals;
    const auto test = [](Prepare given, Body inner, ServerOptions chosen) -> Task<void> {
        Server server(chosen);
        given(server);
        co_await server.listen("127.0.0.1", 0);
        co_await timeout(30s, inner(server));
        co_await timeout(10s, server.close());
        EXPECT_EQ(server.connections(), 0u);
    };
    run(test(std::move(prepare), std::move(body), options));
}

/// Collects reports instead of printing them.
class Reports {
public:
    Reports() {
        before_ = set_report_hook([this](ReportKind, std::string_view text) { texts.emplace_back(text); });
    }
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;
    ~Reports() { set_report_hook(before_); }
    std::vector<std::string> texts;

private:
    ReportHook before_;
};

}  // namespace hocket::http
