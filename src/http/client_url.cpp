#include "client_url.hpp"

#include <new>

#include "hocket/http/error.hpp"

namespace hocket::http::detail {
namespace {

// A part of a URL; empty if it has none.
std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    const CURLUcode code = curl_url_get(url, part, &text, flags);
    if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
    return code == CURLUE_OK && text ? std::string(text) : std::string();
}

// The URL as text without what must not get into logs.
std::string text_of(CURLU* url) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> copy(curl_url_dup(url), curl_url_cleanup);
    if (!copy) throw std::bad_alloc();
    curl_url_set(copy.get(), CURLUPART_USER, nullptr, 0);
    curl_url_set(copy.get(), CURLUPART_PASSWORD, nullptr, 0);
    return part_of(copy.get(), CURLUPART_URL);
}

[[noreturn]] void throw_bad_url(const std::string& text, const std::string& why) {
    throw Error(Failure::url, text, std::string(), "hocket: \"" + text + "\" cannot be requested: " + why);
}

}  // namespace

ClientUrl::ClientUrl(const std::string& text, const std::string& query) {
    Handle url(curl_url());
    if (!url) throw std::bad_alloc();
    // What is plainly a slip, such as a space, is encoded.
    if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_URLENCODE)) {
        if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
        throw_bad_url(text, std::string(curl_url_strerror(code)) + "; a URL looks like http://host:8080/path?query");
    }
    if (!query.empty() && curl_url_set(url.get(), CURLUPART_QUERY, query.c_str(), CURLU_APPENDQUERY))
        throw std::bad_alloc();
    const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
    if (!take(std::move(url))) throw_bad_url(text, "the client speaks http and https, not " + scheme);
}

bool ClientUrl::go_to(const std::string& location) {
    Handle url(curl_url_dup(url_.get()));
    if (!url) throw std::bad_alloc();
    // The fragment of a redirect is for browsers.
    if (curl_url_set(url.get(), CURLUPART_URL, location.c_str(), CURLU_URLENCODE)) return false;
    return take(std::move(url));
}

bool ClientUrl::take(Handle url) {
    const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") return false;
    std::string host = part_of(url.get(), CURLUPART_HOST);
    origin_ = scheme + "://" + host + ":" + part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    host_ = std::move(host);
    text_ = text_of(url.get());
    url_ = std::move(url);
    return true;
}

}  // namespace hocket::http::detail
