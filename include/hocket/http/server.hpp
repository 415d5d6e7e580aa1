// Server: answers HTTP/1.1 requests.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "hocket/aio/task.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/futures/future.hpp"
#include "hocket/http/message.hpp"
#include "hocket/net/listener.hpp"

namespace hocket::http {

/// Limits and time-outs of a Server.
struct ServerOptions {
    std::size_t max_header_bytes = 64 * 1024;       ///< request line and header fields together; beyond: 431 or 414
    std::size_t max_headers = 100;                  ///< number of header fields; beyond: 431
    std::size_t max_body_bytes = 16 * 1024 * 1024;  ///< of a request; beyond: 413
    /// Connections beyond these wait to be accepted.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();
    Duration idle_timeout = std::chrono::seconds(75);    ///< between requests; then the connection is closed
    Duration header_timeout = std::chrono::seconds(10);  ///< from a request's first byte to its last header; then 408
    Duration body_timeout = std::chrono::seconds(30);    ///< between two pieces of a request's body; then 408
    Duration send_timeout = std::chrono::seconds(30);  ///< in which the client takes nothing of a response; then reset
    Duration close_grace = std::chrono::seconds(2);    ///< for requests that run when the server is closed
};

/// What answers requests. Called on the server's loop, with a request that lives until the response is there. An
/// exception becomes a response 500 and is reported.
using Handler = std::function<Task<Response>(const Request& request)>;

namespace detail {
class ServerCore;
}

/// An HTTP/1.1 server on one event loop: keep-alive, pipelining, bodies with a length or in chunks, "Expect:
/// 100-continue", strict in what it takes (RFC 9112). Belongs to the loop on which it listens.
///
/// Shutdown: close() stops listening, ends idle connections, lets requests that are being received or handled end
/// within `close_grace`, cancels what is left and returns when every connection has ended. The destructor of a server
/// that was not closed cancels all and cannot wait: it is for programs whose loop is ending as well.
class Server {
public:
    explicit Server(ServerOptions options = ServerOptions());
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// Sets what answers requests; without it every request gets 404. Before listen().
    Server& handle(Handler handler);

    /// Listens on a numeric address or "localhost" (see Listener::bind); port 0 picks a free one. Connections are
    /// accepted from the loop's next turn on. Throws std::system_error, InvalidStateError if it listens already.
    Task<void> listen(std::string host, std::uint16_t port, ListenOptions options = ListenOptions());
    /// Listens on one address, for example of a Unix socket.
    Task<void> listen(Address address, ListenOptions options = ListenOptions());
    /// The port that it listens on; 0 before listen() and for a Unix socket.
    std::uint16_t port() const noexcept { return port_; }
    /// Open connections.
    std::size_t connections() const noexcept;

    /// Ends the server, as said above; it may listen again afterwards. Cancellation cancels all connections at once,
    /// and still waits for their ends.
    Task<void> close();

private:
    void start(Listener listener);

    std::shared_ptr<detail::ServerCore> core_;
    Future<void> serving_;
    std::uint16_t port_ = 0;
};

}  // namespace hocket::http
