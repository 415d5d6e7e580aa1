// Wire: the bytes of a server's connection, in clear text or encrypted.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "hocket/net/socket.hpp"
#include "hocket/net/tls.hpp"

namespace hocket::detail {
class TlsEngine;
}

namespace hocket::http::detail {

/// A socket, and what encrypts it, if anything. The try_ forms never wait, as those of Socket. What they send may stay
/// here, encrypted, when the kernel has no room: flush() moves it on. One loop; failures are std::system_error.
class Wire {
public:
    explicit Wire(Socket socket) noexcept;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    /// Tells an encrypted peer that this is the end, if there is room.
    ~Wire();

    /// Encrypts from now on, by `context`; shake_hands() comes first then.
    void encrypt_by(const TlsContext& context);
    /// Throws TlsError. Its limit of time is the context's.
    Task<void> shake_hands();
    /// What the handshake has agreed on; null without one.
    std::shared_ptr<const TlsInfo> tls_info() const noexcept { return info_; }

    const Socket& socket() const noexcept { return socket_; }

    /// 0 is the end, also where an encrypted peer did not say so: HTTP knows itself what is whole.
    std::optional<std::size_t> try_recv(std::span<char> buffer);
    /// Throws bytes away, without a look at them: 0 at the end.
    std::optional<std::size_t> try_discard(std::span<char> buffer) { return socket_.try_recv(buffer); }
    /// Whether more may be there, without anything new having come, after a receive that gave `size` bytes.
    bool may_have_more(std::size_t size, std::size_t room) const noexcept { return engine_ || size == room; }

    std::optional<std::size_t> try_send(std::string_view data);
    /// The same for up to `size` bytes of a file from `offset` on, read through `buffer` if they are to be encrypted.
    /// 0: the file ends there.
    std::optional<std::size_t> try_send_file(int file, std::uint64_t offset, std::size_t size, std::span<char> buffer);
    /// Whether nothing stays here.
    bool flush();
    /// The bytes that the kernel has and the peer has not taken yet.
    std::size_t not_taken() const noexcept;

    /// The peer reads the end after what was sent.
    void end_sending();
    /// What the kernel still has is dropped at the end, and the peer gets an error.
    void reset_when_closed() noexcept;

private:
    Task<void> exchange_hands();
    std::optional<std::size_t> receive_encrypted();
    [[noreturn]] void fail();
    void announce_end() noexcept;

    Socket socket_;
    std::unique_ptr<hocket::detail::TlsEngine> engine_;
    std::shared_ptr<const TlsInfo> info_;
    std::size_t sent_ = 0;  // of the engine's output
    bool announced_ = false;
};

}  // namespace hocket::http::detail
