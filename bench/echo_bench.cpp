// TCP echo of 64 bytes over loopback: what one request costs the server's thread, and one idle connection its memory.

#include <asio.hpp>

#include "server_load.hpp"

namespace {

namespace hk = hocket;

const std::string message(64, 'x');

// ---- the servers: each constructor listens, run() serves until stop(), which another thread calls

struct Same {
    static std::string_view to(std::string_view bytes) { return bytes; }
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

    static Awaitable<void> echo(Tcp socket) {
        char buffer[4096];
        for (;;) {
            const std::size_t size = co_await socket.async_read_some(asio::buffer(buffer), use_awaitable);
            co_await asio::async_write(socket, asio::buffer(buffer, size), use_awaitable);
        }
    }
    Awaitable<void> accept() {
        for (;;) {
            Tcp socket = co_await acceptor_.async_accept(use_awaitable);
            socket.set_option(asio::ip::tcp::no_delay(true));
            asio::co_spawn(context_, echo(std::move(socket)), asio::detached);
        }
    }
    asio::io_context context_{1};
    asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor_;
};

template <hk::Io io>
class HocketServer : hk::bench::ServerLoop<io> {
public:
    HocketServer() : listener_(hk::Listener::bind("127.0.0.1", 0)) {}
    std::uint16_t port() const { return listener_.port(); }
    void run() { this->loop.run_until_complete(serve()); }
    using hk::bench::ServerLoop<io>::stop;

private:
    static hk::Task<void> echo(hk::Socket socket) {
        char buffer[4096];
        for (;;) {
            const std::size_t size = co_await socket.async_recv(buffer);
            if (size == 0) co_return;
            co_await socket.async_send(std::string_view(buffer, size));
        }
    }
    hk::Task<void> accept(hk::TaskGroup& group) {
        for (;;) {
            hk::Socket socket = co_await listener_.async_accept();
            group.create_task(echo(std::move(socket)));
        }
    }
    hk::Task<void> serve() {
        auto body = [this](hk::TaskGroup& group) -> hk::Task<void> {
            group.create_task(accept(group));
            co_await this->stopped();
            group.cancel();
        };
        co_await hk::task_group(body);
    }
    hk::Listener listener_;
};

/// The same with streams on a Server.
template <hk::Io io>
class StreamServer : hk::bench::ServerLoop<io> {
public:
    StreamServer() : server_(this->loop.run_until_complete(hk::start_server("127.0.0.1", 0, echo))) {}
    std::uint16_t port() const { return server_.port(); }
    void run() { this->loop.run_until_complete(serve()); }
    using hk::bench::ServerLoop<io>::stop;

private:
    static hk::Task<void> echo(hk::Stream stream) {
        for (;;) {
            const std::string data = co_await stream.read(4096);
            if (data.empty()) co_return;
            co_await stream.write(data);
        }
    }
    hk::Task<void> serve() {
        co_await this->stopped();
        co_await server_.close();
    }
    hk::Server server_;
};

// ---- the benchmarks

template <class Server>
void echo(benchmark::State& state) {
    hk::bench::measure_thread<Server>(state, message);
}

void echo_python(benchmark::State& state, const char* loop) { hk::bench::measure_python(state, "echo", loop, message); }

template <class Server>
void bytes_of_idle_connection(benchmark::State& state) {
    hk::bench::measure_memory<Server>(state, message);
}

using hk::bench::connections;
BENCHMARK_TEMPLATE(echo, hk::bench::RawServer<Same>)->Apply(connections);
BENCHMARK_TEMPLATE(echo, AsioServer)->Apply(connections);
BENCHMARK_TEMPLATE(echo, HocketServer<hk::Io::epoll>)->Apply(connections);
BENCHMARK_TEMPLATE(echo, HocketServer<hk::Io::io_uring>)->Apply(connections);
BENCHMARK_TEMPLATE(echo, StreamServer<hk::Io::epoll>)->Apply(connections);
BENCHMARK_TEMPLATE(echo, StreamServer<hk::Io::io_uring>)->Apply(connections);
BENCHMARK_CAPTURE(echo_python, asyncio, "asyncio")->Apply(connections);
BENCHMARK_CAPTURE(echo_python, uvloop, "uvloop")->Apply(connections);
BENCHMARK_TEMPLATE(bytes_of_idle_connection, AsioServer)->Iterations(1);
BENCHMARK_TEMPLATE(bytes_of_idle_connection, HocketServer<hk::Io::epoll>)->Iterations(1);
BENCHMARK_TEMPLATE(bytes_of_idle_connection, StreamServer<hk::Io::epoll>)->Iterations(1);

}  // namespace
