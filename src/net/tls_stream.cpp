// Encrypted streams: the upgrade of a plain one, connections.
#include <stdexcept>

#include "hocket/net/connection.hpp"
#include "hocket/net/tls.hpp"
#include "net/stream_core.hpp"
#include "net/tls_transport.hpp"

namespace hocket {
namespace {

// What is beneath a stream at rest, which nothing was read ahead from. Closes any other.
std::unique_ptr<detail::Transport> take_transport(const std::shared_ptr<detail::StreamCore>& core) {
    if (!core) detail::throw_not_open();
    if (core.use_count() > 1) {  // each operation has its share
        core->transport->close();
        throw InvalidStateError("hocket: start_tls() needs a stream that nobody is reading or writing");
    }
    if (const std::size_t size = core->buffer.size(); size > 0)
        throw TlsError(TlsErrc::handshake,
                       "hocket: TLS: start_tls() refuses a connection on which " + std::to_string(size) +
                           " bytes came before the encryption, which the peer or somebody on the way may have sent");
    return std::move(core->transport);
}

void require_client(const TlsContext& context) {
    if (!context.is_client())
        throw std::invalid_argument("hocket: open_connection() needs a context made by TlsContext::client()");
}

}  // namespace

Task<Stream> start_tls(Stream stream, TlsContext context, std::string host) {
    if (!context)
        throw std::invalid_argument("hocket: start_tls() needs a TlsContext: make one by client() or server()");
    std::unique_ptr<detail::Transport> plain = take_transport(std::exchange(stream.core_, nullptr));
    auto transport =
        std::make_unique<detail::TlsTransport>(std::move(plain), std::move(context.core_), std::move(host));
    co_await transport->shake_hands();
    co_return Stream(std::move(transport));
}

Task<Stream> open_connection(std::string host, std::uint16_t port, TlsContext context, ConnectOptions options) {
    require_client(context);
    Stream plain = co_await open_connection(host, port, options);
    co_return co_await start_tls(std::move(plain), std::move(context), std::move(host));
}

Task<Stream> open_connection(Address address, std::string host, TlsContext context, ConnectOptions options) {
    require_client(context);
    Stream plain = co_await open_connection(std::move(address), options);
    co_return co_await start_tls(std::move(plain), std::move(context), std::move(host));
}

}  // namespace hocket
