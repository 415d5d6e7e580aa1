#include "client_request.hpp"

#include <stdexcept>

#include "hocket/http/error.hpp"

namespace hocket::http::detail {
namespace {

constexpr int kMaxRedirects = 10;

std::string checked_method(std::string method) {
    if (!is_token(method) || method == "CONNECT")
        throw std::invalid_argument("hocket: \"" + method + "\" is no method that a client can request");
    return method;
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

ClientRequest::ClientRequest(std::string method, const std::string& url, Body body, OptionValues options)
    : method_(checked_method(std::move(method))),
      url_(url, options.query.text()),
      body_(std::move(body)),
      options_(std::move(options)) {}

void ClientRequest::throw_redirect(const std::string& why) const {
    throw Error(Failure::redirects, url_.text(), url_.host(), "hocket: " + name() + ": " + why);
}

bool ClientRequest::redirect(int status, const std::string& location) {
    const int most = options_.max_redirects.value_or(kMaxRedirects);
    if (!is_redirect(status) || location.empty() || most == 0) return false;
    if (++redirects_ > most)
        throw_redirect("more than " + std::to_string(most) + " redirects; the last one leads to " + location);

    // See Other: look there for the answer. Of 301 and 302, POST has always been taken so.
    const bool becomes_get = (status == 303 && method_ != "GET" && method_ != "HEAD") ||
                             ((status == 301 || status == 302) && method_ == "POST");
    if (!becomes_get && !replayable())
        throw_redirect("redirected when part of a body that cannot be sent again was sent");
    const std::string from = url_.origin();
    if (!url_.go_to(location)) throw_redirect("redirected to \"" + location + "\", which is no URL of http or https");
    if (becomes_get) {
        method_ = "GET";
        body_ = Body();
        options_.headers.remove("Content-Type");
    }
    if (url_.origin() != from) {
        options_.user.reset();
        options_.password.reset();
        options_.headers.remove("Authorization");
        options_.headers.remove("Cookie");
    }
    return true;
}

}  // namespace hocket::http::detail
