// Socket: a connection, over TCP or a Unix socket.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hocket/aio/task.hpp"
#include "hocket/net/address.hpp"
#include "hocket/net/detail/io_awaiters.hpp"
#include "hocket/net/stream_errors.hpp"

namespace hocket {

/// How a connection is made.
struct ConnectOptions {
    /// Where to connect from; its port may be 0. None: the system chooses. Not for Unix sockets.
    Address from;
    /// Which family of a name's addresses to take; none: both.
    Address::Family family = Address::Family::none;
    /// How long an address is tried alone before the next one is tried beside it.
    Duration head_start = std::chrono::milliseconds(250);
};

/// A connected stream socket. Move-only; belongs to the loop that first waits on it. One task may receive while another
/// sends; a second one in the same direction gets InvalidStateError, and so does another loop. Failures are
/// std::system_error, with EBADF for a socket that is not open.
///
/// Cancellation of a wait leaves the connection usable: a cancelled receive has taken nothing, a cancelled send may
/// have sent a part.
class Socket {
public:
    /// No connection.
    Socket() noexcept = default;
    /// Takes over a connected descriptor. `may_be_ready`: data may be waiting already.
    explicit Socket(int fd, bool may_be_ready = true);
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
    /// Closes the connection that was here before.
    Socket& operator=(Socket&& other) noexcept {
        Socket taken(std::move(other));
        std::swap(descriptor_, taken.descriptor_);
        return *this;
    }
    ~Socket() { close(); }

    /// Connects to a host by name or number. Of several addresses each gets a head start before the next one is tried
    /// beside it, IPv6 and IPv4 in turn; the first that answers wins (RFC 8305, "happy eyeballs"). Throws ResolveError,
    /// or std::system_error with the code of the first failure if all fail.
    static Task<Socket> async_connect(std::string host, std::uint16_t port, ConnectOptions options = ConnectOptions());
    /// Connects to one address.
    static Task<Socket> async_connect(Address address, ConnectOptions options = ConnectOptions());

    /// Receives at least one byte into `buffer`, as many as there are; gives 0 at the end of the stream, and at
    /// once for an empty buffer.
    detail::IoTransfer async_recv(std::span<char> buffer) const {
        return detail::IoTransfer(descriptor(), detail::IoVerb::read, buffer.data(), buffer.size(), 0);
    }
    /// Sends all of `data`; gives its size. The memory must stay as it is until the await has ended.
    detail::IoTransfer async_send(std::string_view data) const {
        return detail::IoTransfer(descriptor(), detail::IoVerb::write, const_cast<char*>(data.data()), data.size(), 0);
    }
    /// Waits until a receive would find data, the end, or an error.
    detail::Readiness async_wait_readable() const {
        return detail::Readiness(descriptor(), detail::IoVerb::wait_readable);
    }
    /// Waits until a send would find room.
    detail::Readiness async_wait_writable() const {
        return detail::Readiness(descriptor(), detail::IoVerb::wait_writable);
    }

    // For threads, the same verbs without async_. They block the calling thread, and throw CancelledError when it is
    // cancelled. Not for the thread of an event loop.

    /// As async_connect(), but the addresses are tried one after another.
    static Socket connect(const std::string& host, std::uint16_t port,
                          std::source_location where = std::source_location::current());
    static Socket connect(const Address& address, std::source_location where = std::source_location::current());
    std::size_t recv(std::span<char> buffer, std::source_location where = std::source_location::current()) const {
        return *recv_before(buffer, kNever, where);
    }
    /// Between 1 and `max` bytes; "" at the end of the stream.
    std::string recv(std::size_t max, std::source_location where = std::source_location::current()) const;
    /// `size` bytes. Throws IncompleteReadError, which has what there was, when the stream ends before. Cancellation:
    /// what has come is lost.
    std::string recv_exactly(std::size_t size, std::source_location where = std::source_location::current()) const;
    /// recv() for at most `limit`; nothing if nothing has come.
    template <class Rep, class Period>
    std::optional<std::size_t> recv_for(std::span<char> buffer, std::chrono::duration<Rep, Period> limit,
                                        std::source_location where = std::source_location::current()) const {
        return recv_before(buffer, detail::deadline_after(limit), where);
    }
    /// Cancellation: a part may have been sent.
    std::size_t send(std::string_view data, std::source_location where = std::source_location::current()) const;
    /// The same; for those who are used to a send() that may send less.
    void send_all(std::string_view data, std::source_location where = std::source_location::current()) const {
        (void)send(data, where);
    }

    /// Receives what is there now: nothing, if there is nothing yet; 0 at the end of the stream. Inside a running loop,
    /// which notices what arrives in its turns: a task that asks again and again must let it (yield_now()).
    std::optional<std::size_t> try_recv(std::span<char> buffer) const;
    /// Throws away up to `limit` bytes that are there now, without copying them; otherwise as try_recv(). TCP only.
    std::optional<std::size_t> try_discard(std::size_t limit) const;
    /// Sends as much of `data` as there is room for now; nothing if there is none.
    std::optional<std::size_t> try_send(std::string_view data) const;

    /// No more will be sent: the peer reads the end of the stream.
    void shutdown_send() const;
    /// Sends small writes at once (TCP_NODELAY). On for connections that this library makes or accepts.
    void set_no_delay(bool on) const;
    /// Closes the connection; waits on it end with an error.
    void close() noexcept;

    bool is_open() const noexcept { return descriptor_ != nullptr; }
    int fileno() const noexcept { return descriptor_ ? descriptor_->fd() : -1; }
    Address local_address() const;
    Address peer_address() const;

private:
    std::optional<std::size_t> recv_before(std::span<char> buffer, TimePoint deadline,
                                           std::source_location where) const;
    std::optional<std::size_t> try_transfer(detail::IoVerb verb, void* data, std::size_t size, int flags,
                                            const char* what) const;
    detail::Descriptor& descriptor() const { return detail::require_open(descriptor_); }
    detail::Descriptor* descriptor_ = nullptr;
};

/// Any descriptor, as something to wait for: a signalfd, a pipe, another library's socket. Takes over a duplicate of
/// `fd`.
class Watch {
public:
    /// Throws std::system_error.
    explicit Watch(int fd);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();
    /// Waits until `fd` is readable. Read it until it would block, then call rearm() before the next wait.
    detail::Readiness async_wait_readable() const noexcept {
        return detail::Readiness(*descriptor_, detail::IoVerb::wait_readable);
    }
    void rearm() noexcept { descriptor_->found_empty(); }
    int fileno() const noexcept { return descriptor_->fd(); }

private:
    detail::Descriptor* descriptor_;
};

}  // namespace hocket
