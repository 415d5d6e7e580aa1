// What the tests of sockets share. Every test runs on both back ends.
#pragma once
#include <sys/resource.h>

#include <filesystem>

#include "aio/io_fixture.hpp"
#include "hocket/net.hpp"

namespace hocket::test {

enum class Kind { tcp, unix_domain };

using Sockets = std::pair<Socket, Socket>;

/// A connection over loopback: the connecting end, then the accepted one.
inline Task<Sockets> connected(Kind kind) {
    if (kind == Kind::unix_domain) {
        int fds[2];
        checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), "socketpair");
        Socket first(fds[0]);
        co_return Sockets(std::move(first), Socket(fds[1]));
    }
    const Listener listener = Listener::bind("127.0.0.1", 0);
    Socket client = co_await Socket::async_connect(listener.local_address());
    Socket server = co_await listener.async_accept();
    co_return Sockets(std::move(client), std::move(server));
}

/// The code of the std::system_error that `awaitable` ends with; none if it succeeds.
template <class A>
Task<std::error_code> error_of(A awaitable) {
    try {
        (void)co_await std::move(awaitable);
    } catch (const std::system_error& error) {
        co_return error.code();
    }
    co_return std::error_code();
}

/// What one receive gives; "" at the end of the stream.
inline Task<std::string> receive(const Socket& socket, std::size_t limit = 100) {
    std::string data(limit, '\0');
    const std::size_t size = co_await socket.async_recv(data);
    data.resize(size);
    co_return data;
}
/// All that comes up to the end of the stream.
inline Task<std::string> receive_all(const Socket& socket) {
    std::string all;
    for (;;) {
        const std::string part = co_await receive(socket, 100'000);
        if (part.empty()) co_return all;
        all += part;
    }
}
inline Task<std::size_t> send(const Socket& socket, std::string data) { co_return co_await socket.async_send(data); }
/// By plain system call, which must not block.
inline void send_now(const Socket& socket, std::string_view data) {
    checked(::send(socket.fileno(), data.data(), data.size(), MSG_NOSIGNAL), "send");
}
/// Closes the connection so that the peer gets an error instead of the end of the stream.
inline void reset(Socket& socket) {
    const linger hard{1, 0};
    checked(::setsockopt(socket.fileno(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), "setsockopt");
    socket.close();
}

/// Sends back what comes until the stream ends.
inline Task<void> echo(Socket socket) {
    std::vector<char> buffer(16 * 1024);
    while (const std::size_t size = co_await socket.async_recv(buffer))
        co_await socket.async_send(std::string_view(buffer.data(), size));
}

/// Bytes of which each part looks different.
inline std::string pattern(std::size_t size) {
    std::string data(size, '\0');
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 7 + i / 1000);
    return data;
}

/// Lets tasks that have been started reach their waits, and the loop look at its sockets.
inline Task<void> settle() {
    for (int i = 0; i < 5; ++i) co_await yield_now();
}

/// Asks again and again, letting the loop have its turns, until `ask()` gives something; throws TimeoutError when that
/// never happens.
template <class Ask>
Task<std::size_t> poll_until(Ask ask) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    for (;;) {
        const std::optional<std::size_t> answer = ask();
        if (answer) co_return *answer;
        if (std::chrono::steady_clock::now() > deadline) throw TimeoutError("polled for ten seconds");
        co_await yield_now();
    }
}

inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator entries("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// While it lives, this process can open no further descriptor.
class NoDescriptorsLeft {
public:
    NoDescriptorsLeft() {
        checked(::getrlimit(RLIMIT_NOFILE, &before_), "getrlimit");
        const int next = checked(::dup(0), "dup");  // the lowest that is free
        ::close(next);
        rlimit lowered = before_;
        lowered.rlim_cur = static_cast<rlim_t>(next);
        checked(::setrlimit(RLIMIT_NOFILE, &lowered), "setrlimit");
    }
    NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
    NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;
    ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

/// A TCP port of an IPv4 address that belongs to nobody and on which nobody listens, as long as it lives.
class DeafPort {
public:
    explicit DeafPort(const std::string& host = "127.0.0.1", std::uint16_t port = 0)
        : fd_(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
        const Address address = Address::ip(host, port);
        if (::bind(fd_, address.data(), static_cast<socklen_t>(address.size())) < 0) {
            ::close(fd_);
            throw std::system_error(errno, std::generic_category(), "bind");
        }
    }
    DeafPort(const DeafPort&) = delete;
    DeafPort& operator=(const DeafPort&) = delete;
    ~DeafPort() { ::close(fd_); }
    Address address() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        checked(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        return Address(reinterpret_cast<const sockaddr*>(&address), size);
    }

private:
    int fd_;
};

/// A listener that lets connections wait in vain: its queue is full, so the system ignores those who knock.
class FullListener {
public:
    explicit FullListener(const std::string& host = "127.0.0.1", std::uint16_t port = 0)
        : listener_(Listener::bind(host, port, full())) {
        const Address address = listener_.local_address();
        filler_ = checked(::socket(address.data()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        checked(::connect(filler_, address.data(), static_cast<socklen_t>(address.size())), "connect");
    }
    FullListener(const FullListener&) = delete;
    FullListener& operator=(const FullListener&) = delete;
    ~FullListener() { ::close(filler_); }
    Address address() const { return listener_.local_address(); }
    const Listener& listener() const { return listener_; }

private:
    static ListenOptions full() {
        ListenOptions options;
        options.backlog = 0;
        return options;
    }
    Listener listener_;
    int filler_ = -1;
};

inline bool have_ipv6_loopback() {
    try {
        Listener::bind("::1", 0);
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

}  // namespace hocket::test
