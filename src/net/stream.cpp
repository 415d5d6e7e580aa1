#include "hocket/net/stream.hpp"

#include "hocket/net/tls_info.hpp"
#include "net/socket_transport.hpp"
#include "net/stream_core.hpp"

namespace hocket {

Stream::Stream(Socket socket) : Stream(std::make_unique<detail::SocketTransport>(std::move(socket))) {}

Stream::Stream(std::unique_ptr<detail::Transport> transport)
    : core_(std::make_shared<detail::StreamCore>(std::move(transport))) {}

Stream& Stream::operator=(Stream&& other) noexcept {
    Stream taken(std::move(other));
    std::swap(core_, taken.core_);
    return *this;
}

Stream::~Stream() { close(); }

const std::shared_ptr<detail::StreamCore>& Stream::core() const {
    if (!core_) detail::throw_not_open();
    return core_;
}

void Stream::close() noexcept {
    if (core_) core_->transport->close();
    core_.reset();
}

void Stream::abort() noexcept {
    if (core_) core_->transport->abort();
    core_.reset();
}

int Stream::fileno() const noexcept { return core_ ? core_->transport->fileno() : -1; }
Address Stream::local_address() const { return core()->transport->local_address(); }
Address Stream::peer_address() const { return core()->transport->peer_address(); }

std::optional<TlsInfo> Stream::tls_info() const { return core()->transport->tls_info(); }

std::string_view Stream::buffered() const noexcept { return core_ ? core_->buffer.data() : std::string_view(); }

}  // namespace hocket
