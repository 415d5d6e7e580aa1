// From a ClientRequest to libcurl's options.
#pragma once
#include <curl/curl.h>

#include <string>

#include "client_request.hpp"
#include "hocket/http/client.hpp"

namespace hocket::http::detail {

/// The header fields that libcurl is told to send.
class HeaderList {
public:
    HeaderList() noexcept = default;
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_slist_free_all(list_); }
    /// In libcurl's notation: "Name: value", "Name;" for an empty one, "Name:" to send none.
    void add(const std::string& line);
    curl_slist* get() const noexcept { return list_; }

private:
    curl_slist* list_ = nullptr;
};

/// Sets all options but the callbacks. `headers` and the text of the request's body must live as long as the transfer.
void set_up(CURL* handle, const ClientRequest& request, const ClientOptions& client, HeaderList& headers);

}  // namespace hocket::http::detail
