// What is beneath a Stream: a socket, a pipe, TLS.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "hocket/aio/task.hpp"
#include "hocket/net/address.hpp"

namespace hocket {
class TlsInfo;
}

namespace hocket::detail {

/// Moves bytes both ways. The stream above it sees to it that there is one read and one writing operation at a time,
/// and keeps it and the memory handed over alive until they have ended. Failures are std::system_error. Cancellation:
/// as said at each.
class Transport {
public:
    Transport() noexcept = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    /// Closes.
    virtual ~Transport();

    /// At least one byte into `buffer`, which is not empty; 0 at the end of the stream. A cancelled one has taken
    /// nothing.
    virtual Task<std::size_t> read_some(std::span<char> buffer) = 0;
    /// All of `data`. A cancelled one may have sent a part.
    virtual Task<void> write(std::string_view data) = 0;
    /// All of `parts`, in their order. The same.
    virtual Task<void> write_vectored(std::span<const std::string_view> parts);
    /// `length` bytes of the file `fd` from `offset`, or what there is; gives how many. The same.
    virtual Task<std::uint64_t> send_file(int fd, std::uint64_t offset, std::uint64_t length);
    /// No more will be written: the peer reads the end of the stream.
    virtual Task<void> write_eof() = 0;
    /// A last word before close(), while nothing is being written: sent if there is room for it at once.
    virtual void write_last(std::string_view data) noexcept;

    /// Closes at once; operations that wait end with an error.
    virtual void close() noexcept = 0;
    /// The same, telling the peer that something was wrong, where that is possible.
    virtual void abort() noexcept { close(); }

    virtual Address local_address() const { return Address(); }
    virtual Address peer_address() const { return Address(); }
    /// What TLS has agreed on; nothing without TLS.
    virtual std::optional<TlsInfo> tls_info() const;
    /// A descriptor to wait on; -1 when closed.
    virtual int fileno() const noexcept = 0;
};

}  // namespace hocket::detail
