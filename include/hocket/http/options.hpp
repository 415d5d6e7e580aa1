// How a Client's request is made: Options, Retry.
#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/core/clock.hpp"
#include "hocket/http/headers.hpp"
#include "hocket/http/query.hpp"

namespace hocket::http {

/// When a request is made again: after a connection that could not be made (any method), one that ended early or a
/// response with one of the statuses (only for the methods). Not when the body comes from a generator that has begun.
/// The pauses between are random in [d/2, d], where d doubles each time; the server's Retry-After makes them longer, up
/// to the longest.
class Retry {
public:
    /// At most `times` further attempts. Throws std::invalid_argument if negative.
    explicit Retry(int times = 0);
    /// By default those that may be repeated without harm: GET, HEAD, OPTIONS, TRACE, PUT, DELETE.
    Retry& methods(std::vector<std::string> methods);
    /// By default 429, 502, 503 and 504.
    Retry& statuses(std::vector<int> statuses);
    /// The first pause and the longest one; by default 100 ms and 10 s. A Retry-After beyond the longest: no further
    /// attempt.
    Retry& backoff(Duration first, Duration longest);

    int times() const noexcept { return times_; }
    bool allows(std::string_view method) const noexcept;
    bool allows(int status) const noexcept;
    Duration first() const noexcept { return first_; }
    Duration longest() const noexcept { return longest_; }

private:
    int times_ = 0;
    std::vector<std::string> methods_;  // empty: the default ones
    std::vector<int> statuses_{429, 502, 503, 504};
    Duration first_ = std::chrono::milliseconds(100);
    Duration longest_ = std::chrono::seconds(10);
};

namespace detail {

/// What Options hold; what is not set is taken from the Client's defaults.
class OptionValues {
public:
    OptionValues() = default;
    /// Takes from `defaults` what is not set here.
    void complete(const OptionValues& defaults);

    Headers headers;
    Query query;
    std::optional<Duration> timeout, connect_timeout, first_byte_timeout;
    std::optional<int> max_redirects;
    std::optional<std::string> user, password;
    std::optional<std::string> proxy;
    bool environment_proxy = false;
    std::optional<bool> verified;
    std::optional<std::string> ca_file, certificate, key;
    std::optional<bool> compressed;
    std::optional<std::size_t> max_body;
    std::optional<Retry> retry;
};

}  // namespace detail

/// How a request is made. A value; may be used for any number of requests. Each function gives the object, for chains:
/// `http::Options().timeout(5s).bearer(token)`. What is not set comes from the Client's defaults.
class Options {
public:
    Options() = default;

    /// Sets a header field of the request in place of those of that name. Throws std::invalid_argument for a name or
    /// value that cannot stand in a header, and for the fields that the client sets itself: Content-Length,
    /// Transfer-Encoding, Connection.
    Options& header(std::string_view name, std::string_view value);
    /// Adds to the URL's query, encoded.
    template <class Value>
    Options& query(std::string_view name, const Value& value) {
        values_.query.add(name, value);
        return *this;
    }

    /// For the whole request, from the wait for a connection to the end of the body, redirects and retries included;
    /// for Client::stream(), to the head of the response. By default 5 minutes. Then TimeoutError.
    template <class Rep, class Period>
    Options& timeout(std::chrono::duration<Rep, Period> limit) {
        values_.timeout = hocket::detail::to_nanoseconds(limit);
        return *this;
    }
    /// For making a connection: look-up of the name, TCP, TLS. By default 30 s, by the system's clock.
    template <class Rep, class Period>
    Options& connect_timeout(std::chrono::duration<Rep, Period> limit) {
        values_.connect_timeout = hocket::detail::to_nanoseconds(limit);
        return *this;
    }
    /// From the start of one attempt, the making of a connection included, to the head of its response. By default
    /// none.
    template <class Rep, class Period>
    Options& first_byte_timeout(std::chrono::duration<Rep, Period> limit) {
        values_.first_byte_timeout = hocket::detail::to_nanoseconds(limit);
        return *this;
    }

    /// Follows at most so many redirects, by default 10; 0 gives the redirect itself as the response. Another origin
    /// gets neither name and password nor the header fields Authorization and Cookie; other fields it does get.
    Options& redirects(int max);
    /// Basic authentication (RFC 7617). In clear text unless the URL is https.
    Options& basic_auth(std::string user, std::string password);
    /// "Authorization: Bearer <token>"
    Options& bearer(std::string_view token);

    /// "http://proxy:3128", with name and password if it wants them; also https, socks5 and socks5h. Empty: none,
    /// which is the default.
    Options& proxy(std::string url);
    /// The proxy that http_proxy, https_proxy and no_proxy name.
    Options& proxy_from_environment();

    /// Trusts the certificates in this PEM file instead of the system's.
    Options& ca_file(std::string path);
    /// Shows this certificate to servers that ask for one; both files are PEM.
    Options& client_certificate(std::string certificate_file, std::string key_file);
    /// Accepts any certificate from any host: whoever is between can read and change everything.
    Options& accept_any_certificate();

    /// Asks for a body that is not compressed. By default the server may compress it, and it is given out decoded.
    Options& uncompressed();
    /// The largest body, decoded, that is taken; beyond: Error. By default 256 MiB; for Client::stream(), unlimited.
    Options& max_body(std::size_t bytes);
    /// By default none.
    Options& retry(Retry policy);

    /// For the library.
    const detail::OptionValues& values() const noexcept { return values_; }

private:
    detail::OptionValues values_;
};

}  // namespace hocket::http
