#include "hocket/http/options.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace hocket::http {

// ---- Retry

Retry::Retry(int times) : times_(times) {
    if (times < 0)
        throw std::invalid_argument("hocket: a request cannot be retried " + std::to_string(times) + " times");
}

Retry& Retry::methods(std::vector<std::string> methods) {
    if (methods.empty()) throw std::invalid_argument("hocket: Retry::methods() was given none; use Retry(0)");
    methods_ = std::move(methods);
    return *this;
}

Retry& Retry::statuses(std::vector<int> statuses) {
    statuses_ = std::move(statuses);
    return *this;
}

Retry& Retry::backoff(Duration first, Duration longest) {
    if (first < Duration::zero() || longest < first)
        throw std::invalid_argument("hocket: Retry::backoff() wants 0 <= first <= longest");
    first_ = first;
    longest_ = longest;
    return *this;
}

bool Retry::allows(std::string_view method) const noexcept {
    constexpr std::array<std::string_view, 6> kHarmless{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    if (methods_.empty()) return std::find(kHarmless.begin(), kHarmless.end(), method) != kHarmless.end();
    return std::find(methods_.begin(), methods_.end(), method) != methods_.end();
}

bool Retry::allows(int status) const noexcept {
    return std::find(statuses_.begin(), statuses_.end(), status) != statuses_.end();
}

// ---- OptionValues

namespace {

template <class T>
void complete(std::optional<T>& value, const std::optional<T>& otherwise) {
    if (!value) value = otherwise;
}

}  // namespace

void detail::OptionValues::complete(const OptionValues& defaults) {
    const Headers own = std::exchange(headers, defaults.headers);
    if (user) headers.remove("Authorization");  // name and password for this request replace the default token
    for (const HeaderField field : own) headers.set(field.name, field.value);
    query = Query(defaults.query).append(query);
    http::complete(timeout, defaults.timeout);
    http::complete(connect_timeout, defaults.connect_timeout);
    http::complete(first_byte_timeout, defaults.first_byte_timeout);
    http::complete(max_redirects, defaults.max_redirects);
    // And the other way round.
    if (!own.contains("Authorization")) {
        http::complete(user, defaults.user);
        http::complete(password, defaults.password);
    }
    if (!proxy && !environment_proxy) {
        proxy = defaults.proxy;
        environment_proxy = defaults.environment_proxy;
    }
    http::complete(verified, defaults.verified);
    http::complete(ca_file, defaults.ca_file);
    http::complete(certificate, defaults.certificate);
    http::complete(key, defaults.key);
    http::complete(compressed, defaults.compressed);
    http::complete(max_body, defaults.max_body);
    http::complete(retry, defaults.retry);
}

// ---- Options

Options& Options::header(std::string_view name, std::string_view value) {
    for (const std::string_view own : {"Connection", "Content-Length", "Transfer-Encoding"}) {
        if (!equal_names(name, own)) continue;
        throw std::invalid_argument("hocket: the header field " + std::string(own) + " is set by the client itself");
    }
    values_.headers.set(name, value);
    return *this;
}

Options& Options::redirects(int max) {
    if (max < 0) throw std::invalid_argument("hocket: Options::redirects() was given " + std::to_string(max));
    values_.max_redirects = max;
    return *this;
}

Options& Options::basic_auth(std::string user, std::string password) {
    if (user.find(':') != user.npos)
        throw std::invalid_argument("hocket: a user name with a colon cannot be sent by basic authentication");
    values_.headers.remove("Authorization");
    values_.user = std::move(user);
    values_.password = std::move(password);
    return *this;
}

Options& Options::bearer(std::string_view token) {
    values_.user.reset();
    values_.password.reset();
    return header("Authorization", "Bearer " + std::string(token));
}

Options& Options::proxy(std::string url) {
    values_.proxy = std::move(url);
    values_.environment_proxy = false;
    return *this;
}

Options& Options::proxy_from_environment() {
    values_.proxy.reset();
    values_.environment_proxy = true;
    return *this;
}

Options& Options::ca_file(std::string path) {
    values_.ca_file = std::move(path);
    return *this;
}

Options& Options::client_certificate(std::string certificate_file, std::string key_file) {
    values_.certificate = std::move(certificate_file);
    values_.key = std::move(key_file);
    return *this;
}

Options& Options::accept_any_certificate() {
    values_.verified = false;
    return *this;
}

Options& Options::uncompressed() {
    values_.compressed = false;
    return *this;
}

Options& Options::max_body(std::size_t bytes) {
    values_.max_body = bytes;
    return *this;
}

Options& Options::retry(Retry policy) {
    values_.retry = std::move(policy);
    return *this;
}

}  // namespace hocket::http
