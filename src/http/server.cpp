#include "hocket/http/server.hpp"

#include <stdexcept>

#include "http/server_core.hpp"

namespace hocket::http {
namespace {

Task<Response> not_found(const Request&) { co_return Response::text(404, "not found\n"); }

}  // namespace

Server::Server(ServerOptions options) : core_(std::make_shared<detail::ServerCore>(options)) {
    if (options.gzip_level < 0 || options.gzip_level > 9)
        throw std::invalid_argument("hocket: gzip has the levels 1 to 9, and 0 for none, not " +
                                    std::to_string(options.gzip_level));
    if (options.tls.is_client())
        throw std::invalid_argument("hocket: an HTTP server needs a context made by TlsContext::server()");
    core_->handler = not_found;
}

Server::~Server() { core_->acceptor().abandon("the server was destroyed"); }

Server& Server::handle(Handler handler) {
    core_->handler = std::move(handler);
    return *this;
}

Server& Server::route(std::string_view method, std::string_view path, Handler handler) {
    core_->router.add(method, path, std::move(handler), nullptr);
    return *this;
}

Server& Server::route(std::string_view method, std::string_view path, BodyHandler handler) {
    core_->router.add(method, path, nullptr, std::move(handler));
    return *this;
}

Server& Server::on_access(AccessHook hook) {
    core_->access_hook = std::move(hook);
    return *this;
}

Server& Server::on_failed_handshake(HandshakeHook hook) {
    core_->handshake_hook = std::move(hook);
    return *this;
}

std::size_t Server::connections() const noexcept { return core_->acceptor().connections(); }

Task<void> Server::listen(std::string host, std::uint16_t port, ListenOptions options) {
    start(Listener::bind(host, port, options));
    co_return;
}

Task<void> Server::listen(Address address, ListenOptions options) {
    start(Listener::bind(address, options));
    co_return;
}

void Server::start(Listener listener) {
    const std::uint16_t port = listener.port();
    core_->start(std::move(listener));
    port_ = port;
}

Task<void> Server::close() {
    port_ = 0;
    core_->begin_close();
    co_await core_->acceptor().close(core_->options().close_grace);
    core_->end_close();
}

}  // namespace hocket::http
