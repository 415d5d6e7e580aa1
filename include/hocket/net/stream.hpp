// Stream: bytes in both directions, buffered, for coroutines.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hocket/net/socket.hpp"
#include "hocket/net/stream_errors.hpp"

namespace hocket {
class TlsContext;
class TlsInfo;

namespace detail {
class StreamCore;
class Transport;
}  // namespace detail

/// A connection, pipe or the like as a stream of bytes with a buffer for what was read ahead. Move-only; belongs to one
/// event loop. One task may read while others write: a second reader gets InvalidStateError, writers take turns in the
/// order in which they came. Failures are std::system_error, with EBADF for a stream that is closed.
///
/// Cancellation of a read loses nothing: what came stays in the stream for the next read. A cancelled write may have
/// written a part, after which the peer cannot make sense of more: close the stream. A writer that is cancelled while
/// it waits for its turn has written nothing.
class Stream {
public:
    static constexpr std::size_t kLineLimit = 64 * 1024;
    static constexpr std::size_t kAllLimit = 64 * 1024 * 1024;
    static constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

    /// No connection.
    Stream() noexcept = default;
    explicit Stream(Socket socket);
    explicit Stream(std::unique_ptr<detail::Transport> transport);
    Stream(Stream&&) noexcept = default;
    /// Closes the stream that was here before.
    Stream& operator=(Stream&& other) noexcept;
    ~Stream();

    /// Between 1 and `max` bytes, as soon as there are any; "" at the end of the stream.
    Task<std::string> read(std::size_t max = kLineLimit);
    /// The same into memory that must stay as it is until the await has ended; gives the number of bytes, 0 at the end.
    Task<std::size_t> read_into(std::span<char> buffer);
    /// What comes up to and including `separator`; nothing at the end of the stream. Throws IncompleteReadError when
    /// the stream ends after something else, LimitOverrunError when it is longer than `limit` bytes, separator
    /// included.
    Task<std::optional<std::string>> read_until(std::string separator, std::size_t limit = kLineLimit);
    /// The next line, without the "\n" or "\r\n" at its end, which the last line may lack; nothing at the end of the
    /// stream. Throws LimitOverrunError when it is longer than `limit` bytes, its end included.
    Task<std::optional<std::string>> read_line(std::size_t limit = kLineLimit);
    /// `size` bytes. Throws IncompleteReadError, which has what there was, when the stream ends before.
    Task<std::string> read_exactly(std::size_t size);
    /// All up to the end of the stream. Throws LimitOverrunError when that is more than `limit` bytes.
    Task<std::string> read_all(std::size_t limit = kAllLimit);
    /// What was read ahead: the next reads give it without waiting. Valid until the next operation.
    std::string_view buffered() const noexcept;

    /// Writes all of `data`; waits while the peer does not read. Its memory must stay as it is until the await has
    /// ended.
    Task<void> write(std::string_view data);
    /// The same for a temporary, which it keeps.
    template <std::same_as<std::string> S>
    Task<void> write(S&& data) {
        return write_owned(std::move(data));
    }
    /// Writes all parts one after another, with as few system calls as there can be. The same goes for the memory of
    /// `parts` and what they refer to.
    Task<void> write_vectored(std::span<const std::string_view> parts);
    /// No more will be written, and the peer reads the end of the stream; reading goes on. Waits for the writers
    /// before.
    Task<void> write_eof();
    /// Writes `length` bytes of the file from `offset` on, or as many as there are, and gives their number; by
    /// sendfile(2), where there is such a thing. Reading a file that is not in memory yet keeps the loop's thread
    /// waiting for the disk. `fd` stays open and its position as it was.
    Task<std::uint64_t> sendfile(int fd, std::uint64_t offset = 0, std::uint64_t length = kToTheEnd);
    Task<std::uint64_t> sendfile(std::filesystem::path path, std::uint64_t offset = 0,
                                 std::uint64_t length = kToTheEnd);

    /// Closes the stream; operations that wait end with an error, what was read ahead is dropped. What has been written
    /// still arrives.
    void close() noexcept;
    /// The same; the peer of a TCP connection gets an error (a reset) instead of the end of the stream, and what has
    /// not arrived yet does not.
    void abort() noexcept;

    bool is_open() const noexcept { return fileno() >= 0; }
    int fileno() const noexcept;
    /// None for what is no socket.
    Address local_address() const;
    Address peer_address() const;
    /// What TLS has agreed on; nothing if the stream is not encrypted.
    std::optional<TlsInfo> tls_info() const;

private:
    friend Task<Stream> start_tls(Stream stream, TlsContext context, std::string host);
    Task<void> write_owned(std::string data);
    const std::shared_ptr<detail::StreamCore>& core() const;
    std::shared_ptr<detail::StreamCore> core_;
};

}  // namespace hocket
