// The blocking forms of sockets and listeners.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "hocket/core/detail/descriptor_wait.hpp"
#include "hocket/net/listener.hpp"
#include "hocket/net/resolve.hpp"
#include "hocket/net/socket.hpp"

namespace hocket {
namespace {

// Repeats a non-blocking call until it has a result, waiting for `events` in between. Nothing when the deadline comes
// first; throws its failure as std::system_error(`what`).
template <class Call>
std::optional<std::size_t> until_done(int fd, short events, TimePoint deadline, const char* what,
                                      std::source_location where, Call call) {
    for (;;) {
        const ssize_t result = call();
        if (result >= 0) return static_cast<std::size_t>(result);
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) throw std::system_error(errno, std::generic_category(), what);
        if (!detail::block_until_ready(fd, events, deadline, where)) return std::nullopt;
    }
}

}  // namespace

std::optional<std::size_t> Socket::recv_before(std::span<char> buffer, TimePoint deadline,
                                               std::source_location where) const {
    const int fd = descriptor().fd();
    return until_done(fd, POLLIN, deadline, "receive", where,
                      [&] { return ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT); });
}

std::string Socket::recv(std::size_t max, std::source_location where) const {
    std::string data(max, '\0');
    data.resize(recv(std::span<char>(data), where));
    return data;
}

std::string Socket::recv_exactly(std::size_t size, std::source_location where) const {
    constexpr std::size_t kPiece = 64 * 1024;  // memory for what has come, not for what was promised
    std::string data;
    for (std::size_t filled = 0; filled < size;) {
        if (filled == data.size()) data.resize(std::min(size, std::max(2 * filled, kPiece)));
        const std::size_t received = recv(std::span<char>(data).subspan(filled), where);
        filled += received;
        if (received > 0) continue;
        data.resize(filled);
        throw IncompleteReadError(std::move(data), size);
    }
    return data;
}

std::size_t Socket::send(std::string_view data, std::source_location where) const {
    const int fd = descriptor().fd();
    for (std::string_view rest = data; !rest.empty();) {
        rest.remove_prefix(*until_done(fd, POLLOUT, kNever, "send", where, [&] {
            return ::send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        }));
    }
    return data.size();
}

Socket Socket::connect(const Address& address, std::source_location where) {
    const auto fail = [&](int error) {
        throw std::system_error(error, std::generic_category(), "connect to " + address.to_string());
    };
    const int fd = ::socket(address.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "open a socket for " + address.to_string());
    Socket socket(fd, false);
    int result = ::connect(fd, address.data(), static_cast<socklen_t>(address.size()));
    if (result < 0 && errno != EINPROGRESS && errno != EINTR) fail(errno);
    if (result < 0) {
        (void)detail::block_until_ready(fd, POLLOUT, kNever, where);
        int error = 0;
        socklen_t size = sizeof error;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
        if (error != 0) fail(error);
    }
    if (address.family() != Address::Family::unix_domain) socket.set_no_delay(true);
    return socket;
}

Socket Socket::connect(const std::string& host, std::uint16_t port, std::source_location where) {
    std::exception_ptr first_error;
    for (const Address& address : resolve_blocking(host, port, where)) {
        try {
            return connect(address, where);
        } catch (const std::system_error&) {
            if (!first_error) first_error = std::current_exception();
        }
    }
    std::rethrow_exception(first_error);
}

Socket Listener::accept(std::source_location where) const {
    const int fd = detail::require_open(descriptor_).fd();
    const auto accepted = until_done(fd, POLLIN, kNever, "accept a connection", where, [fd]() -> ssize_t {
        for (;;) {
            const int taken = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (taken >= 0 || !detail::concerns_one_connection(errno)) return taken;
        }
    });
    return Socket(static_cast<int>(*accepted));
}

}  // namespace hocket
