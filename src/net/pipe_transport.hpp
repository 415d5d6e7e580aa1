// A pipe, or anything else that read() and write() work on, beneath a stream.
#pragma once
#include "hocket/aio/detail/io_operation.hpp"
#include "hocket/net/detail/transport.hpp"

namespace hocket::detail {

class PipeTransport final : public Transport {
public:
    /// Takes over a non-blocking descriptor.
    explicit PipeTransport(int fd);
    ~PipeTransport() override { PipeTransport::close(); }

    Task<std::size_t> read_some(std::span<char> buffer) override;
    Task<void> write(std::string_view data) override;
    /// Closes: a pipe has no other way to say it.
    Task<void> write_eof() override;
    void close() noexcept override;
    int fileno() const noexcept override { return descriptor_ ? descriptor_->fd() : -1; }

private:
    Descriptor* descriptor_;
};

}  // namespace hocket::detail
