// Error: why a request got no response.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace hocket::http {

/// What went wrong with a request.
enum class Failure : std::uint8_t {
    url,          ///< the URL is none, or not of http or https
    resolve,      ///< the host's or the proxy's name has no address
    connect,      ///< nobody answers there
    tls,          ///< no secure connection: the certificate is not trusted, or the two sides do not agree
    proxy,        ///< the proxy refuses
    connection,   ///< the connection ended before the response did
    response,     ///< what came is no HTTP, or cannot be decoded
    too_large,    ///< the body is larger than Options::max_body()
    redirects,    ///< too many, or one that cannot be followed
    client_ended  ///< the Client was destroyed meanwhile
};

/// A request that got no whole response. what() names the method, the URL and the reason. A response of any status is
/// no error. Time limits throw TimeoutError instead.
class Error : public std::runtime_error {
public:
    Error(Failure failure, std::string url, std::string host, const std::string& what);
    Failure failure() const noexcept { return failure_; }
    /// The URL that was asked for last, without user name and password.
    const std::string& url() const noexcept { return where_->url; }
    /// Its host; empty if the URL is none.
    const std::string& host() const noexcept { return where_->host; }

private:
    struct Where {
        Where(std::string url, std::string host) : url(std::move(url)), host(std::move(host)) {}
        std::string url;
        std::string host;
    };
    Failure failure_;
    std::shared_ptr<const Where> where_;  // shared: copying an exception must not throw
};

}  // namespace hocket::http
