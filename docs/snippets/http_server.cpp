// The snippets of docs/http.md.
#include <hocket/http.hpp>
#include <hocket/net.hpp>

#include <string>

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

// [handler]
hk::Task<http::Response> greet(const http::Request& request) {
    if (request.path() == "/slow") co_await hk::sleep(50ms);
    if (request.method() == "POST") co_return http::Response::text(200, request.body());
    co_return http::Response::json(200, R"({"hello": "world"})");
}
// [handler]

hk::Task<std::string> fetch(std::uint16_t port, std::string text) {
    hk::Socket socket = co_await hk::Socket::async_connect("localhost", port);
    co_await socket.async_send(text);
    std::string answer;
    char buffer[4096];
    while (const std::size_t size = co_await socket.async_recv(buffer)) answer.append(buffer, size);
    co_return answer;
}

// [server]
hk::Task<std::string> serve_and_ask() {
    http::ServerOptions options;
    options.max_body_bytes = 1024 * 1024;
    http::Server server(options);
    server.handle(greet);
    co_await server.listen("localhost", 0);
    const std::string answer = co_await fetch(server.port(), "GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n");
    co_await server.close();  // ends idle connections, lets requests finish for `close_grace`, then cancels
    co_return answer;
}
// [server]

int main() {
    const std::string answer = hk::run(serve_and_ask());
    return answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(R"({"hello": "world"})") ? 0 : 1;
}
