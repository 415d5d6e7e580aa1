#include "hocket/net/server.hpp"

#include <stdexcept>
#include <system_error>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/core/report.hpp"
#include "hocket/net/resolve.hpp"
#include "net/acceptor.hpp"
#include "net/unix_socket_file.hpp"

namespace hocket {
namespace detail {

/// A server's handler, its addresses, and what accepts its connections, whose tasks keep it alive.
class StreamServer final : public std::enable_shared_from_this<StreamServer> {
public:
    StreamServer(StreamHandler handler, const ServerOptions& options)
        : acceptor(std::make_shared<Acceptor>(options.max_connections)),
          options(options),
          handler_(std::move(handler)) {
        if (!handler_) throw std::invalid_argument("hocket: a server needs a handler for its connections");
        if (options.tls.is_client())
            throw std::invalid_argument("hocket: a server needs a context made by TlsContext::server()");
    }

    void start(std::vector<Listener> listeners) {
        for (const Listener& listener : listeners) addresses.push_back(listener.local_address());
        name_ = "the server on " + addresses.front().to_string();
        auto serve = [self = shared_from_this()](Socket socket, Acceptor::Place place) {
            return serve_connection(self, Stream(std::move(socket)), std::move(place));
        };
        acceptor->start(std::move(listeners), std::move(serve), name_);
    }

    const std::shared_ptr<Acceptor> acceptor;
    const ServerOptions options;
    std::vector<Address> addresses;
    UnixSocketFile file;

private:
    static Task<void> serve_connection(std::shared_ptr<StreamServer> self, Stream stream, Acceptor::Place) {
        try {
            if (self->options.tls) stream = co_await self->encrypted(std::move(stream));
            if (stream.is_open()) co_await self->handler_(std::move(stream));
        } catch (const CancelledError&) {
            // The server closes.
        } catch (...) {
            report(ReportKind::lost_exception,
                   "a handler of " + self->name_ + " failed: " + describe(std::current_exception()));
        }
    }

    // No stream if the handshake fails.
    Task<Stream> encrypted(Stream stream) {
        try {
            co_return co_await start_tls(std::move(stream), options.tls);
        } catch (const std::exception& error) {
            if (options.on_failed_handshake) options.on_failed_handshake(error);
        }
        co_return Stream();
    }

    const StreamHandler handler_;
    std::string name_;
};

namespace {

ListenOptions listen_options(const ServerOptions& options) {
    ListenOptions result;
    result.backlog = options.backlog;
    result.reuse_port = options.reuse_port;
    return result;
}

// On all addresses that this machine has and the name stands for; on one port, which the first may pick. Nothing if
// what it picked is taken at another one.
std::optional<std::vector<Listener>> try_to_listen_on(const std::vector<Address>& addresses,
                                                      const ListenOptions& options) {
    std::vector<Listener> listeners;
    std::exception_ptr first_error;
    for (const Address& address : addresses) {
        const bool picks = address.port() == 0 && !listeners.empty();
        try {
            listeners.push_back(
                Listener::bind(picks ? Address::ip(address.host(), listeners.front().port()) : address, options));
        } catch (const std::system_error& error) {
            if (picks && error.code() == std::errc::address_in_use) return std::nullopt;
            const bool absent = error.code() == std::errc::address_not_available ||
                                error.code() == std::errc::address_family_not_supported;
            if (!absent) throw;
            if (!first_error) first_error = std::current_exception();
        }
    }
    if (listeners.empty()) std::rethrow_exception(first_error);
    return listeners;
}

std::vector<Listener> listen_on(const std::vector<Address>& addresses, const ListenOptions& options) {
    constexpr int kTries = 20;
    for (int tries = 0; tries < kTries; ++tries) {
        if (auto listeners = try_to_listen_on(addresses, options)) return std::move(*listeners);
    }
    throw std::system_error(EADDRINUSE, std::generic_category(),
                            "hocket: find a port that is free at all addresses of a server");
}

}  // namespace
}  // namespace detail

Server::Server(std::shared_ptr<detail::StreamServer> core) noexcept : core_(std::move(core)) {}

Server& Server::operator=(Server&& other) noexcept {
    Server taken(std::move(other));
    std::swap(core_, taken.core_);
    return *this;
}

Server::~Server() {
    if (core_) core_->acceptor->abandon("the server was destroyed");
}

const std::shared_ptr<detail::StreamServer>& Server::core() const {
    if (!core_) throw InvalidStateError("hocket: this Server is empty: moved from, or never started");
    return core_;
}

std::uint16_t Server::port() const { return core()->addresses.front().port(); }
const std::vector<Address>& Server::addresses() const { return core()->addresses; }
std::size_t Server::connections() const noexcept { return core_ ? core_->acceptor->connections() : 0; }

namespace {

Task<void> close_server(std::shared_ptr<detail::StreamServer> core) {
    core->file.remove();
    co_await core->acceptor->close(core->options.drain);
}

Task<void> serve_until_closed(std::shared_ptr<detail::StreamServer> core) {
    std::exception_ptr cancelled;
    try {
        co_return co_await core->acceptor->wait_closed();
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    {
        CancelScope scope(shielded);
        co_await close_server(core);
    }
    std::rethrow_exception(cancelled);
}

}  // namespace

Task<void> Server::close() { return close_server(core()); }
Task<void> Server::serve_forever() { return serve_until_closed(core()); }

Task<Server> start_server(std::string host, std::uint16_t port, StreamHandler handler, ServerOptions options) {
    auto core = std::make_shared<detail::StreamServer>(std::move(handler), options);
    const ListenOptions how = detail::listen_options(options);
    std::vector<Listener> listeners;
    if (host.empty()) {
        listeners.push_back(Listener::bind(host, port, how));
    } else {
        const std::vector<Address> addresses = co_await resolve(std::move(host), port);
        listeners = detail::listen_on(addresses, how);
    }
    core->start(std::move(listeners));
    co_return Server(std::move(core));
}

Task<Server> start_unix_server(std::string path, StreamHandler handler, ServerOptions options) {
    auto core = std::make_shared<detail::StreamServer>(std::move(handler), options);
    std::vector<Listener> listeners;
    listeners.push_back(detail::UnixSocketFile::listen(path, detail::listen_options(options), core->file));
    core->start(std::move(listeners));
    co_return Server(std::move(core));
}

}  // namespace hocket
