// A server that answers each connection by a script, for what real servers don't do on purpose.
#pragma once
#include <sys/socket.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/net.hpp"

namespace hocket::testing {

/// One connection, from the server's side.
class Visitor {
public:
    explicit Visitor(Socket socket) : socket_(std::move(socket)) {}

    /// The next request up to its blank line; empty when the client has gone.
    Task<std::string> read_head() { return read_through("\r\n\r\n"); }
    /// That many bytes of a body; fewer when the client has gone.
    Task<std::string> read_exactly(std::size_t size) {
        bool more = true;
        while (more && received_.size() < size) more = co_await receive();
        co_return take(std::min(size, received_.size()));
    }
    Task<std::string> read_through(std::string mark) {
        bool more = true;
        while (more && received_.find(mark) == received_.npos) more = co_await receive();
        const std::size_t at = received_.find(mark);
        co_return take(at == received_.npos ? received_.size() : at + mark.size());
    }
    Task<void> send(std::string text) { co_await socket_.async_send(text); }
    /// Waits until the client closes the connection.
    Task<void> until_gone() {
        bool more = true;
        while (more) more = co_await receive();
    }
    /// Ends the connection by a reset.
    void reset() {
        const linger now{1, 0};
        ::setsockopt(socket_.fileno(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        socket_.close();
    }
    Socket& socket() noexcept { return socket_; }

private:
    Task<bool> receive() {
        std::vector<char> buffer(64 * 1024);
        try {
            const std::size_t size = co_await socket_.async_recv(buffer);
            received_.append(buffer.data(), size);
            co_return size > 0;
        } catch (const std::system_error&) {
        }
        co_return false;
    }
    std::string take(std::size_t size) {
        std::string taken = received_.substr(0, size);
        received_.erase(0, size);
        return taken;
    }

    Socket socket_;
    std::string received_;
};

using Script = std::function<Task<void>(Visitor&)>;

/// Serves connections until it is cancelled.
class ScriptedServer {
public:
    explicit ScriptedServer(Script script)
        : script_(std::move(script)), listener_(Listener::bind("127.0.0.1", 0)), port_(listener_.port()) {}
    std::string url(const std::string& target = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + target;
    }
    std::uint16_t port() const noexcept { return port_; }
    int connections = 0;

    /// Runs `body()` with the server at its side; all connections have ended afterwards.
    template <class Body>
    Task<void> during(Body body) {
        auto both = race(serve(), body());
        co_await std::move(both);
    }

private:
    Task<void> serve() {
        const auto accept_all = [&](TaskGroup& group) -> Task<void> {
            for (;;) {
                Socket socket = co_await listener_.async_accept();
                ++connections;
                group.create_task(visit(std::move(socket)));
            }
        };
        co_await task_group(accept_all);
    }
    Task<void> visit(Socket socket) {
        Visitor visitor(std::move(socket));
        try {
            co_await script_(visitor);
        } catch (const std::system_error&) {  // the client has gone
        }
    }

    Script script_;
    Listener listener_;
    std::uint16_t port_;
};

inline std::string ok(std::string_view body, std::string_view fields = {}) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" +
           std::string(body);
}

}  // namespace hocket::testing
