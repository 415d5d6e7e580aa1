#include "os/start_channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <source_location>

#include "hocket/core/detail/descriptor_wait.hpp"
#include "hocket/core/errors.hpp"
#include "net/throw_errno.hpp"

namespace hocket::detail {
namespace {

constexpr std::size_t kLongest = 16 * 1024;

}  // namespace

std::pair<StartChannel, StartChannel> StartChannel::open() {
    int fds[2];
    // Each message is one record, and the end of the last process that has the other end is seen.
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        throw_errno("hocket: open a socket pair to a daemon");
    return {StartChannel(fds[0]), StartChannel(fds[1])};
}

void StartChannel::send(const StartMessage& message) const noexcept {
    char record[1 + sizeof(int) + kLongest];
    const std::size_t size = std::min(message.text.size(), kLongest);
    record[0] = static_cast<char>(message.kind);
    std::memcpy(record + 1, &message.number, sizeof(int));
    std::memcpy(record + 1 + sizeof(int), message.text.data(), size);
    while (::send(fd_.get(), record, 1 + sizeof(int) + size, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

std::optional<StartMessage> StartChannel::receive(TimePoint deadline) const {
    if (!block_until_ready(fd_.get(), POLLIN, deadline, std::source_location::current()))
        throw TimeoutError("hocket: wait for a daemon to be ready");
    std::string record(1 + sizeof(int) + kLongest, '\0');
    ssize_t size = 0;
    do {
        size = ::recv(fd_.get(), record.data(), record.size(), 0);
    } while (size < 0 && errno == EINTR);
    if (size < 0 && errno != ECONNRESET) throw_errno("hocket: wait for a daemon to be ready");
    if (size < static_cast<ssize_t>(1 + sizeof(int))) return std::nullopt;
    int number = 0;
    std::memcpy(&number, record.data() + 1, sizeof number);
    const auto kind = static_cast<StartMessage::Kind>(record[0]);
    return StartMessage(kind, number,
                        record.substr(1 + sizeof number, static_cast<std::size_t>(size) - 1 - sizeof number));
}

}  // namespace hocket::detail
