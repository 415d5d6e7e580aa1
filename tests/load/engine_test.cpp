// The engine against real servers: an nginx that counts for itself, and servers that do everything wrong.
#include "load/engine.hpp"
#include "held_port.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>

#include "hocket/sync.hpp"
#include "load/options.hpp"
#include "nginx.hpp"
#include "sanitizers.hpp"
#include "scripted_server.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;
using testing::Nginx;
using testing::ScriptedServer;

LoadOptions options_for(const std::string& url, std::uint64_t requests, unsigned connections = 10,
                        unsigned threads = 2) {
    LoadOptions options;
    options.url = parse_url(url);
    options.requests = requests;
    options.connections = connections;
    options.threads = threads;
    options.timeout = 10s;
    return options;
}

Summary run_to_end(const LoadOptions& options) {
    Engine engine(options, Address::ip(options.url->host, options.url->port));
    engine.start().result();
    return engine.summary();
}

// The first error's message, for a test that expected none.
std::string first_error(const Summary& summary) {
    for (const ErrorCount& error : summary.errors) {
        if (error.count > 0) return error.example;
    }
    return "no error";
}

std::uint64_t statuses_of(const Summary& summary, unsigned status) {
    const auto found = summary.statuses.find(status);
    return found == summary.statuses.end() ? 0 : found->second;
}

std::uint64_t errors_of(const Summary& summary, ErrorKind kind) {
    return summary.errors[static_cast<std::size_t>(kind)].count;
}

class EngineAtNginx : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        nginx = std::make_unique<Nginx>(
            "location = / { return 200 'hello'; }\n"
            "location = /empty { return 200; }\n"
            "location = /none { return 204; }\n"
            "location = /missing { return 404 'no'; }\n"
            "location = /post { client_max_body_size 1m; return 200 'posted'; }\n"
            "location = /unchanged { return 304; }\n"
            "location /files/ { alias FOLDER/; gzip on; gzip_min_length 1; gzip_types text/plain; }\n");
        std::ofstream(nginx->path("one")) << "x";
        std::ofstream(nginx->path("large")) << std::string(100 * 1024, 'x');
    }
    static void TearDownTestSuite() { nginx.reset(); }
    static std::size_t log_lines() { return nginx->log().size(); }
    // The log lines since `before`. nginx writes one after its answer, so the last ones may need a moment: a restart
    // completes them.
    static std::vector<std::string> log_since(std::size_t before) {
        nginx->stop();
        nginx->start();
        const auto lines = nginx->log();
        return {lines.begin() + static_cast<std::ptrdiff_t>(before), lines.end()};
    }
    static std::unique_ptr<Nginx> nginx;
};
std::unique_ptr<Nginx> EngineAtNginx::nginx;

