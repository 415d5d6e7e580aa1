// Programs that others have written, with routes, streams and files: curl, nginx as a proxy, Python's http.client and
// h11.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "hocket/http/event_stream.hpp"
#include "hocket/http/file_response.hpp"
#include "nginx.hpp"
#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::ChildProcess;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

AsyncGenerator<std::string> ten_pieces() {
    for (int i = 0; i < 10; ++i) {
        co_await yield_now();
        std::string piece(1000, static_cast<char>('0' + i));
        co_yield std::move(piece);
    }
}

AsyncGenerator<ServerSentEvent> two_events() {
    ServerSentEvent first("first");
    co_yield std::move(first);
    co_await sleep(10ms);
    ServerSentEvent second("second");
    co_yield std::move(second);
}

Task<Response> count(const Request&, BodyReader& body) {
    std::size_t bytes = 0;
    for (;;) {
        const std::string piece = co_await body.read();
        if (piece.empty()) break;
        bytes += piece.size();
    }
    co_return Response::text(200, std::to_string(bytes));
}

// A server with all there is, and a file to send or to serve.
class Peers : public ::testing::Test {
protected:
    Peers() {
        file = std::filesystem::temp_directory_path() / ("hocket-peers-" + std::to_string(::getpid()));
        std::string text;
        for (int i = 0; text.size() < 2'000'000; ++i) text += std::to_string(i) + "\n";
        std::ofstream(file) << text;
    }
    ~Peers() override { std::filesystem::remove(file); }

