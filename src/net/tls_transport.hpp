// TLS beneath a stream, over whatever is beneath itself.
#pragma once
#include "hocket/net/detail/transport.hpp"
#include "net/tls_engine.hpp"

namespace hocket::detail {

/// One reader and one writer at a time, as the stream above sees to. Only who writes sends `output`; a reader's alert
/// goes out with the next write, or at once when the connection has failed and nobody is writing.
class TlsTransport final : public Transport {
public:
    /// `host`: see start_tls(). Throws std::invalid_argument for one that is missing or cannot be.
    TlsTransport(std::unique_ptr<Transport> beneath, std::shared_ptr<TlsContextCore> context, std::string host);
    ~TlsTransport() override { TlsTransport::close(); }

    /// Before everything else. Throws TlsError, std::system_error. Cancellation: close it.
    Task<void> shake_hands();

    Task<std::size_t> read_some(std::span<char> buffer) override;
    Task<void> write(std::string_view data) override;
    Task<void> write_vectored(std::span<const std::string_view> parts) override;
    Task<void> write_eof() override;
    void write_last(std::string_view data) noexcept override;
    void close() noexcept override;
    void abort() noexcept override { beneath_->abort(); }
    Address local_address() const override { return beneath_->local_address(); }
    Address peer_address() const override { return beneath_->peer_address(); }
    int fileno() const noexcept override { return beneath_->fileno(); }
    std::optional<TlsInfo> tls_info() const override { return engine_.info(); }

private:
    class Sending;
    Task<void> exchange_hands();
    Task<void> send_output();
    void encrypt(std::string_view data);
    [[noreturn]] void fail();
    void say_last() noexcept;

    const std::unique_ptr<Transport> beneath_;
    TlsEngine engine_;
    std::string sending_;   // what the transport beneath is working on
    bool busy_ = false;     // it is working on it
    bool cut_off_ = false;  // it did not finish: the peer has an unknown part of a record
    bool ended_ = false;    // the end has been announced
};

}  // namespace hocket::detail