TEST_F(EngineAtNginx, sends_exactly_the_requests_asked_for) {
    const auto before = log_lines();
    const Summary summary = run_to_end(options_for(nginx->url("/"), 10'000, 50));
    EXPECT_EQ(statuses_of(summary, 200), 10'000u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
    EXPECT_EQ(summary.unfinished, 0u);
    EXPECT_EQ(summary.latency.count(), 10'000u);
    EXPECT_GT(summary.cpu_seconds, 0);
    EXPECT_EQ(log_since(before).size(), 10'000u);
}

struct Body {
    const char* target;
    unsigned status;
    std::uint64_t bytes;  // of each body on the wire, at least
};

class EngineAtNginxBodies : public EngineAtNginx, public ::testing::WithParamInterface<Body> {};

TEST_P(EngineAtNginxBodies, are_read_to_their_ends) {
    const Body& body = GetParam();
    constexpr std::uint64_t requests = 500;
    const auto before = log_lines();
    const Summary summary = run_to_end(options_for(nginx->url(body.target), requests));
    EXPECT_EQ(statuses_of(summary, body.status), requests);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
    EXPECT_GE(summary.bytes_received, requests * body.bytes);
    EXPECT_LT(summary.bytes_received, requests * (body.bytes + 400)) << "heads of up to 400 bytes";
    const auto lines = log_since(before);
    ASSERT_EQ(lines.size(), requests);
    EXPECT_EQ(lines.back(), std::to_string(body.status) + " GET - " + std::to_string(body.bytes));
}

INSTANTIATE_TEST_SUITE_P(Sizes, EngineAtNginxBodies,
                         ::testing::Values(Body{"/empty", 200, 0}, Body{"/files/one", 200, 1},
                                           Body{"/files/large", 200, 102'400}, Body{"/none", 204, 0},
                                           Body{"/unchanged", 304, 0}, Body{"/missing", 404, 2}));

TEST_F(EngineAtNginx, reads_chunked_bodies) {
    auto options = options_for(nginx->url("/files/large"), 500);
    options.request.headers = {
        "Accept-Encoding: gzip"};  // compressed on the fly, hence of unknown length, hence chunked
    const Summary summary = run_to_end(options);
    EXPECT_EQ(statuses_of(summary, 200), 500u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
    EXPECT_LT(summary.bytes_received, 500u * 4096) << "was not compressed";
}

TEST_F(EngineAtNginx, head_has_no_body) {
    const auto before = log_lines();
    auto options = options_for(nginx->url("/files/large"), 500);
    options.request.method = "HEAD";
    const Summary summary = run_to_end(options);
    EXPECT_EQ(statuses_of(summary, 200), 500u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
    EXPECT_LT(summary.bytes_received, 500u * 500);
    EXPECT_EQ(log_since(before).back(), "200 HEAD - 0");
}

TEST_F(EngineAtNginx, post_sends_its_body) {
    for (const std::size_t size : {0u, 1u, 100'000u}) {
        const auto before = log_lines();
        auto options = options_for(nginx->url("/post"), 200);
        options.request.method = "POST";
        options.request.body = std::string(size, 'b');
        const Summary summary = run_to_end(options);
        EXPECT_EQ(statuses_of(summary, 200), 200u);
        EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
        EXPECT_GE(summary.bytes_sent, 200 * size);
        const auto lines = log_since(before);
        ASSERT_EQ(lines.size(), 200u);
        EXPECT_EQ(lines.back(), "200 POST " + std::to_string(size) + " 6");
    }
}

TEST_F(EngineAtNginx, speaks_tls) {
    auto options = options_for(nginx->tls_url("/files/large"), 300);
    options.insecure = true;
    const Summary summary = run_to_end(options);
    EXPECT_EQ(summary.responses(), 300u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
}

TEST_F(EngineAtNginx, tells_an_untrusted_certificate) {
    const Summary summary = run_to_end(options_for(nginx->tls_url("/"), 4, 2, 1));
    EXPECT_EQ(errors_of(summary, ErrorKind::tls), 4u);
    EXPECT_NE(summary.errors[static_cast<std::size_t>(ErrorKind::tls)].example.find("not trusted"), std::string::npos);
}

TEST_F(EngineAtNginx, accounts_for_all_when_the_server_stops_and_comes_back) {
    const std::uint64_t requests = testing::kSanitized ? 20'000 : 100'000;
    auto options = options_for(nginx->url("/"), requests, 4);
    Engine engine(options, Address::ip(options.url->host, options.url->port));
    const Future<void> ended = engine.start();
    while (engine.counts().done < 500) std::this_thread::yield();
    nginx->stop();
    while (engine.counts().errors == 0 && !ended.done()) std::this_thread::yield();
    nginx->start();
    ended.result();
    const Summary summary = engine.summary();
    EXPECT_EQ(summary.requests(), requests);
    EXPECT_EQ(summary.unfinished, 0u);
    EXPECT_GT(summary.error_total(), 0u) << "it was never away";
    EXPECT_GT(summary.responses(), 500u) << "it never came back";
}

// Servers that answer wrongly.

Summary run_against(ScriptedServer::Script script, std::uint64_t requests = 20,
                    std::chrono::milliseconds timeout = 10s) {
    ScriptedServer server(std::move(script));
    auto options = options_for(server.url(), requests, 4);
    options.timeout = timeout;
    return run_to_end(options);
}

ScriptedServer::Script answer(std::string text) {
    return [text](Socket& socket) -> Task<void> {
        bool asked = co_await ScriptedServer::read_request(socket);
        while (asked) {
            co_await socket.async_send(text);
            asked = co_await ScriptedServer::read_request(socket);
        }
    };
}

// Answers once, then closes.
ScriptedServer::Script answer_and_close(std::string text) {
    return [text](Socket& socket) -> Task<void> {
        const bool asked = co_await ScriptedServer::read_request(socket);
        if (asked) co_await socket.async_send(text);
    };
}

TEST(EngineAtBrokenServer, garbage_is_a_protocol_error) {
    const Summary summary = run_against(answer("\x01\x02 what is this\r\n\r\n"));
    EXPECT_EQ(errors_of(summary, ErrorKind::protocol), 20u);
}

TEST(EngineAtBrokenServer, half_a_response_is_a_receive_error) {
    const Summary summary = run_against(answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
    EXPECT_EQ(errors_of(summary, ErrorKind::receive), 20u);
}

TEST(EngineAtBrokenServer, half_a_head_is_a_receive_error) {
    const Summary summary = run_against(answer_and_close("HTTP/1.1 200 OK\r\nContent-Le"));
    EXPECT_EQ(errors_of(summary, ErrorKind::receive), 20u);
}

TEST(EngineAtBrokenServer, closing_without_an_answer_is_a_receive_error) {
    const Summary summary = run_against(answer_and_close(""));
    EXPECT_EQ(errors_of(summary, ErrorKind::receive), 20u);
}

TEST(EngineAtBrokenServer, an_endless_head_is_a_protocol_error) {
    const Summary summary = run_against([](Socket& socket) -> Task<void> {
        const bool asked = co_await ScriptedServer::read_request(socket);
        if (!asked) co_return;
        co_await socket.async_send("HTTP/1.1 200 OK\r\n");
        const std::string header = "X-More: " + std::string(1000, 'x') + "\r\n";
        for (;;) co_await socket.async_send(header);
    });
    EXPECT_EQ(errors_of(summary, ErrorKind::protocol), 20u);
}

TEST(EngineAtBrokenServer, one_byte_at_a_time_is_fine) {
    const Summary summary = run_against([](Socket& socket) -> Task<void> {
        const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        bool asked = co_await ScriptedServer::read_request(socket);
        while (asked) {
            for (const char& byte : text) {
                co_await socket.async_send(std::string_view(&byte, 1));
                co_await yield_now();
            }
            asked = co_await ScriptedServer::read_request(socket);
        }
    });
    EXPECT_EQ(statuses_of(summary, 200), 20u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
}

TEST(EngineAtBrokenServer, silence_is_a_timeout) {
    const auto started = std::chrono::steady_clock::now();
    const Summary summary = run_against(answer(""), 8, 100ms);
    EXPECT_EQ(errors_of(summary, ErrorKind::timeout), 8u);
    EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
}

TEST(EngineAtBrokenServer, bytes_after_the_response_are_a_protocol_error) {
    const Summary summary = run_against(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokSURPLUS"));
    EXPECT_EQ(errors_of(summary, ErrorKind::protocol), 20u);
}

TEST(EngineAtBrokenServer, closing_between_requests_is_no_error) {
    const Summary summary = run_against(answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), 100);
    EXPECT_EQ(statuses_of(summary, 200), 100u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
}

// Reads each second request of a connection, and hangs up.
ScriptedServer::Script answer_one_and_drop_one(std::atomic<int>& received) {
    return [&received](Socket& socket) -> Task<void> {
        bool asked = co_await ScriptedServer::read_request(socket);
        if (!asked) co_return;
        ++received;
        co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        asked = co_await ScriptedServer::read_request(socket);
        if (asked) ++received;
    };
}

TEST(EngineAtBrokenServer, a_request_that_meets_a_close_is_sent_again_and_told) {
    std::atomic<int> received = 0;
    ScriptedServer server(answer_one_and_drop_one(received));
    const Summary summary = run_to_end(options_for(server.url(), 10, 1));
    EXPECT_EQ(statuses_of(summary, 200), 10u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
    EXPECT_EQ(summary.resent, 9u);
    EXPECT_EQ(received, 19);
}

TEST(EngineAtBrokenServer, a_post_is_never_sent_twice) {
    std::atomic<int> received = 0;
    ScriptedServer server(answer_one_and_drop_one(received));
    auto options = options_for(server.url(), 10, 1);
    options.request.method = "POST";
    const Summary summary = run_to_end(options);
    EXPECT_EQ(statuses_of(summary, 200), 5u);
    EXPECT_EQ(errors_of(summary, ErrorKind::receive), 5u);
    EXPECT_EQ(summary.resent, 0u);
    EXPECT_EQ(received, 10);
}

// The server answers from the head alone, reads no body, and closes, or goes on without reading.
class EngineAtEarlyAnswer : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Server, EngineAtEarlyAnswer, ::testing::Bool(),
                         [](const auto& param_info) { return param_info.param ? "closes" : "stays"; });

TEST_P(EngineAtEarlyAnswer, counts_as_the_status) {
    Event over;
    ScriptedServer server([&, closes = GetParam()](Socket& socket) -> Task<void> {
        const bool asked = co_await ScriptedServer::read_request(socket);
        if (!asked) co_return;
        co_await socket.async_send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        if (!closes) co_await over.async_wait();
    });
    auto options = options_for(server.url(), 10, 2);
    options.request.method = "POST";
    options.request.body = std::string(20 << 20, 'x');
    const Summary summary = run_to_end(options);
    over.set();
    EXPECT_EQ(statuses_of(summary, 413), 10u) << first_error(summary) << summary.responses();
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
}

TEST(EngineAtBrokenServer, a_body_may_last_until_the_close) {
    const Summary summary = run_against(answer_and_close("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    EXPECT_EQ(statuses_of(summary, 200), 20u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
}

TEST(EngineAtBrokenServer, interim_responses_are_skipped) {
    const Summary summary =
        run_against(answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(statuses_of(summary, 201), 20u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
}

TEST(EngineAtBrokenServer, a_refused_connection_is_a_connect_error) {
    const testing::HeldPort held;
    const std::uint16_t port = held.port();
    const Summary summary = run_to_end(options_for("http://127.0.0.1:" + std::to_string(port) + "/", 20, 4));
    EXPECT_EQ(errors_of(summary, ErrorKind::connect), 20u);
    EXPECT_NE(summary.errors[static_cast<std::size_t>(ErrorKind::connect)].example.find("refused"), std::string::npos);
}

TEST(Engine, stop_ends_a_run_that_waits) {
    ScriptedServer server(answer(""));  // never answers
    auto options = options_for(server.url(), 1000, 10);
    options.timeout = 1h;
    Engine engine(options, Address::ip("127.0.0.1", server.port()));
    const Future<void> ended = engine.start();
    const auto stopped = std::chrono::steady_clock::now();
    engine.stop();
    ended.result();
    EXPECT_LT(std::chrono::steady_clock::now() - stopped, 30s);
    EXPECT_TRUE(engine.summary().interrupted);
    EXPECT_EQ(engine.summary().requests(), 0u);
    EXPECT_LE(engine.summary().unfinished, 10u);
}

TEST(Engine, may_be_destroyed_while_it_runs) {
    ScriptedServer server(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    for (int i = 0; i < 50; ++i) {
        Engine engine(options_for(server.url(), 1'000'000), Address::ip("127.0.0.1", server.port()));
        (void)engine.start();
    }
}

TEST(Engine, time_ends_a_run_and_leaves_no_false_errors) {
    std::atomic<std::uint64_t> received = 0;
    ScriptedServer server([&](Socket& socket) -> Task<void> {
        bool asked = co_await ScriptedServer::read_request(socket);
        while (asked) {
            ++received;
            asked = co_await ScriptedServer::read_request(socket);
        }
    });
    auto options = options_for(server.url(), 1000, 3, 1);
    options.requests.reset();
    options.duration = 300ms;
    options.timeout = 1h;
    const auto started = std::chrono::steady_clock::now();
    const Summary summary = run_to_end(options);
    EXPECT_LT(std::chrono::steady_clock::now() - started, 30s);
    EXPECT_LE(summary.unfinished, 3u) << "one for each connection";
    EXPECT_GE(summary.unfinished, received.load());
    EXPECT_EQ(summary.requests(), 0u);
    EXPECT_EQ(summary.error_total(), 0u) << first_error(summary);
    EXPECT_FALSE(summary.interrupted);
}

TEST(Engine, duration_and_count_end_at_whichever_comes_first) {
    ScriptedServer server(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    auto options = options_for(server.url(), 50);
    options.duration = 1h;
    EXPECT_EQ(statuses_of(run_to_end(options), 200), 50u);
}

TEST(Engine, refuses_a_request_that_cannot_be_built) {
    auto options = options_for("http://127.0.0.1:1/", 1);
    options.request.headers = {"Bad Header: x"};
    EXPECT_THROW(Engine(options, Address::ip("127.0.0.1", 1)), std::invalid_argument);
}

}  // namespace
}  // namespace hocket::load
