// One connection object for all threads, each of which gets a socket of its own when it first needs one: kept in a
// Local. Two threads fetch a page each from a small server, which is part of this program.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <cerrno>
#include <iostream>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace hk = hocket;

template <class T>
T check(T result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

class Socket {
public:
    explicit Socket(int fd) : fd_(check(fd, "socket")) {}
    Socket(int family, int type) : Socket(::socket(family, type | SOCK_CLOEXEC, 0)) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    sockaddr_in address() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        check(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        return address;
    }
    // All of it: one send() may take only a part.
    void send_all(std::string_view data) {
        while (!data.empty()) {
            const ssize_t sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            data.remove_prefix(static_cast<std::size_t>(check(sent, "send")));
        }
    }
    // What comes until `end` has come, or to the end of the connection.
    std::string receive(std::string_view end = {}) {
        std::string received;
        char buffer[8192];
        while (end.empty() || !received.ends_with(end)) {
            const ssize_t size = ::recv(fd_, buffer, sizeof buffer, 0);
            if (size < 0 && errno == EINTR) continue;
            if (check(size, "recv") == 0) break;
            received.append(buffer, static_cast<std::size_t>(size));
        }
        return received;
    }

private:
    int fd_;
};

class LazyConnection {
public:
    explicit LazyConnection(const sockaddr_in& address, int family = AF_INET, int type = SOCK_STREAM)
        : address_(address), family_(family), type_(type) {}

    // The calling thread's connection, for a scope.
    class Scope {
    public:
        explicit Scope(LazyConnection& connection) : slot_(*connection.socket_) {
            if (slot_) throw std::logic_error("Already connected");
            Socket socket(connection.family_, connection.type_);
            const auto* address = reinterpret_cast<const sockaddr*>(&connection.address_);
            check(::connect(socket.get(), address, sizeof connection.address_), "connect");
            slot_.emplace(std::move(socket));  // only now: a failed attempt leaves nothing behind
        }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() { slot_.reset(); }
        Socket* operator->() noexcept { return &*slot_; }

    private:
        std::optional<Socket>& slot_;
    };
    [[nodiscard]] Scope connect() { return Scope(*this); }

private:
    const sockaddr_in address_;
    const int family_;
    const int type_;
    hk::Local<std::optional<Socket>> socket_;
};

// Gives everybody the same page, one after the other, until its socket is shut down.
class PageServer {
public:
    PageServer() {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
    }
    ~PageServer() { ::shutdown(listener_.get(), SHUT_RDWR); }
    sockaddr_in address() const { return listener_.address(); }
    void start() {
        check(::listen(listener_.get(), SOMAXCONN), "listen");
        thread_ = hk::Thread({.name = "server"}, &PageServer::serve, this);
    }

private:
    void serve() {
        for (;;) {
            const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
            if (fd < 0) return;  // shut down
            Socket client(fd);
            try {
                (void)client.receive("\r\n\r\n");
                client.send_all("HTTP/1.0 200 OK\r\n\r\n" + std::string(100'000, '.'));
            } catch (const std::system_error& error) {
                std::cerr << "a client is gone: " << error.what() << '\n';
            }
        }
    }
    Socket listener_{AF_INET, SOCK_STREAM};
    hk::Thread thread_;  // last: it uses the socket
};

int main() {
    PageServer server;
    LazyConnection connection(server.address());

    try {
        auto scope = connection.connect();
    } catch (const std::system_error& error) {
        std::cout << "before the server listens: " << error.what() << '\n';
    }
    server.start();

    hk::Lock lock;
    std::set<in_port_t> ports;
    hk::Barrier both_connected(2);
    auto fetch = [&] {
        auto scope = connection.connect();
        {
            std::scoped_lock guard(lock);
            ports.insert(scope->address().sin_port);
        }
        both_connected.wait();
        scope->send_all("GET /index.html HTTP/1.0\r\nHost: localhost\r\n\r\n");
        const std::string page = scope->receive();
        std::scoped_lock guard(lock);
        std::cout << "Got " << page.size() << " bytes\n";
    };
    hk::Thread first(fetch), second(fetch);
    first.join();
    second.join();
    std::cout << "sockets at the same time: " << ports.size() << '\n';

    {
        auto outer = connection.connect();
        try {
            auto inner = connection.connect();
        } catch (const std::logic_error& error) {
            std::cout << "nested: " << error.what() << '\n';
        }
        outer->send_all("GET / HTTP/1.0\r\n\r\n");
        std::cout << "the outer one still works: got " << outer->receive().size() << " bytes\n";
    }
    auto again = connection.connect();
    std::cout << "connected again\n";

    LazyConnection datagrams(server.address(), AF_INET, SOCK_DGRAM);
    auto scope = datagrams.connect();
    int type = 0;
    socklen_t size = sizeof type;
    check(::getsockopt(scope->get(), SOL_SOCKET, SO_TYPE, &type, &size), "getsockopt");
    std::cout << "a datagram socket, as asked for: " << (type == SOCK_DGRAM ? "yes" : "no") << '\n';
}
