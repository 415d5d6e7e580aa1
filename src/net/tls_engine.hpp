// TlsEngine: one end of a TLS connection, without the connection: bytes in, bytes out.
#pragma once
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/read_buffer.hpp"
#include "net/tls_context_core.hpp"

namespace hocket::detail {

/// Encrypts and decrypts by OpenSSL. What comes from the peer is put into `input`, what is to be sent to it collects in
/// `output`; OpenSSL itself never waits. This way it works over every transport, and a read can wait for the peer while
/// a write encrypts.
class TlsEngine {
public:
    /// What a step came to. After `failed`, failure() has the error, and `output` may hold an alert for the peer.
    enum class Step { done, wants_input, failed };
    /// Of that from the peer which nobody has read yet, or to the peer that nobody could send.
    static constexpr std::size_t kMostUnsent = 64 * 1024;

    /// `host`: whom a client expects at the other end; `peer`: what errors call it; `server`: the key of its sessions.
    TlsEngine(std::shared_ptr<TlsContextCore> context, std::string host, std::string peer, std::string server);
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;
    ~TlsEngine();

    /// Goes on with the handshake.
    Step shake_hands();
    /// Decrypts into `buffer`, which is not empty, what `input` has: the number of bytes, 0 at the end that the peer
    /// has announced; nothing if more input is needed or failure() is there.
    std::optional<std::size_t> decrypt(std::span<char> buffer);
    /// Encrypts all of `data`, unless failure() is there then.
    void encrypt(std::string_view data);
    /// Tells the peer that nothing more will be sent; later encryptions fail. For a handshake that is done.
    void announce_end() noexcept;

    bool established() const noexcept { return established_; }
    const std::exception_ptr& failure() const noexcept { return failure_; }
    const std::string& peer() const noexcept { return peer_; }
    const TlsContextCore& context() const noexcept { return *context_; }
    TlsInfo info() const;

    ReadBuffer input;
    std::string output;

    // For OpenSSL's callbacks.
    static TlsEngine& of(const SSL& connection);
    static TlsEngine& of(X509_STORE_CTX& store);
    void rejects_certificate(X509_STORE_CTX& store);
    void rejects_certificate(std::string why) { rejection_ = std::move(why); }
    void keep_session(SslSessionHandle session) { context_->sessions.put(server_, std::move(session)); }

private:
    Step outcome(int result, const char* attempted);
    void expect_host();
    void give_tickets();

    const std::shared_ptr<TlsContextCore> context_;
    const std::string host_;
    const std::string peer_;
    const std::string server_;
    SslHandle connection_;
    bool established_ = false;
    bool tickets_due_ = false;
    std::string rejection_;  // why the peer's certificate is not trusted
    std::exception_ptr failure_;
};

}  // namespace hocket::detail
