// The snippets of docs/http.md.
#include <hocket/http.hpp>
#include <hocket/net.hpp>

#include <cstdio>
#include <string>

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

// [handler]
hk::Task<http::Response> sensor(const http::Request& request) {
    if (request.header("X-API-KEY") != "secret") co_return http::Response::json(403, R"({"error": "wrong key"})");
    const std::string id = request.parameter("id");
    if (id == "0") throw http::StatusError(404, "no such sensor");
    co_await hk::sleep(1ms);  // other requests are handled meanwhile
    co_return http::Response::json(
        200, R"({"id": ")" + id + R"(", "unit": ")" + request.query("unit").value_or("C") + R"("})");
}
// [handler]

// [upload]
hk::Task<http::Response> count_lines(const http::Request&, http::BodyReader& body) {
    std::size_t lines = 0;
    for (;;) {
        const std::string piece = co_await body.read();
        if (piece.empty()) break;
        for (const char c : piece) lines += c == '\n';
    }
    co_return http::Response::text(200, std::to_string(lines));
}
// [upload]

// [stream]
hk::AsyncGenerator<std::string> rows(int count) {
    for (int i = 0; i < count; ++i) {
        std::string row = std::to_string(i) + "\n";
        co_yield std::move(row);
    }
}

hk::Task<http::Response> table(const http::Request&) { co_return http::Response::stream(200, rows(1000), "text/csv"); }
// [stream]

// [events]
hk::AsyncGenerator<http::ServerSentEvent> ticks() {
    for (int i = 0; i < 3; ++i) {
        co_await hk::sleep(1ms);
        http::ServerSentEvent event(R"({"value": 21.5})");
        event.name("tick").id(std::to_string(i));
        co_yield std::move(event);
    }
}

hk::Task<http::Response> live(const http::Request&) {
    http::EventStream events(ticks());
    co_return events.response();
}
// [events]

hk::Task<std::string> fetch(std::uint16_t port, std::string text) {
    hk::Stream stream = co_await hk::open_connection("localhost", port);
    co_await stream.write(text);
    co_return co_await stream.read_all();
}

hk::Task<std::string> ask(std::uint16_t port, std::string target) {
    std::string answer = co_await fetch(
        port, "GET " + target + " HTTP/1.1\r\nHost: me\r\nX-API-KEY: secret\r\nConnection: close\r\n\r\n");
    co_return answer;
}

hk::Task<bool> serve_and_ask() {
    // [server]
    http::ServerOptions options;
    options.max_body_bytes = 1024 * 1024;
    options.gzip_level = 1;  // for clients that accept it
    http::Server server(options);
    server.get("/sensors/{id}", sensor).post("/lines", count_lines).get("/table", table).get("/live", live);
    server.get("/files/{path...}", [](const http::Request& request) -> hk::Task<http::Response> {
        return http::file_response(request, "/usr/share/doc/" + request.parameter("path"));
    });
    server.on_access([](const http::AccessRecord& record) {
        std::printf("%.*s %d %llu bytes\n", static_cast<int>(record.target.size()), record.target.data(), record.status,
                    static_cast<unsigned long long>(record.bytes));
    });
    co_await server.listen("localhost", 0);
    // [server]
    const std::string found = co_await ask(server.port(), "/sensors/7?unit=%C2%B0F");
    const std::string missing = co_await ask(server.port(), "/sensors/0");
    const std::string stream = co_await ask(server.port(), "/table");
    const std::string events = co_await ask(server.port(), "/live");
    const std::string file = co_await ask(server.port(), "/files/no/such/file");
    const std::string lines = co_await fetch(
        server.port(), "POST /lines HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: 4\r\n\r\na\nb\n");
    // [close]
    co_await server.close();  // ends idle connections, lets requests finish for `close_grace`, then cancels
    // [close]
    co_return found.ends_with(
        "{\"id\": \"7\", \"unit\": \"\xc2\xb0"
        "F\"}") &&
        missing.starts_with("HTTP/1.1 404 ") &&
        stream.find("999\n") != std::string::npos&& events.find("id: 2\n") !=
            std::string::npos&& file.starts_with("HTTP/1.1 404 ") &&
        lines.ends_with("\r\n\r\n2");
}

int main() { return hk::run(serve_and_ask()) ? 0 : 1; }
