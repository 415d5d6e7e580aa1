#include "hocket/http/server.hpp"

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "http/server_core.hpp"

namespace hocket::http {
namespace {

Task<Response> not_found(const Request&) { co_return Response::text(404, "not found\n"); }

}  // namespace

Server::Server(ServerOptions options) : core_(std::make_shared<detail::ServerCore>(options)) {
    core_->handler = not_found;
}

Server::~Server() {
    if (!serving_.valid()) return;
    serving_.cancel("the server was destroyed");
}

Server& Server::handle(Handler handler) {
    core_->handler = std::move(handler);
    return *this;
}

std::size_t Server::connections() const noexcept { return core_->connections(); }

Task<void> Server::listen(std::string host, std::uint16_t port, ListenOptions options) {
    start(Listener::bind(host, port, options));
    co_return;
}

Task<void> Server::listen(Address address, ListenOptions options) {
    start(Listener::bind(address, options));
    co_return;
}

void Server::start(Listener listener) {
    if (serving_.valid()) throw InvalidStateError("hocket: this HTTP server listens already");
    core_->open();
    port_ = listener.port();
    const std::string name = "HTTP server on " + listener.local_address().to_string();
    serving_ = create_task(core_->serve(std::move(listener)), name);
}

Task<void> Server::close() {
    if (!serving_.valid()) co_return;
    const Future<void> serving = serving_;
    core_->begin_close();
    try {
        CancelScope scope;
        scope.set_deadline(hocket::detail::saturating_add(EventLoop::current().now(), core_->options().close_grace));
        co_await shield(serving);
    } catch (const CancelledError&) {
        // The grace is over, or we are in a hurry.
    }
    if (!serving.done()) {
        serving.cancel("the server closes");
        CancelScope scope(shielded);
        co_await shield(serving);
    }
    serving_ = Future<void>();
    port_ = 0;
    co_await yield_now();  // throws if we were cancelled
}

}  // namespace hocket::http
