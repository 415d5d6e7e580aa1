// One connection object for all threads, each of which gets a socket of its own when it first needs one: kept in a
// Local. Two threads fetch a page each from a small server, which is part of this program.
#include <unistd.h>

#include <hocket/net.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <iostream>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace hk = hocket;

class LazyConnection {
public:
    // To any kind of address: TCP, IPv6, a Unix socket.
    explicit LazyConnection(hk::Address address) : address_(std::move(address)) {}

    // The calling thread's connection, for a scope.
    class Scope {
    public:
        explicit Scope(LazyConnection& connection) : slot_(*connection.socket_) {
            if (slot_) throw std::logic_error("Already connected");
            slot_ = hk::Socket::connect(connection.address_);  // a failed attempt leaves nothing behind
        }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() { slot_.reset(); }
        const hk::Socket& operator*() const noexcept { return *slot_; }
        const hk::Socket* operator->() const noexcept { return &*slot_; }

    private:
        std::optional<hk::Socket>& slot_;
    };
    [[nodiscard]] Scope connect() { return Scope(*this); }

private:
    const hk::Address address_;
    hk::Local<std::optional<hk::Socket>> socket_;
};

std::string receive_all(const hk::Socket& socket) {
    std::string received;
    for (std::string part; !(part = socket.recv(8192)).empty();) received += part;
    return received;
}

// Gives everybody the same page, one after the other. Its end cancels its thread, wherever that waits.
class PageServer {
public:
    explicit PageServer(const hk::Address& address)
        : listener_(hk::Listener::bind(address)), thread_({.name = "server"}, &PageServer::serve, this) {}
    hk::Address address() const { return listener_.local_address(); }

private:
    // Or else the client has gone before it has asked for anything.
    static bool has_request(const hk::Socket& client) {
        std::string request;
        while (!request.ends_with("\r\n\r\n")) {
            const std::string part = client.recv(8192);
            if (part.empty()) return false;
            request += part;
        }
        return true;
    }
    void serve() {
        for (;;) {
            const hk::Socket client = listener_.accept();
            try {
                if (has_request(client)) client.send_all("HTTP/1.0 200 OK\r\n\r\n" + std::string(100'000, '.'));
            } catch (const std::system_error& error) {
                std::cerr << "a client is gone: " << error.what() << '\n';
            }
        }
    }
    const hk::Listener listener_;
    hk::Thread thread_;  // last: it uses the listener
};

int main() {
    // A name that is in no file system, and that nobody listens on yet.
    const auto name = hk::Address::unix_path(std::string(1, '\0') + "lazy-connection-" + std::to_string(::getpid()));
    LazyConnection connection(name);
    try {
        auto scope = connection.connect();
    } catch (const std::system_error& error) {
        std::cout << "before the server listens: " << error.code().message() << '\n';
    }
    const PageServer server(name);

    hk::Lock lock;
    std::set<int> sockets;
    hk::Barrier both_connected(2);
    auto fetch = [&] {
        auto scope = connection.connect();
        {
            std::scoped_lock guard(lock);
            sockets.insert(scope->fileno());
        }
        both_connected.wait();
        scope->send_all("GET /index.html HTTP/1.0\r\nHost: localhost\r\n\r\n");
        const std::string page = receive_all(*scope);
        std::scoped_lock guard(lock);
        std::cout << "Got " << page.size() << " bytes\n";
    };
    hk::Thread first(fetch), second(fetch);
    first.join();
    second.join();
    std::cout << "sockets at the same time: " << sockets.size() << '\n';

    {
        auto outer = connection.connect();
        try {
            auto inner = connection.connect();
        } catch (const std::logic_error& error) {
            std::cout << "nested: " << error.what() << '\n';
        }
        outer->send_all("GET / HTTP/1.0\r\n\r\n");
        std::cout << "the outer one still works: got " << receive_all(*outer).size() << " bytes\n";
    }
    {
        auto again = connection.connect();
        std::cout << "connected again\n";
    }

    const PageServer over_tcp(hk::Address::ip("127.0.0.1", 0));
    LazyConnection other_kind(over_tcp.address());
    auto scope = other_kind.connect();
    std::cout << "over TCP, as asked for: " << (scope->peer_address().port() != 0 ? "yes" : "no") << '\n';
}
