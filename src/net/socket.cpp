#include "hocket/net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "throw_errno.hpp"

namespace hocket {
namespace {

using detail::throw_errno;

Address address_of(int fd, int (*query)(int, sockaddr*, socklen_t*), const char* what) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (query(fd, reinterpret_cast<sockaddr*>(&storage), &length) < 0) throw_errno(what);
    return Address(reinterpret_cast<const sockaddr*>(&storage), length);
}

detail::Descriptor* open_descriptor(int fd, bool may_be_ready) {
    try {
        return new detail::Descriptor(fd, may_be_ready);
    } catch (...) {
        ::close(fd);
        throw;
    }
}

}  // namespace

void detail::throw_not_open() {
    throw std::system_error(EBADF, std::generic_category(),
                            "hocket: this socket is not open (closed, moved from, or never connected)");
}

Socket::Socket(int fd, bool may_be_ready) : descriptor_(open_descriptor(fd, may_be_ready)) {}

void Socket::close() noexcept {
    if (auto* descriptor = std::exchange(descriptor_, nullptr)) descriptor->close();
}

namespace {

// An operation that is tried once, outside of any wait.
class Attempt final : public detail::IoOperation {
public:
    using IoOperation::IoOperation;
    std::optional<std::size_t> make(detail::IoBackend& backend, const char* what) {
        if (!try_once(backend)) return std::nullopt;
        if (result() < 0) throw_failure(what);
        return static_cast<std::size_t>(result());
    }
};

}  // namespace

std::optional<std::size_t> Socket::try_transfer(detail::IoVerb verb, void* data, std::size_t size, int flags,
                                                const char* what) const {
    Attempt attempt(descriptor(), verb, data, size, flags | MSG_DONTWAIT);
    return attempt.make(EventLoop::current().backend(), what);
}

std::optional<std::size_t> Socket::try_recv(std::span<char> buffer) const {
    return try_transfer(detail::IoVerb::read, buffer.data(), buffer.size(), 0, "receive");
}

std::optional<std::size_t> Socket::try_discard(std::size_t limit) const {
    // TCP with MSG_TRUNC drops the bytes inside the kernel; no buffer is touched.
    return try_transfer(detail::IoVerb::read, nullptr, limit, MSG_TRUNC, "receive");
}

std::optional<std::size_t> Socket::try_send(std::string_view data) const {
    return try_transfer(detail::IoVerb::write, const_cast<char*>(data.data()), data.size(), 0, "send");
}

void Socket::shutdown_send() const {
    if (::shutdown(descriptor().fd(), SHUT_WR) < 0) throw_errno("shut down sending");
}

void Socket::set_no_delay(bool on) const {
    const int value = on ? 1 : 0;
    if (::setsockopt(descriptor().fd(), IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) < 0 && errno != EOPNOTSUPP)
        throw_errno("set TCP_NODELAY");
}

Address Socket::local_address() const { return address_of(fileno(), ::getsockname, "local address of a socket"); }
Address Socket::peer_address() const { return address_of(fileno(), ::getpeername, "peer address of a socket"); }

Watch::Watch(int fd) {
    const int duplicate = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) throw_errno("watch a descriptor");
    descriptor_ = open_descriptor(duplicate, false);
}

Watch::~Watch() { descriptor_->close(); }

}  // namespace hocket
