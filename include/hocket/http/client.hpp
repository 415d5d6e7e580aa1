// Client: makes HTTP requests.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/aio/task.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/http/body.hpp"
#include "hocket/http/error.hpp"
#include "hocket/http/message.hpp"
#include "hocket/http/options.hpp"

namespace hocket::http {

namespace detail {
class ClientCore;
class ClientTransfer;
}  // namespace detail

/// Whether a Client keeps the cookies that servers set, and sends them back.
enum class Cookies : std::uint8_t { keep, ignore };

/// How a Client is made.
class ClientOptions {
public:
    ClientOptions() = default;
    /// Requests under way at a time, which is also the most connections; the others wait their turn, first come, first
    /// served.
    std::size_t max_connections = 100;
    /// The same to one host and port.
    std::size_t max_connections_per_host = 100;
    /// How long an unused connection is kept.
    Duration idle_timeout = std::chrono::seconds(60);
    Cookies cookies = Cookies::keep;
    /// For what the options of a request leave open.
    Options defaults;
};

/// A cookie in a Client's jar.
class Cookie {
public:
    Cookie() = default;
    std::string name;
    std::string value;
    std::string domain;  ///< with a dot before it if subdomains get it as well
    std::string path;
    bool secure = false;  ///< sent over https only
};

/// A response whose body is read in pieces, as it comes. What is not read waits: from 256 KiB on the server is told to
/// pause. Move-only; belongs to its Client's loop. Destroying it before the end closes the connection.
class ResponseStream {
public:
    ResponseStream(ResponseStream&& other) noexcept;
    ResponseStream& operator=(ResponseStream&& other) noexcept;
    ~ResponseStream();

    int status() const;
    /// The value of the first header field of that name, whatever its case; empty if there is none.
    std::string_view header(std::string_view name) const;
    const Headers& headers() const;
    /// Where the response came from, after redirects; without user name and password.
    const std::string& url() const;

    /// What has come of the body since the last call, decoded; waits for some if there is nothing yet; "" at the end.
    /// Throws Error when the connection ends before the body does. Cancellation takes nothing. The object must stay
    /// where it is meanwhile.
    Task<std::string> read();
    /// The rest of the body. Cancellation: what was read is lost.
    Task<std::string> read_all();

private:
    friend class Client;
    explicit ResponseStream(std::unique_ptr<detail::ClientTransfer> transfer) noexcept;
    detail::ClientTransfer& transfer() const;
    std::unique_ptr<detail::ClientTransfer> transfer_;
};

/// An HTTP client with a pool of connections that are kept alive, for HTTP/1.1 and, over TLS, HTTP/2; libcurl does the
/// work. Certificates are verified. Redirects are followed, bodies decompressed, cookies kept.
///
/// Requests throw http::Error when there is no whole response, TimeoutError when a time limit runs out; a response of
/// any status is a result. Cancellation ends the request at once and closes its connection; what the server made of it
/// is unknown.
///
/// Belongs to the event loop on which its first request runs; on another loop, or when that one has ended, requests
/// throw InvalidStateError. On that loop's thread, any number of tasks may use it. Destroying it ends the requests that
/// are under way with an Error and closes all connections.
class Client {
public:
    /// Throws std::system_error if the system refuses the descriptors, std::invalid_argument if a limit is 0.
    explicit Client(ClientOptions options = ClientOptions());
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    Task<Response> get(std::string url, Options options = Options());
    Task<Response> head(std::string url, Options options = Options());
    Task<Response> post(std::string url, Body body = Body(), Options options = Options());
    Task<Response> put(std::string url, Body body = Body(), Options options = Options());
    Task<Response> patch(std::string url, Body body = Body(), Options options = Options());
    /// DELETE, which C++ has taken.
    Task<Response> del(std::string url, Options options = Options());
    /// Any method. The response's header fields are as they came, also Content-Encoding and Content-Length of a body
    /// that was decoded.
    Task<Response> request(std::string method, std::string url, Body body = Body(), Options options = Options());

    /// Gives the response when its head is there, and the body's pieces later. A body from a generator is sent first.
    Task<ResponseStream> stream(std::string method, std::string url, Body body = Body(), Options options = Options());

    /// Requests that are under way.
    std::size_t active() const noexcept;
    /// What is in the jar.
    std::vector<Cookie> cookies() const;
    void clear_cookies();

private:
    static Task<ResponseStream> perform_pieces(std::shared_ptr<detail::ClientCore> core, std::string method,
                                               std::string url, Body body, Options options);
    std::shared_ptr<detail::ClientCore> core_;
};

}  // namespace hocket::http