    void add_routes(Server& server) const {
        const std::filesystem::path path = file;
        server.get("/hello/{name}", [](const Request& request) -> Task<Response> {
            co_return Response::text(200,
                                     "hello " + request.parameter("name") + request.query("mark").value_or("") + "\n");
        });
        server.get("/stream", [](const Request&) -> Task<Response> {
            co_return Response::stream(200, ten_pieces(), "text/plain");
        });
        server.get("/events", [](const Request&) -> Task<Response> {
            EventStream events(two_events());
            co_return events.response();
        });
        server.get("/file", [path](const Request& request) -> Task<Response> {
            Response response = co_await file_response(request, path, "text/plain");
            co_return response;
        });
        server.post("/count", count);
        server.put("/count", count);
        server.get("/text",
                   [](const Request&) -> Task<Response> { co_return Response::text(200, std::string(100'000, 't')); });
    }

    // Runs `body(server)` with such a server.
    template <class Body>
    void serve(Body body) {
        ServerOptions options;
        options.gzip_level = 1;
        with_routes([this](Server& server) { add_routes(server); }, std::move(body), options);
    }

    std::filesystem::path file;
};

// What a program writes to standard output; its errors too, if it fails.
Task<std::string> output_of(std::vector<std::string> command) {
    const auto run_it = [](std::vector<std::string> arguments) {
        ChildProcess process(std::move(arguments));
        if (!process.wait_for(20s)) return std::string("it does not end: ") + process.output + process.errors;
        return process.status() == 0 ? process.output : process.output + "\nfailed: " + process.errors;
    };
    std::string output = co_await to_thread(run_it, std::move(command));
    co_return output;
}

Task<std::string> curl(std::vector<std::string> arguments) {
    std::vector<std::string> command{"curl", "-sS", "--noproxy", "*"};
    for (std::string& argument : arguments) command.push_back(std::move(argument));
    return output_of(std::move(command));
}

std::string url(const Server& server, const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

TEST_F(Peers, CurlOfAllVersionsAndForms) {
    serve([](Server& server) -> Task<void> {
        std::vector<std::string> arguments{url(server, "/hello/w%C3%B6rld?mark=%21")};
        std::string got = co_await curl(arguments);
        EXPECT_EQ(got, "hello w\xc3\xb6rld!\n");
        for (const char* version : {"--http1.0", "--http1.1"}) {
            arguments = {version, "-w", " %{size_download}", url(server, "/stream")};
            got = co_await curl(arguments);
            EXPECT_THAT(got, EndsWith("9999 10000")) << version;
        }
        arguments = {"--compressed", "-i", url(server, "/text")};
        got = co_await curl(arguments);
        EXPECT_THAT(got, HasSubstr("Content-Encoding: gzip\r\n"));
        EXPECT_THAT(got, EndsWith("\r\n\r\n" + std::string(100'000, 't')));
        arguments = {"--compressed", url(server, "/stream")};
        got = co_await curl(arguments);
        EXPECT_EQ(got.size(), 10'000u);
        arguments = {"-r", "4-9", "-i", url(server, "/file")};
        got = co_await curl(arguments);
        EXPECT_THAT(got, StartsWith("HTTP/1.1 206 "));
        EXPECT_THAT(got, EndsWith("\r\n\r\n2\n3\n4\n"));
        arguments = {"-N", url(server, "/events")};
        got = co_await curl(arguments);
        EXPECT_EQ(got, "data: first\n\ndata: second\n\n");
    });
}

TEST_F(Peers, CurlUploads) {
    serve([this](Server& server) -> Task<void> {
        const std::string size = std::to_string(std::filesystem::file_size(file));
        const std::string target = url(server, "/count");
        const std::vector<std::vector<std::string>> ways{
            {"-T", file.string(), target},
            {"-T", file.string(), "-H", "Transfer-Encoding: chunked", target},
            {"-T", file.string(), "-H", "Expect: 100-continue", target},
            {"--data-binary", "@" + file.string(), target},
            {"--http1.0", "--data-binary", "@" + file.string(), target},
        };
        for (const std::vector<std::string>& way : ways) {
            const std::string got = co_await curl(way);
            EXPECT_EQ(got, size) << way[0] << " " << way[2];
        }
    });
}

TEST_F(Peers, NginxInFront) {
    serve([this](Server& server) -> Task<void> {
        const std::string upstream = "location / { proxy_pass http://127.0.0.1:" + std::to_string(server.port()) +
                                     "; proxy_http_version 1.1; proxy_set_header Connection \"\"; "
                                     "proxy_request_buffering off; client_max_body_size 100m; }";
        const auto start = [](const std::string& locations) {
            return std::make_unique<hocket::testing::Nginx>(locations);
        };
        const auto nginx = co_await to_thread(start, upstream);
        std::vector<std::string> arguments{nginx->url("/hello/nginx")};
        std::string got = co_await curl(arguments);
        EXPECT_EQ(got, "hello nginx\n");
        arguments = {nginx->url("/stream")};
        got = co_await curl(arguments);
        EXPECT_EQ(got.size(), 10'000u);
        arguments = {"-N", nginx->url("/events")};
        got = co_await curl(arguments);
        EXPECT_EQ(got, "data: first\n\ndata: second\n\n");
        arguments = {"-o", "/dev/null", "-w", "%{size_download}", nginx->url("/file")};
        got = co_await curl(arguments);
        EXPECT_EQ(got, std::to_string(std::filesystem::file_size(file)));
        arguments = {"-T", file.string(), "-H", "Transfer-Encoding: chunked", nginx->url("/count")};
        got = co_await curl(arguments);
        EXPECT_EQ(got, std::to_string(std::filesystem::file_size(file)));
        arguments = {"-o", "/dev/null", "-w", "%{http_code}", nginx->url("/nowhere")};
        got = co_await curl(arguments);
        EXPECT_EQ(got, "404");
        const auto stop = [](hocket::testing::Nginx* running) { running->stop(); };
        co_await to_thread(stop, nginx.get());
    });
}

TEST_F(Peers, PythonsHttpClient) {
    serve([](Server& server) -> Task<void> {
        const std::string program = R"(
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
def ask(method, path, **more):
    connection.request(method, path, **more)
    response = connection.getresponse()
    return response.status, response.read()
print(ask("GET", "/hello/python"))
status, body = ask("GET", "/stream")
print(status, len(body))
def pieces():
    for i in range(100): yield b"x" * 1000
print(ask("POST", "/count", body=pieces(), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}))
print(ask("DELETE", "/count"))
print(ask("HEAD", "/text"))
)";
        std::vector<std::string> command{"python3", "-c", program, std::to_string(server.port())};
        const std::string got = co_await output_of(std::move(command));
        EXPECT_EQ(
            got,
            "(200, b'hello python\\n')\n200 10000\n(200, b'100000')\n(405, b'method not allowed\\n')\n(200, b'')\n");
    });
}

TEST_F(Peers, H11FindsNoFault) {
    serve([](Server& server) -> Task<void> {
        const std::string program = R"(
try:
    import h11
except ImportError:
    print("no h11")
    raise SystemExit
import socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection = h11.Connection(our_role=h11.CLIENT)
for method, path, body in ("GET", "/stream", b""), ("POST", "/count", b"hello"), ("HEAD", "/text", b""), ("GET", "/nowhere", b""):
    headers = [("Host", "test")]
    if body: headers.append(("Content-Length", str(len(body))))
    peer.sendall(connection.send(h11.Request(method=method, target=path, headers=headers)))
    if body: peer.sendall(connection.send(h11.Data(data=body)))
    peer.sendall(connection.send(h11.EndOfMessage()))
    size = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA: connection.receive_data(peer.recv(65536))
        elif isinstance(event, h11.Response): status = event.status_code
        elif isinstance(event, h11.Data): size += len(event.data)
        elif isinstance(event, h11.EndOfMessage): break
    print(status, size)
    connection.start_next_cycle()
)";
        // Debian's own, for which its packages are.
        std::vector<std::string> command{"/usr/bin/python3", "-c", program, std::to_string(server.port())};
        const std::string got = co_await output_of(std::move(command));
        if (got == "no h11\n") {
            std::cout << "!!! python3-h11 is not installed: nothing was tested (./test installs it)\n";
            co_return;
        }
        EXPECT_EQ(got, "200 10000\n200 1\n200 0\n404 10\n");
    });
}

}  // namespace
}  // namespace hocket::http
