// Server: a stream and a task for each connection.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "hocket/aio/task.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/net/address.hpp"
#include "hocket/net/stream.hpp"
#include "hocket/net/tls.hpp"

namespace hocket {
namespace detail {
class StreamServer;
}

/// How a Server is made.
struct ServerOptions {
    ServerOptions() = default;
    /// Connections that wait to be accepted, at most (the system may allow fewer).
    int backlog = 4096;
    /// Lets several servers share one address, each getting a part of the connections: one for each loop.
    bool reuse_port = false;
    /// Connections beyond these wait to be accepted.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();
    /// How long handlers may go on when the server closes, before they are cancelled.
    Duration drain = Duration::zero();
    /// Encrypts the connections; the handler is called when the handshake is done.
    TlsContext tls;
    /// Called with each handshake that failed; none: they are passed over, since anybody can cause them.
    std::function<void(const std::exception& error)> on_failed_handshake;
};

/// What serves a connection: called on the server's loop, and awaited in a task of its own. An exception that it lets
/// out is reported, and ends that connection only.
using StreamHandler = std::function<Task<void>(Stream stream)>;

/// A server that listens. Move-only; belongs to the loop on which it was started. When the process has no descriptor or
/// memory left it reports that once, leaves the connections waiting and tries again until there are.
///
/// Shutdown: close() stops listening, lets the handlers end within `drain`, cancels those that have not, and returns
/// when all have ended. The destructor of a server that was not closed cancels them and cannot wait: they end in the
/// loop's next turns.
class Server {
public:
    /// No server.
    Server() noexcept = default;
    explicit Server(std::shared_ptr<detail::StreamServer> core) noexcept;
    Server(Server&&) noexcept = default;
    Server& operator=(Server&& other) noexcept;
    ~Server();

    /// The port that it listens on; 0 for a Unix socket.
    std::uint16_t port() const;
    /// The addresses that it listens on, also after close().
    const std::vector<Address>& addresses() const;
    /// Open connections.
    std::size_t connections() const noexcept;

    /// Ends the server, as said above. Cancellation cancels the handlers at once, and still waits for their ends. A
    /// handler of this server must not wait for it (InvalidStateError); it may spawn it.
    Task<void> close();
    /// Waits until another task has called close(). Cancellation closes the server before it is thrown.
    Task<void> serve_forever();

private:
    const std::shared_ptr<detail::StreamServer>& core() const;
    std::shared_ptr<detail::StreamServer> core_;
};

/// Listens on `host`: a numeric address, a name (all its addresses), or "" for all addresses of this machine; port 0
/// picks a free one. Connections are accepted from the loop's next turn on. Throws ResolveError, and std::system_error
/// when it cannot listen.
Task<Server> start_server(std::string host, std::uint16_t port, StreamHandler handler,
                          ServerOptions options = ServerOptions());
/// The same on a Unix socket at `path`. The file of a server that is no more is replaced, that of one that is alive is
/// not (std::system_error, EADDRINUSE). It is removed when the server closes.
Task<Server> start_unix_server(std::string path, StreamHandler handler, ServerOptions options = ServerOptions());

}  // namespace hocket
