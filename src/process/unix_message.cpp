#include "process/unix_message.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

namespace hocket::detail {

std::pair<OwnedDescriptor, OwnedDescriptor> socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "hocket: make a socket to another process");
    return {OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1])};
}

Sent send_parts(int socket, std::span<const std::span<const std::byte>> parts, std::span<const int> descriptors,
                int flags) {
    if (descriptors.size() > kMostDescriptors) {
        throw std::length_error("hocket: a message to another process takes at most " +
                                std::to_string(kMostDescriptors) + " descriptors along, not " +
                                std::to_string(descriptors.size()));
    }
    std::array<iovec, 4> pieces{};
    std::size_t count = 0;
    for (const auto part : parts) {
        if (!part.empty()) pieces.at(count++) = {const_cast<std::byte*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        std::memset(control.data(), 0, message.msg_controllen);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    while (::sendmsg(socket, &message, flags | MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return Sent::peer_gone;
        if (errno == EAGAIN) return Sent::would_block;
        throw std::system_error(errno, std::generic_category(), "hocket: send a message to another process");
    }
    return Sent::yes;
}

Received receive_message(int socket, std::span<std::byte> buffer, std::size_t& size,
                         std::vector<OwnedDescriptor>& descriptors, int flags) {
    iovec piece{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t received = 0;
    while ((received = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC)) < 0) {
        // A peer that has ended without reading everything is reported once, before what it had sent.
        if (errno == EINTR || errno == ECONNRESET) continue;
        if (errno == EAGAIN) return Received::would_block;
        throw std::system_error(errno, std::generic_category(), "hocket: receive a message from another process");
    }
    size = static_cast<std::size_t>(received);
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        std::array<int, kMostDescriptors> received_descriptors{};
        std::memcpy(received_descriptors.data(), CMSG_DATA(header), count * sizeof(int));
        try {
            descriptors.reserve(descriptors.size() + count);
        } catch (const std::bad_alloc&) {
            for (std::size_t i = 0; i < count; ++i) ::close(received_descriptors[i]);
            throw;
        }
        for (std::size_t i = 0; i < count; ++i) descriptors.emplace_back(received_descriptors[i]);
    }
    if (received == 0) return Received::end;
    if (message.msg_flags & MSG_CTRUNC) {
        throw std::runtime_error(
            "hocket: descriptors that another process has sent were lost: this process may have no more open (see "
            "`ulimit -n`)");
    }
    if (message.msg_flags & MSG_TRUNC)
        throw std::runtime_error("hocket: a message from another process is longer than expected");
    return Received::message;
}

bool is_want_of_memory(const std::exception& error) noexcept {
    const auto* system = dynamic_cast<const std::system_error*>(&error);
    return system ? system->code().value() == ENOMEM || system->code().value() == ENOBUFS
                  : dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
}

}  // namespace hocket::detail
