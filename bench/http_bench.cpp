// HTTP over loopback, "hello" by GET: what one request costs the server's thread, and one idle connection its memory.
//
// The others do less than an HTTP server must: the bare server and Asio's look for the end of the head and send the
// same bytes each time; Python's protocols do the same. Ours parses and checks the request by llhttp and its own rules,
// finds the route, and writes a response with the date.

#include <asio.hpp>

#include "hocket/http.hpp"
#include "server_load.hpp"

namespace {

namespace hk = hocket;
namespace http = hocket::http;

const std::string request =
    "GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n";

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 13\r\n\r\nHello, world\n";

// ---- the servers: each constructor listens, run() serves until stop(), which another thread calls

struct Hello {
    static std::string_view to(std::string_view bytes) { return bytes.ends_with("\r\n\r\n") ? kAnswer : ""; }
};

class AsioServer {
public:
    AsioServer() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
        asio::co_spawn(context_, accept(), asio::detached);
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void run() { context_.run(); }
    void stop() { context_.stop(); }

private:
    // Sockets that know the type of their executor: the faster of Asio's two forms.
    using Tcp = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
    template <class T>
    using Awaitable = asio::awaitable<T, asio::io_context::executor_type>;
    static constexpr asio::use_awaitable_t<asio::io_context::executor_type> use_awaitable{};

    static Awaitable<void> serve(Tcp socket) {
        std::string head;
        for (;;) {
            const std::size_t size =
                co_await asio::async_read_until(socket, asio::dynamic_buffer(head, 65536), "\r\n\r\n", use_awaitable);
            head.erase(0, size);
            co_await asio::async_write(socket, asio::buffer(kAnswer.data(), kAnswer.size()), use_awaitable);
        }
    }
    Awaitable<void> accept() {
        for (;;) {
            Tcp socket = co_await acceptor_.async_accept(use_awaitable);
            socket.set_option(asio::ip::tcp::no_delay(true));
            asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
        }
    }
    asio::io_context context_{1};
    asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor_;
};

hk::Task<http::Response> hello(const http::Request&) { co_return http::Response::text(200, "Hello, world\n"); }

template <hk::Io io>
class HocketServer : hk::bench::ServerLoop<io> {
public:
    HocketServer() {
        server_.get("/hello", hello);
        this->loop.run_until_complete(server_.listen("127.0.0.1", 0));
    }
    std::uint16_t port() const { return server_.port(); }
    void run() { this->loop.run_until_complete(serve()); }
    using hk::bench::ServerLoop<io>::stop;

private:
    hk::Task<void> serve() {
        co_await this->stopped();
        co_await server_.close();
    }
    http::Server server_;
};

// ---- the benchmarks

template <class Server>
void http_hello(benchmark::State& state) {
    hk::bench::measure_thread<Server>(state, request);
}

void http_python(benchmark::State& state, const char* loop) { hk::bench::measure_python(state, "http", loop, request); }

template <class Server>
void bytes_of_idle_connection(benchmark::State& state) {
    hk::bench::measure_memory<Server>(state, request);
}

using hk::bench::connections;
BENCHMARK_TEMPLATE(http_hello, hk::bench::RawServer<Hello>)->Apply(connections);
BENCHMARK_TEMPLATE(http_hello, AsioServer)->Apply(connections);
BENCHMARK_TEMPLATE(http_hello, HocketServer<hk::Io::epoll>)->Apply(connections);
BENCHMARK_TEMPLATE(http_hello, HocketServer<hk::Io::io_uring>)->Apply(connections);
BENCHMARK_CAPTURE(http_python, asyncio, "asyncio")->Apply(connections);
BENCHMARK_CAPTURE(http_python, uvloop, "uvloop")->Apply(connections);
BENCHMARK_TEMPLATE(bytes_of_idle_connection, AsioServer)->Iterations(1);
BENCHMARK_TEMPLATE(bytes_of_idle_connection, HocketServer<hk::Io::epoll>)->Iterations(1);

}  // namespace
