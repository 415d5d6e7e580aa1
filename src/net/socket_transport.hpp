// A socket beneath a stream.
#pragma once
#include "hocket/net/detail/transport.hpp"
#include "hocket/net/socket.hpp"

namespace hocket::detail {

class SocketTransport final : public Transport {
public:
    explicit SocketTransport(Socket socket) noexcept : socket_(std::move(socket)) {}

    Task<std::size_t> read_some(std::span<char> buffer) override;
    Task<void> write(std::string_view data) override;
    Task<void> write_vectored(std::span<const std::string_view> parts) override;
    Task<std::uint64_t> send_file(int fd, std::uint64_t offset, std::uint64_t length) override;
    Task<void> write_eof() override;
    void write_last(std::string_view data) noexcept override;
    void close() noexcept override { socket_.close(); }
    void abort() noexcept override;
    Address local_address() const override { return socket_.local_address(); }
    Address peer_address() const override { return socket_.peer_address(); }
    int fileno() const noexcept override { return socket_.fileno(); }

private:
    Socket socket_;
};

}  // namespace hocket::detail
