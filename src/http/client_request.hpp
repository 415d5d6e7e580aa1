// ClientRequest: what a Client was asked for, through redirects and retries.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "client_url.hpp"
#include "hocket/http/body.hpp"
#include "hocket/http/options.hpp"

namespace hocket::http::detail {

class ClientRequest {
public:
    /// Throws Error for a bad URL, std::invalid_argument for a method that is no token.
    ClientRequest(std::string method, const std::string& url, Body body, OptionValues options);

    const std::string& method() const noexcept { return method_; }
    const ClientUrl& url() const noexcept { return url_; }
    Body& body() noexcept { return body_; }
    const Body& body() const noexcept { return body_; }
    const OptionValues& options() const noexcept { return options_; }
    /// "GET http://host/path"
    std::string name() const { return method_ + " " + url_.text(); }

    /// The body can be sent (again): it is text, or a generator that has not begun.
    bool replayable() const noexcept { return !begun_; }
    /// Its generator is going to be asked for the first piece.
    void begin_pieces() noexcept { begun_ = true; }

    /// Lets the generator clean up.
    Task<void> close_pieces() { return body_.pieces().async_close(); }

    /// Changes into what a response of `status` with this Location asks for (RFC 9110, section 15.4); false if that is
    /// no redirect, or is not to be followed. Throws Error for one redirect too many or one that leads nowhere.
    bool redirect(int status, const std::string& location);

private:
    [[noreturn]] void throw_redirect(const std::string& why) const;

    std::string method_;
    ClientUrl url_;
    Body body_;
    OptionValues options_;
    int redirects_ = 0;
    bool begun_ = false;
};

}  // namespace hocket::http::detail
