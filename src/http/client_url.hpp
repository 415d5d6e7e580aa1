// ClientUrl: a URL taken apart by libcurl's parser.
#pragma once
#include <curl/curl.h>

#include <memory>
#include <string>

namespace hocket::http::detail {

/// An absolute URL of http or https.
class ClientUrl {
public:
    /// Throws Error.
    ClientUrl(const std::string& text, const std::string& query);
    /// What `location` means here (RFC 3986, section 5); false, and nothing is changed, if it means no such URL.
    bool go_to(const std::string& location);

    CURLU* get() const noexcept { return url_.get(); }
    /// Without user name and password.
    const std::string& text() const noexcept { return text_; }
    const std::string& host() const noexcept { return host_; }
    /// "https://host:443"
    const std::string& origin() const noexcept { return origin_; }

private:
    class Cleanup {
    public:
        void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
    };
    using Handle = std::unique_ptr<CURLU, Cleanup>;
    bool take(Handle url);

    Handle url_;
    std::string text_;
    std::string host_;
    std::string origin_;
};

}  // namespace hocket::http::detail
