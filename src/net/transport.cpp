#include "hocket/net/detail/transport.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "hocket/net/tls_info.hpp"

namespace hocket::detail {
namespace {

// Fills `buffer` from a place in a file; 0 at its end.
std::size_t read_at(int fd, std::span<char> buffer, std::uint64_t offset) {
    for (;;) {
        const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (size >= 0) return static_cast<std::size_t>(size);
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "hocket: read a file to send it");
    }
}

}  // namespace

Transport::~Transport() = default;

void Transport::write_last(std::string_view) noexcept {}

std::optional<TlsInfo> Transport::tls_info() const { return std::nullopt; }

Task<void> Transport::write_vectored(std::span<const std::string_view> parts) {
    std::string joined;
    for (const std::string_view part : parts) joined += part;
    co_await write(joined);
}

Task<std::uint64_t> Transport::send_file(int fd, std::uint64_t offset, std::uint64_t length) {
    constexpr std::uint64_t kPiece = 64 * 1024;
    const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
    std::uint64_t sent = 0;
    while (sent < length) {
        const std::span<char> room(buffer.get(), static_cast<std::size_t>(std::min(kPiece, length - sent)));
        const std::size_t size = read_at(fd, room, offset + sent);
        if (size == 0) break;
        co_await write(std::string_view(buffer.get(), size));
        sent += size;
    }
    co_return sent;
}

}  // namespace hocket::detail
