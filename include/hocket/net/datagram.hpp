// DatagramSocket: messages over UDP or a Unix socket.
#pragma once
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/aio/task.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/net/address.hpp"

namespace hocket {
namespace detail {
class Descriptor;
}

/// A message and who sent it.
class Datagram {
public:
    Datagram(std::string content, Address sender) : data(std::move(content)), from(sender) {}
    std::string data;
    Address from;
};

/// A datagram socket. Move-only. The async_ forms belong to the loop that first waits on it, the others block the
/// calling thread, which a CancelledError ends. One task may receive while another sends. Failures are
/// std::system_error, with EBADF for a socket that is not open; what is longer than 64 KiB, as Unix sockets allow,
/// cannot be received (EMSGSIZE).
///
/// Cancellation: a cancelled receive has taken nothing, a cancelled send has sent nothing.
class DatagramSocket {
public:
    /// No socket.
    DatagramSocket() noexcept = default;
    /// Receives on a numeric address or "localhost"; port 0 picks a free one.
    static DatagramSocket bind(const std::string& host, std::uint16_t port);
    static DatagramSocket bind(const Address& address);
    /// Sends to `peer` and receives from it alone; nothing is sent yet. A Unix peer cannot answer it: bind() for that.
    static DatagramSocket connect(const Address& peer);
    /// The same for a bound one.
    void connect_to(const Address& peer);

    DatagramSocket(DatagramSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
    DatagramSocket& operator=(DatagramSocket&& other) noexcept {
        DatagramSocket taken(std::move(other));
        std::swap(descriptor_, taken.descriptor_);
        return *this;
    }
    ~DatagramSocket() { close(); }

    /// Waits for the next datagram.
    Task<Datagram> async_recv_from();
    /// The same without its sender.
    Task<std::string> async_recv();
    /// Sends one datagram; waits while the system has no room for it. `data` must stay as it is until the await has
    /// ended.
    Task<void> async_send_to(std::string_view data, Address to);
    /// The same to the peer of a connected one.
    Task<void> async_send(std::string_view data);

    Datagram recv_from(std::source_location where = std::source_location::current());
    /// The same for at most `limit`; nothing if nothing has come.
    template <class Rep, class Period>
    std::optional<Datagram> recv_from_for(std::chrono::duration<Rep, Period> limit,
                                          std::source_location where = std::source_location::current()) {
        return recv_before(detail::deadline_after(limit), where);
    }
    std::string recv(std::source_location where = std::source_location::current()) { return recv_from(where).data; }
    void send_to(std::string_view data, const Address& to,
                 std::source_location where = std::source_location::current());
    void send(std::string_view data, std::source_location where = std::source_location::current()) {
        send_to(data, Address(), where);
    }

    /// Whether it may send to a broadcast address.
    void set_broadcast(bool on);
    void close() noexcept;
    bool is_open() const noexcept { return descriptor_ != nullptr; }
    int fileno() const noexcept;
    Address local_address() const;
    std::uint16_t port() const { return local_address().port(); }

private:
    explicit DatagramSocket(detail::Descriptor* descriptor) noexcept : descriptor_(descriptor) {}
    std::optional<Datagram> recv_before(TimePoint deadline, std::source_location where);
    detail::Descriptor* descriptor_ = nullptr;
};

}  // namespace hocket
