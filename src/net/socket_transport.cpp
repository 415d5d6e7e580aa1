#include "net/socket_transport.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "hocket/aio/sleep.hpp"
#include "net/gather_list.hpp"
#include "net/no_sigpipe.hpp"
#include "net/try_call.hpp"

namespace hocket::detail {
namespace {

// nullopt: no room.
std::optional<std::size_t> send_next(const Socket& socket, GatherList& list) {
    const std::span<iovec> pieces = list.next();
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const auto sent =
        try_call("send", [&] { return ::sendmsg(socket.fileno(), &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
    if (sent) list.advance(*sent);
    return sent;
}

std::optional<std::size_t> send_piece(const Socket& socket, int file, std::uint64_t offset, std::size_t size) {
    const NoSigpipe guard;
    auto place = static_cast<off_t>(offset);
    return try_call("send a file", [&] { return ::sendfile(socket.fileno(), file, &place, size); });
}

}  // namespace

Task<std::size_t> SocketTransport::read_some(std::span<char> buffer) { co_return co_await socket_.async_recv(buffer); }

Task<void> SocketTransport::write(std::string_view data) { (void)co_await socket_.async_send(data); }

Task<void> SocketTransport::write_vectored(std::span<const std::string_view> parts) {
    GatherList list(parts);
    while (!list.empty()) {
        const std::optional<std::size_t> sent = send_next(socket_, list);
        if (!sent) co_await socket_.async_wait_writable();
        if (sent && !list.empty()) co_await yield_now();  // a fast reader must not keep the loop
    }
}

Task<std::uint64_t> SocketTransport::send_file(int fd, std::uint64_t offset, std::uint64_t length) {
    constexpr std::uint64_t kPiece = 1024 * 1024;  // then others have their turn
    std::uint64_t sent = 0;
    while (sent < length) {
        const auto size = static_cast<std::size_t>(std::min(kPiece, length - sent));
        const std::optional<std::size_t> piece = send_piece(socket_, fd, offset + sent, size);
        if (!piece) {
            co_await socket_.async_wait_writable();
            continue;
        }
        if (*piece == 0) break;
        sent += *piece;
        co_await yield_now();
    }
    co_return sent;
}

Task<void> SocketTransport::write_eof() {
    socket_.shutdown_send();
    co_return;
}

void SocketTransport::write_last(std::string_view data) noexcept {
    if (socket_.is_open()) (void)!::send(socket_.fileno(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void SocketTransport::abort() noexcept {
    const linger reset{1, 0};
    if (socket_.is_open()) ::setsockopt(socket_.fileno(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    socket_.close();
}

}  // namespace hocket::detail
