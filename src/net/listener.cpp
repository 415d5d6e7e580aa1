#include "hocket/net/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

#include "fd_guard.hpp"
#include "throw_errno.hpp"

namespace hocket {
namespace {

using detail::FdGuard;
using detail::throw_errno;

[[noreturn]] void throw_cannot_listen(const Address& address) {
    const int error = errno;  // before to_string() changes it
    throw std::system_error(error, std::generic_category(), "listen on " + address.to_string());
}

void switch_option(int fd, int level, int option, int value, const char* what) {
    if (::setsockopt(fd, level, option, &value, sizeof value) < 0) throw_errno(what);
}

int listen_on(const Address& address, ListenOptions options, bool both_families) {
    FdGuard fd(::socket(address.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) throw_errno("open a listening socket");
    if (address.family() != Address::Family::unix_domain) {
        switch_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "set SO_REUSEADDR");
        if (options.reuse_port) switch_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "set SO_REUSEPORT");
        switch_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, "set TCP_NODELAY");  // inherited by what is accepted
    }
    if (both_families) switch_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0, "unset IPV6_V6ONLY");
    if (::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) < 0) throw_cannot_listen(address);
    if (::listen(fd.get(), options.backlog) < 0) throw_cannot_listen(address);
    return fd.release();
}

}  // namespace

Listener::Listener(int fd) {
    FdGuard guard(fd);
    descriptor_ = new detail::Descriptor(fd, true);
    guard.release();
}

Listener Listener::bind(const std::string& host, std::uint16_t port, ListenOptions options) {
    if (host == "localhost") return bind(Address::ip("127.0.0.1", port), options);
    if (!host.empty()) return bind(Address::ip(host, port), options);
    try {
        return Listener(listen_on(Address::ip("::", port), options, true));
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::address_family_not_supported) throw;
        return bind(Address::ip("0.0.0.0", port), options);  // a system without IPv6
    }
}

Listener Listener::bind(const Address& address, ListenOptions options) {
    return Listener(listen_on(address, options, false));
}

void Listener::close() noexcept {
    if (auto* descriptor = std::exchange(descriptor_, nullptr)) descriptor->close();
}

Address Listener::local_address() const {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(fileno(), reinterpret_cast<sockaddr*>(&storage), &length) < 0)
        throw_errno("address of a listener");
    return Address(reinterpret_cast<const sockaddr*>(&storage), length);
}

Listener::AcceptAwaiter::~AcceptAwaiter() {
    if (!taken_ && result() > 0) ::close(static_cast<int>(result()));
}

Socket Listener::AcceptAwaiter::await_resume() {
    if (result() < 0) throw_failure("accept a connection");
    taken_ = true;
    return Socket(static_cast<int>(result()));
}

}  // namespace hocket
