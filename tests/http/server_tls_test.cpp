// The server over TLS, with our client, with bytes of our own, and with other programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "net/tls_fixture.hpp"
#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using test::Certificates;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ServerOptions encrypted(TlsServerOptions tls = Certificates::get().server()) {
    ServerOptions options;
    options.tls = TlsContext::server(std::move(tls));
    return options;
}

Options trusting() { return Options().ca_file(Certificates::get().path("ca.pem")); }

std::string url(const Server& server, const std::string& target) {
    return "https://localhost:" + std::to_string(server.port()) + target;
}

Task<Stream> connect(const Server& server) {
    const TlsContext context = TlsContext::client(Certificates::get().client());
    co_return co_await open_connection(Address::ip("127.0.0.1", server.port()), "localhost", context);
}

AsyncGenerator<std::string> pieces() {
    for (int i = 0; i < 100; ++i) {
        std::string piece(10'000, static_cast<char>('a' + i % 26));
        co_yield std::move(piece);
    }
}

Task<Response> answer(const Request& request) {
    if (request.path() == "/echo") co_return Response::text(200, request.body());
    if (request.path() == "/large") co_return Response::text(200, std::string(5'000'000, 'l'));
    if (request.path() == "/chunked") co_return std::move(Response::text(200, std::string(100'000, 'c')).chunked(777));
    if (request.path() == "/stream") co_return Response::stream(200, pieces(), "text/plain");
    if (request.path() == "/tls") {
        const auto& tls = request.tls_info();
        if (!tls) co_return Response::text(200, "none");
        co_return Response::text(200, tls->version + " " + tls->server_name + " " +
                                          (tls->peer ? tls->peer->subject : std::string("nobody")));
    }
    co_return Response::text(200, "Hello, world\n");
}

TEST(ServerTls, AnswersOurClient) {
    const auto body = [](Server& server) -> Task<void> {
        Client client;
        const Options options = trusting();
        Response got = co_await client.get(url(server, "/"), options);
        EXPECT_EQ(got.body(), "Hello, world\n");
        got = co_await client.get(url(server, "/tls"), options);
        EXPECT_EQ(got.body(), "TLSv1.3 localhost nobody");
        got = co_await client.get(url(server, "/large"), options);
        EXPECT_EQ(got.body().size(), 5'000'000u);
        got = co_await client.get(url(server, "/chunked"), options);
        EXPECT_EQ(got.body(), std::string(100'000, 'c'));
        got = co_await client.get(url(server, "/stream"), options);
        EXPECT_EQ(got.body().size(), 1'000'000u);
        const std::string large = test::pattern(3'000'000);
        got = co_await client.post(url(server, "/echo"), large, options);
        EXPECT_TRUE(got.body() == large);
        EXPECT_EQ(server.connections(), 1u);
    };
    with_server(answer, body, encrypted());
}

TEST(ServerTls, WithoutItARequestHasNoneToTellOf) {
    const auto body = [](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer got = co_await peer.ask(get("/tls"));
        EXPECT_EQ(got.body, "none");
    };
    with_server(answer, body);
}

TEST(ServerTls, SendsFiles) {
    const std::string content = test::pattern(1'000'000);
    const std::string path =
        (std::filesystem::temp_directory_path() / ("hocket-https-" + std::to_string(::getpid()))).string();
    std::ofstream(path) << content;
    const auto handler = [path](const Request& request) { return file_response(request, path); };
    const auto body = [&content](Server& server) -> Task<void> {
        Client client;
        const Response got = co_await client.get(url(server, "/"), trusting());
        EXPECT_TRUE(got.body() == content);
    };
    with_server(handler, body, encrypted());
    std::filesystem::remove(path);
}

TEST(ServerTls, AnswersPipelinedRequestsInTheirOrderAndEndsInPeace) {
    const auto body = [](Server& server) -> Task<void> {
        Stream stream = co_await connect(server);
        std::string requests;
        for (int i = 0; i < 200; ++i) requests += post("/echo", "number " + std::to_string(i));
        requests += get("/", "Connection: close\r\n");
        co_await stream.write(requests);
        const std::string all = co_await stream.read_all();  // throws unless the end is announced
        std::size_t at = 0;
        for (int i = 0; i < 200 && at != std::string::npos; ++i)
            at = all.find("\r\n\r\nnumber " + std::to_string(i) + "HTTP/1.1", at);
        EXPECT_NE(at, std::string::npos);
        EXPECT_THAT(all, EndsWith("Hello, world\n"));
    };
    with_server(answer, body, encrypted());
}

TEST(ServerTls, KnowsTheClientsCertificateOrRefusesWithout) {
    const Certificates& certificates = Certificates::get();
    TlsServerOptions tls = certificates.server();
    tls.client_certificate = TlsServerOptions::ClientCertificate::required;
    tls.ca.push_back(certificates.path("ca.pem"));
    std::vector<std::string> failures;
    const auto prepare = [&failures](Server& server) {
        server.handle(answer).on_failed_handshake(
            [&failures](const std::exception& error) { failures.emplace_back(error.what()); });
    };
    const auto body = [&](Server& server) -> Task<void> {
        Client client;
        const Options known =
            trusting().client_certificate(certificates.path("client.pem"), certificates.path("client.key"));
        const Response got = co_await client.get(url(server, "/tls"), known);
        EXPECT_EQ(got.body(), "TLSv1.3 localhost CN=client,O=Hocket");
        EXPECT_THAT(failures, IsEmpty());
        bool refused = false;
        try {
            (void)co_await client.get(url(server, "/tls"), trusting());
        } catch (const Error&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        EXPECT_EQ(failures.size(), 1u);
    };
    with_routes(prepare, body, encrypted(tls));
}

TEST(ServerTls, WhoSpeaksNoTlsIsTurnedAwayAndTold) {
    std::vector<std::string> failures;
    const auto prepare = [&failures](Server& server) {
        server.handle(answer).on_failed_handshake(
            [&failures](const std::exception& error) { failures.emplace_back(error.what()); });
    };
    const auto body = [&failures](Server& server) -> Task<void> {
        Peer plain = co_await Peer::connect(server.port());
        co_await plain.send(get("/"));
        try {
            const std::string all = co_await plain.read_all();
            EXPECT_EQ(all.find("HTTP/1.1"), std::string::npos);
        } catch (const std::system_error&) {
            // a reset, since what it sent was not all read
        }
        Peer mute = co_await Peer::connect(server.port());
        mute.socket().close();
        while (failures.size() < 2) co_await sleep(1ms);
        EXPECT_THAT(failures[0], HasSubstr("handshake with 127.0.0.1"));
        EXPECT_THAT(failures[1], HasSubstr("closed the connection"));
        Client client;  // the server lives on
        const Response got = co_await client.get(url(server, "/"), trusting());
        EXPECT_EQ(got.status(), 200);
    };
    with_routes(prepare, body, encrypted());
}

TEST(ServerTls, WhoSaysNothingLosesItsPlace) {
    TlsServerOptions tls = Certificates::get().server();
    tls.handshake_limit = 20ms;
    std::vector<std::string> failures;
    const auto prepare = [&failures](Server& server) {
        server.handle(answer).on_failed_handshake(
            [&failures](const std::exception& error) { failures.emplace_back(error.what()); });
    };
    const auto body = [&failures](Server& server) -> Task<void> {
        Peer silent = co_await Peer::connect(server.port());
        const std::string all = co_await silent.read_all();
        EXPECT_EQ(all, "");
        EXPECT_THAT(failures, ElementsAre(HasSubstr("did not end in time")));
    };
    with_routes(prepare, body, encrypted(tls));
}

TEST(ServerTls, ClosingEndsHandshakesAndIdleConnectionsAtOnce) {
    const auto body = [](Server& server) -> Task<void> {
        Peer silent = co_await Peer::connect(server.port());
        Stream idle = co_await connect(server);
        co_await idle.write(get("/"));
        const auto head = co_await idle.read_until("\r\n\r\n");
        EXPECT_TRUE(head.has_value());
        (void)co_await idle.read_exactly(13);
        while (server.connections() < 2) co_await sleep(1ms);
        const TimePoint begin = EventLoop::current().time();
        co_await server.close();
        EXPECT_LT(EventLoop::current().time() - begin, 5s);
        const std::string rest = co_await idle.read_all();  // throws unless the end is announced
        EXPECT_EQ(rest, "");
    };
    ServerOptions options = encrypted();
    options.close_grace = 1h;
    with_server(answer, body, options);
}

TEST(ServerTls, AClientThatDoesNotReadIsReset) {
    ServerOptions options = encrypted();
    options.send_timeout = 50ms;
    const auto handler = [](const Request&) -> Task<Response> {
        co_return Response::text(200, std::string(50'000'000, 'x'));
    };
    const auto body = [](Server& server) -> Task<void> {
        Stream stream = co_await connect(server);
        co_await stream.write(get("/"));
        while (server.connections() > 0) co_await sleep(1ms);
        std::error_code code;
        try {
            (void)co_await stream.read_all();
        } catch (const std::system_error& error) {
            code = error.code();
        }
        EXPECT_EQ(code, std::errc::connection_reset);
    };
    with_server(handler, body, options);
}

TEST(ServerTls, AClientThatGoesAwayCancelsItsHandler) {
    bool cancelled = false;
    const auto handler = [&cancelled](const Request&) -> Task<Response> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            cancelled = true;
            throw;
        }
        co_return Response::empty(204);
    };
    const auto body = [&cancelled](Server& server) -> Task<void> {
        Stream stream = co_await connect(server);
        co_await stream.write(get("/"));
        while (server.connections() == 0) co_await sleep(1ms);
        stream.close();
        while (!cancelled) co_await sleep(1ms);
    };
    with_server(handler, body, encrypted());
}

Task<std::string> output_of(std::string command) {
    SubprocessOptions options;
    options.out = Redirect::pipe();
    options.err = Redirect::to_output();
    Subprocess process = co_await create_subprocess_shell(std::move(command), options);
    const ProcessOutput output = co_await process.communicate();
    co_return output.out;
}

TEST(ServerTls, OtherProgramsAreGoodPeers) {
    const std::string ca = Certificates::get().path("ca.pem");
    const auto body = [&ca](Server& server) -> Task<void> {
        const std::string port = std::to_string(server.port());
        std::string got = co_await output_of("curl -sS --cacert " + ca + " -w ' %{http_code} %{num_connects}' " +
                                             url(server, "/") + " " + url(server, "/"));
        EXPECT_EQ(got, "Hello, world\n 200 1Hello, world\n 200 0");
        got = co_await output_of("curl -sS --cacert " + ca + " --tls-max 1.2 " + url(server, "/tls"));
        EXPECT_EQ(got, "TLSv1.2 localhost nobody");
        got = co_await output_of("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error " +
                                 ("-CAfile " + ca) + " -connect 127.0.0.1:" + port + " -servername localhost 2>&1");
        EXPECT_THAT(got, HasSubstr("HTTP/1.1 200 OK"));
        EXPECT_THAT(got, HasSubstr("Hello, world"));
        const std::string script =
            "import http.client, ssl\n"
            "c = http.client.HTTPSConnection('localhost', " +
            port + ", context=ssl.create_default_context(cafile='" + ca +
            "'))\n"
            "for i in range(3):\n"
            "    c.request('POST', '/echo', b'x' * 100000)\n"
            "    r = c.getresponse()\n"
            "    print(r.status, len(r.read()))\n";
        got = co_await output_of("python3 -c \"" + script + "\"");
        EXPECT_EQ(got, "200 100000\n200 100000\n200 100000\n");
        got = co_await output_of("wrk -t 1 -c 20 -d 1 " + url(server, "/"));
        EXPECT_THAT(got, HasSubstr("Requests/sec"));
        EXPECT_EQ(got.find("Socket errors"), std::string::npos) << got;
        EXPECT_EQ(got.find("Non-2xx"), std::string::npos) << got;
    };
    with_server(answer, body, encrypted());
}

TEST(ServerTls, PythonsAsyncioIsAGoodPeer) {
    const auto body = [](Server& server) -> Task<void> {
        const std::string script = R"(
import asyncio, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=ca)
async def one(number):
    reader, writer = await asyncio.open_connection('127.0.0.1', port, ssl=context, server_hostname='localhost')
    body = b'%d' % number * 10000
    for last in False, True:
        writer.write(b'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n' % len(body))
        writer.write((b'Connection: close\r\n' if last else b'') + b'\r\n' + body)
    await writer.drain()
    answers = await reader.read()
    writer.close()
    return answers.count(body)
async def main():
    print(sum(await asyncio.gather(*(one(number) for number in range(50)))))
asyncio.run(main())
)";
        SubprocessOptions options;
        options.out = Redirect::pipe();
        options.err = Redirect::to_output();
        Subprocess process = co_await create_subprocess_exec(
            options, "python3", "-c", script, std::to_string(server.port()), Certificates::get().path("ca.pem"));
        const ProcessOutput output = co_await process.communicate();
        EXPECT_EQ(output.out, "100\n");
    };
    with_server(answer, body, encrypted());
}

TEST(ServerTls, RefusesTheContextOfAClient) {
    ServerOptions options;
    options.tls = TlsContext::client(Certificates::get().client());
    EXPECT_THROW(Server{options}, std::invalid_argument);
}

}  // namespace
}  // namespace hocket::http
