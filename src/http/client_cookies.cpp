// What is in a client's jar. libcurl keeps it, and tells in the format of Netscape's cookie files.
#include <array>
#include <memory>
#include <string>

#include "client_core.hpp"

namespace hocket::http::detail {
namespace {

// domain, subdomains get it, path, secure, expires, name, value; with tabs between.
Cookie read_line(std::string_view line) {
    constexpr std::string_view kHttpOnly = "#HttpOnly_";
    if (line.starts_with(kHttpOnly)) line.remove_prefix(kHttpOnly.size());
    std::array<std::string_view, 7> fields;
    for (std::string_view& field : fields) {
        const std::size_t tab = std::min(line.find('\t'), line.size());
        field = line.substr(0, tab);
        line.remove_prefix(std::min(tab + 1, line.size()));
    }
    Cookie cookie;
    cookie.domain = fields[0];
    cookie.path = fields[2];
    cookie.secure = fields[3] == "TRUE";
    cookie.name = fields[5];
    cookie.value = fields[6];
    return cookie;
}

}  // namespace

std::vector<Cookie> ClientCore::cookies() {
    std::vector<Cookie> cookies;
    if (closed() || options_.cookies == Cookies::ignore) return cookies;
    CURL* const handle = take_handle();
    curl_slist* list = nullptr;
    curl_easy_getinfo(handle, CURLINFO_COOKIELIST, &list);
    give_back(handle);
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owner(list, curl_slist_free_all);
    for (; list; list = list->next) cookies.push_back(read_line(list->data));
    return cookies;
}

void ClientCore::clear_cookies() {
    if (closed() || options_.cookies == Cookies::ignore) return;
    CURL* const handle = take_handle();
    curl_easy_setopt(handle, CURLOPT_COOKIELIST, "ALL");
    give_back(handle);
}

}  // namespace hocket::http::detail
