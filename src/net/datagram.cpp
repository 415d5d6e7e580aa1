#include "hocket/net/datagram.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <system_error>

#include "hocket/aio/sleep.hpp"
#include "hocket/core/detail/descriptor_wait.hpp"
#include "hocket/net/detail/io_awaiters.hpp"
#include "net/fd_guard.hpp"
#include "net/throw_errno.hpp"
#include "net/try_call.hpp"

namespace hocket {
namespace {

using detail::Descriptor;
using detail::IoVerb;

constexpr std::size_t kLargest = 64 * 1024;

// What failed, without the text being made when nothing does.
[[noreturn]] void throw_failed(const char* what, const Address& address) {
    const int error = errno;  // before to_string() changes it
    throw std::system_error(error, std::generic_category(), what + address.to_string());
}

Descriptor* open_socket(const Address& address) {
    detail::FdGuard fd(::socket(address.data()->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) throw_failed("hocket: open a datagram socket for ", address);
    auto* descriptor = new Descriptor(fd.get(), true);
    fd.release();
    return descriptor;
}

// The next datagram; nothing if there is none. Received where there is room for any, then copied: nobody knows before
// how long it is.
std::optional<Datagram> receive_now(int fd) {
    thread_local const auto buffer = std::make_unique_for_overwrite<char[]>(kLargest);
    sockaddr_storage sender{};
    iovec room{buffer.get(), kLargest};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    const auto size = detail::try_call("receive a datagram", [&] { return ::recvmsg(fd, &message, MSG_DONTWAIT); });
    if (!size) return std::nullopt;
    if (message.msg_flags & MSG_TRUNC)
        throw std::system_error(EMSGSIZE, std::generic_category(), "receive a datagram of more than 64 KiB");
    Address from;
    if (message.msg_namelen > 0) from = Address(reinterpret_cast<const sockaddr*>(&sender), message.msg_namelen);
    return Datagram(std::string(buffer.get(), *size), from);
}

// Whether it was sent.
bool send_now(int fd, std::string_view data, const Address& to) {
    const bool connected = to.family() == Address::Family::none;
    const auto sent = detail::try_call("send a datagram", [&] {
        return ::sendto(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL, connected ? nullptr : to.data(),
                        connected ? 0 : static_cast<socklen_t>(to.size()));
    });
    return sent.has_value();
}

}  // namespace

DatagramSocket DatagramSocket::bind(const std::string& host, std::uint16_t port) {
    return bind(Address::ip(host == "localhost" ? "127.0.0.1" : host, port));
}

DatagramSocket DatagramSocket::bind(const Address& address) {
    DatagramSocket socket(open_socket(address));
    if (::bind(socket.fileno(), address.data(), static_cast<socklen_t>(address.size())) < 0)
        throw_failed("hocket: receive datagrams on ", address);
    return socket;
}

DatagramSocket DatagramSocket::connect(const Address& peer) {
    DatagramSocket socket(open_socket(peer));
    socket.connect_to(peer);
    return socket;
}

void DatagramSocket::connect_to(const Address& peer) {
    const int fd = detail::require_open(descriptor_).fd();
    if (::connect(fd, peer.data(), static_cast<socklen_t>(peer.size())) < 0)
        throw_failed("hocket: send datagrams to ", peer);
}

namespace {

// What an operation works on: it may outlive the DatagramSocket, whose end closes the descriptor.
class Open {
public:
    explicit Open(Descriptor& descriptor) noexcept : descriptor_(&descriptor) { descriptor.add_reference(); }
    Open(Open&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
    Open& operator=(Open&&) = delete;
    ~Open() {
        if (descriptor_) descriptor_->drop_reference();
    }
    Descriptor& operator*() const { return detail::require_open(descriptor_->closed() ? nullptr : descriptor_); }

private:
    Descriptor* descriptor_;
};

Task<Datagram> receive(Open socket) {
    for (;;) {
        if (!detail::Scheduler::current()->spend_budget()) co_await yield_now();
        Descriptor& descriptor = *socket;
        if (std::optional<Datagram> datagram = receive_now(descriptor.fd())) co_return std::move(*datagram);
        descriptor.found_empty();
        co_await detail::Readiness(descriptor, IoVerb::wait_readable);
    }
}

Task<std::string> receive_content(Open socket) {
    Datagram datagram = co_await receive(std::move(socket));
    co_return std::move(datagram.data);
}

Task<void> transmit(Open socket, std::string_view data, Address to) {
    for (;;) {
        if (!detail::Scheduler::current()->spend_budget()) co_await yield_now();
        Descriptor& descriptor = *socket;
        if (send_now(descriptor.fd(), data, to)) co_return;
        co_await detail::Readiness(descriptor, IoVerb::wait_writable);
    }
}

}  // namespace

Task<Datagram> DatagramSocket::async_recv_from() { return receive(Open(detail::require_open(descriptor_))); }
Task<std::string> DatagramSocket::async_recv() { return receive_content(Open(detail::require_open(descriptor_))); }
Task<void> DatagramSocket::async_send_to(std::string_view data, Address to) {
    return transmit(Open(detail::require_open(descriptor_)), data, to);
}

Task<void> DatagramSocket::async_send(std::string_view data) { return async_send_to(data, Address()); }

std::optional<Datagram> DatagramSocket::recv_before(TimePoint deadline, std::source_location where) {
    const int fd = detail::require_open(descriptor_).fd();
    for (;;) {
        if (std::optional<Datagram> datagram = receive_now(fd)) return datagram;
        if (!detail::block_until_ready(fd, POLLIN, deadline, where)) return std::nullopt;
    }
}

Datagram DatagramSocket::recv_from(std::source_location where) { return *recv_before(kNever, where); }

void DatagramSocket::send_to(std::string_view data, const Address& to, std::source_location where) {
    const int fd = detail::require_open(descriptor_).fd();
    while (!send_now(fd, data, to)) (void)detail::block_until_ready(fd, POLLOUT, kNever, where);
}

void DatagramSocket::set_broadcast(bool on) {
    const int value = on ? 1 : 0;
    const int fd = detail::require_open(descriptor_).fd();
    if (::setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &value, sizeof value) < 0) detail::throw_errno("set SO_BROADCAST");
}

void DatagramSocket::close() noexcept {
    if (auto* descriptor = std::exchange(descriptor_, nullptr)) descriptor->close();
}

int DatagramSocket::fileno() const noexcept { return descriptor_ ? descriptor_->fd() : -1; }

Address DatagramSocket::local_address() const {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(detail::require_open(descriptor_).fd(), reinterpret_cast<sockaddr*>(&storage), &length) < 0)
        detail::throw_errno("address of a datagram socket");
    return Address(reinterpret_cast<const sockaddr*>(&storage), length);
}

}  // namespace hocket
