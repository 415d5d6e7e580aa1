// Routes, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Task<Response> sensors(const Request& request) {
    if (request.header("X-API-KEY") != "secret") co_return Response::json(403, R"({"error":"wrong key"})");
    co_return Response::json(200, R"({"sensors":[]})");
}

Task<Response> sensor(const Request& request) {
    co_await yield_now();
    const std::string unit = request.query("unit").value_or("C");
    if (request.parameter("id") == "none") throw StatusError(404, "no such sensor");
    co_return Response::text(200, request.parameter("id") + " in " + unit);
}

Task<Response> echo(const Request& request) { co_return Response::text(200, request.body()); }

Task<Response> method_of(const Request& request) { co_return Response::text(200, request.method()); }

void add_routes(Server& server) {
    server.get("/v/2.0/sensors/", sensors)
        .get("/sensors/{id}", sensor)
        .post("/echo", echo)
        .put("/echo", method_of)
        .patch("/echo", method_of)
        .del("/echo", method_of)
        .any("/any/{all...}", method_of)
        .route("REPORT", "/report", method_of);
    server.head("/own-head", method_of).options("/own-options", method_of);
}

TEST(Routes, LeadToTheirHandlers) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(get("/v/2.0/sensors/", "x-api-key: secret\r\n"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.field("Content-Type"), "application/json");
        answer = co_await peer.ask(get("/v/2.0/sensors/"));
        EXPECT_EQ(answer.status, 403);
        answer = co_await peer.ask(get("/sensors/7?unit=%C2%B0F"));
        EXPECT_EQ(answer.body,
                  "7 in \xc2\xb0"
                  "F");
        answer = co_await peer.ask(post("/echo", "hello"));
        EXPECT_EQ(answer.body, "hello");
        for (const std::string method : {"PUT", "PATCH", "DELETE"}) {
            answer = co_await peer.ask(method + " /echo HTTP/1.1\r\nHost: test\r\n\r\n");
            EXPECT_EQ(answer.body, method);
        }
        answer = co_await peer.ask("REPORT /report HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.body, "REPORT");
        answer = co_await peer.ask("PURGE /any/thing HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.body, "PURGE");
    });
}

TEST(Routes, WhatHasNoRouteIs404Or405) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(get("/nowhere"));
        EXPECT_EQ(answer.status, 404);
        answer = co_await peer.ask(post("/nowhere", "with a body"));
        EXPECT_EQ(answer.status, 404);
        answer = co_await peer.ask(get("/echo"));
        EXPECT_EQ(answer.status, 405);
        EXPECT_EQ(answer.field("Allow"), "DELETE, OPTIONS, PATCH, POST, PUT");
        answer = co_await peer.ask(post("/v/2.0/sensors/", "x"));
        EXPECT_EQ(answer.status, 405);
        EXPECT_EQ(answer.field("Allow"), "GET, HEAD, OPTIONS");
        answer = co_await peer.ask(get("/sensors/%zz"));
        EXPECT_EQ(answer.status, 400);
        answer = co_await peer.ask(get("/sensors/%2e%2e"));
        EXPECT_EQ(answer.status, 400);
        answer = co_await peer.ask(get("/sensors/1?unit=%4"));
        EXPECT_EQ(answer.status, 400);
        answer = co_await peer.ask(get("/sensors/1"));  // on the same connection
        EXPECT_EQ(answer.body, "1 in C");
    });
}

TEST(Routes, AnswerHeadAndOptions) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask("HEAD /sensors/7 HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.field("Content-Length"), "6");
        answer = co_await peer.ask("HEAD /own-head HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.field("Content-Length"), "4");
        answer = co_await peer.ask("OPTIONS /echo HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.status, 204);
        EXPECT_EQ(answer.field("Allow"), "DELETE, OPTIONS, PATCH, POST, PUT");
        answer = co_await peer.ask("OPTIONS /own-options HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.body, "OPTIONS");
        answer = co_await peer.ask("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.status, 204);
        EXPECT_THAT(answer.field("Allow"), HasSubstr("REPORT"));
        answer = co_await peer.ask(get("/sensors/7"));
        EXPECT_EQ(answer.body, "7 in C");
    });
}

TEST(Routes, AStatusErrorIsTheResponseAndIsNotReported) {
    const Reports reports;
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer answer = co_await peer.ask(get("/sensors/none"));
        EXPECT_EQ(answer.status, 404);
        EXPECT_EQ(answer.body, "no such sensor\n");
    });
    EXPECT_THAT(reports.texts, testing::IsEmpty());
}

TEST(Routes, LeaveTheRestToTheHandlerForAll) {
    const auto prepare = [](Server& server) { server.get("/route", echo).handle(method_of); };
    with_routes(prepare, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer answer = co_await peer.ask(get("/other"));
        EXPECT_EQ(answer.body, "GET");
        answer = co_await peer.ask(post("/route", ""));
        EXPECT_EQ(answer.status, 405);
    });
}

TEST(Routes, MayBeAddedWhileTheServerListens) {
    with_routes(add_routes, [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Promise<void> gate;
        const Future<void> opened = gate.future();
        const std::string text = "waited";
        server.get("/wait", [&opened, text](const Request&) -> Task<Response> {
            co_await shield(opened);
            co_return Response::text(200, text);
        });
        co_await peer.send(get("/wait"));
        Peer other = co_await Peer::connect(server.port());
        Answer answer = co_await other.ask(get("/late/99"));
        EXPECT_EQ(answer.status, 404);
        for (int i = 0; i < 100; ++i) server.get("/late/" + std::to_string(i), method_of);
        answer = co_await other.ask(get("/late/99"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_THROW(server.get("/late/99", method_of), std::invalid_argument);
        gate.set_result();
        answer = co_await peer.read_answer();
        EXPECT_EQ(answer.body, "waited");
    });
}

TEST(Routes, ASlowHandlerDoesNotKeepTheServerOpen) {
    ServerOptions options;
    options.close_grace = 20ms;
    const auto test = [](ServerOptions chosen) -> Task<void> {
        Server server(chosen);
        Promise<void> begun;
        const Future<void> began = begun.future();
        server.get("/slow", [&begun](const Request&) -> Task<Response> {
            begun.set_result();
            co_await sleep(1h);
            co_return Response::text(200, "never");
        });
        co_await server.listen("127.0.0.1", 0);
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/slow"));
        co_await began;
        co_await timeout(5s, server.close());
        EXPECT_EQ(server.connections(), 0u);
    };
    run(test(options));
}

}  // namespace
}  // namespace hocket::http
