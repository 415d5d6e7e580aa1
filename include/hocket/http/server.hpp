// Server: answers HTTP/1.1 requests.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "hocket/aio/task.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/http/access_record.hpp"
#include "hocket/http/handler.hpp"
#include "hocket/net/listener.hpp"
#include "hocket/net/tls.hpp"

namespace hocket::http {

/// Limits and time-outs of a Server, and what it does by itself.
struct ServerOptions {
    ServerOptions() = default;
    std::size_t max_header_bytes = 64 * 1024;       ///< request line and header fields together; beyond: 431 or 414
    std::size_t max_headers = 100;                  ///< number of header fields; beyond: 431
    std::size_t max_body_bytes = 16 * 1024 * 1024;  ///< of a request; beyond: 413
    std::uint64_t max_streamed_body_bytes = std::uint64_t{1} << 30;  ///< of one that a BodyHandler reads; likewise
    /// Connections beyond these wait to be accepted.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();
    Duration idle_timeout = std::chrono::seconds(75);    ///< between requests; then the connection is closed
    Duration header_timeout = std::chrono::seconds(10);  ///< from a request's first byte to its last header; then 408
    Duration body_timeout = std::chrono::seconds(30);    ///< between two pieces of a request's body; then 408
    Duration send_timeout = std::chrono::seconds(30);    ///< in which the client takes less than 4 KiB; then reset
    /// gzip for clients that accept it: 1 (fast) to 9 (small); 0: none. For bodies of text in any form, streams too,
    /// but for event streams. Not for pages that show a secret beside what an attacker chose: the size gives it away.
    int gzip_level = 0;
    std::size_t gzip_min_bytes = 1024;               ///< smaller bodies are not compressed
    Duration close_grace = std::chrono::seconds(2);  ///< for requests that run when the server is closed
    /// Speaks HTTPS, by a context of TlsContext::server(); its `alpn` is to be empty or to have "http/1.1".
    TlsContext tls;
};

/// What is told of a failed handshake.
using HandshakeHook = std::function<void(const std::exception& error)>;

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

    /// Sets what answers requests for paths that no route knows; without it they get 404.
    Server& handle(Handler handler);

    /// Sets what is told of each request when it is over: a log. Before listen().
    Server& on_access(AccessHook hook);

    /// Sets what is told of each TLS handshake that failed; without it they are passed over, since anybody can cause
    /// them. Before listen().
    Server& on_failed_handshake(HandshakeHook hook);

    /// Adds a route. Each part of a path is text or a parameter: "/sensors/{id}" takes "/sensors/7", and
    /// request.parameter("id") is "7"; "/files/{path...}" takes whatever begins with "/files/". Text is written decoded
    /// ("/déjà vu"). A slash at the end is part of the path: "/sensors" and "/sensors/" are two. Where several patterns
    /// fit, text goes before {name}, and that before {name...}, if they have the method.
    ///
    /// Requests for a path that has no route for their method get 405, OPTIONS gets the methods that there are, and a
    /// HEAD without a route of its own is answered by that of GET. A path with a malformed escape, with "." or ".." for
    /// a part, or with a NUL gets 400. Throws std::invalid_argument for a malformed pattern or method and for a route
    /// that is there already. Routes may be added while it listens.
    Server& route(std::string_view method, std::string_view path, Handler handler);
    /// The same for a handler that reads the body itself.
    Server& route(std::string_view method, std::string_view path, BodyHandler handler);
    Server& get(std::string_view path, Handler handler) { return route("GET", path, std::move(handler)); }
    Server& head(std::string_view path, Handler handler) { return route("HEAD", path, std::move(handler)); }
    Server& options(std::string_view path, Handler handler) { return route("OPTIONS", path, std::move(handler)); }
    Server& del(std::string_view path, Handler handler) { return route("DELETE", path, std::move(handler)); }
    Server& post(std::string_view path, Handler handler) { return route("POST", path, std::move(handler)); }
    Server& post(std::string_view path, BodyHandler handler) { return route("POST", path, std::move(handler)); }
    Server& put(std::string_view path, Handler handler) { return route("PUT", path, std::move(handler)); }
    Server& put(std::string_view path, BodyHandler handler) { return route("PUT", path, std::move(handler)); }
    Server& patch(std::string_view path, Handler handler) { return route("PATCH", path, std::move(handler)); }
    Server& patch(std::string_view path, BodyHandler handler) { return route("PATCH", path, std::move(handler)); }
    /// For all methods that have no route of their own.
    Server& any(std::string_view path, Handler handler) { return route("", path, std::move(handler)); }
    Server& any(std::string_view path, BodyHandler handler) { return route("", path, std::move(handler)); }

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
    std::uint16_t port_ = 0;
};

}  // namespace hocket::http
