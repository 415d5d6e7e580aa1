#include "client_setup.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>

namespace hocket::http::detail {
namespace {

constexpr Duration kConnectTimeout = std::chrono::seconds(30);

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle, option, value);
    if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    if (code != CURLE_OK)
        throw std::invalid_argument(std::string("hocket: an option of an HTTP request: ") + curl_easy_strerror(code));
}

void set(CURL* handle, CURLoption option, const std::string& value) { set(handle, option, value.c_str()); }

// Rounded up; libcurl takes 0 for "its default".
long milliseconds(Duration duration) {
    constexpr std::int64_t kMost = 1 << 30;  // twelve days
    return static_cast<long>(
        std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count(), 1, kMost));
}

void set_headers(CURL* handle, const ClientRequest& request, HeaderList& list) {
    const Headers& fields = request.options().headers;
    for (const HeaderField field : fields) {
        const std::string name(field.name);
        list.add(field.value.empty() ? name + ";" : name + ": " + std::string(field.value));
    }
    if (!fields.contains("User-Agent")) list.add("User-Agent: hocket");
    if (!fields.contains("Expect")) list.add("Expect:");  // asking first costs a second wherever it is not answered
    if (!fields.contains("Content-Type")) list.add("Content-Type: " + request.body().content_type());
    set(handle, CURLOPT_HTTPHEADER, list.get());
}

void set_method_and_body(CURL* handle, const ClientRequest& request) {
    const std::string& method = request.method();
    const Body& body = request.body();
    const bool wants_length = method == "POST" || method == "PUT" || method == "PATCH";
    if (body.has_pieces()) {
        set(handle, CURLOPT_UPLOAD, 1L);
        set(handle, CURLOPT_INFILESIZE_LARGE, body.size() ? static_cast<curl_off_t>(*body.size()) : curl_off_t{-1});
    } else if (body.text() || wants_length) {
        set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.text() ? body.text()->size() : 0));
        set(handle, CURLOPT_POSTFIELDS, body.text() ? body.text()->data() : "");
    } else if (method == "HEAD") {
        set(handle, CURLOPT_NOBODY, 1L);
    }
    if (method != "GET" && method != "HEAD") set(handle, CURLOPT_CUSTOMREQUEST, method);
    if (method == "GET" && (body.text() || body.has_pieces())) set(handle, CURLOPT_CUSTOMREQUEST, method);
}

void set_tls(CURL* handle, const OptionValues& options) {
    if (!options.verified.value_or(true)) {
        set(handle, CURLOPT_SSL_VERIFYPEER, 0L);
        set(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (options.ca_file) {
        set(handle, CURLOPT_CAINFO, *options.ca_file);
        set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (options.certificate) set(handle, CURLOPT_SSLCERT, *options.certificate);
    if (options.key) set(handle, CURLOPT_SSLKEY, *options.key);
}

}  // namespace

void HeaderList::add(const std::string& line) {
    curl_slist* const longer = curl_slist_append(list_, line.c_str());
    if (!longer) throw std::bad_alloc();
    list_ = longer;
}

void set_up(CURL* handle, const ClientRequest& request, const ClientOptions& client, HeaderList& headers) {
    const OptionValues& options = request.options();
    set(handle, CURLOPT_CURLU, request.url().get());
    set(handle, CURLOPT_NOSIGNAL, 1L);    // signals belong to the program
    set(handle, CURLOPT_QUICK_EXIT, 1L);  // a cancelled look-up of a name is not waited for
    // Refused where a used handle still has its buffer, which will do.
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 64 * 1024L);
    set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    const auto idle = std::chrono::ceil<std::chrono::seconds>(client.idle_timeout).count();
    set(handle, CURLOPT_MAXAGE_CONN, static_cast<long>(std::max<std::int64_t>(idle, 1)));
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout.value_or(kConnectTimeout)));
    if (options.compressed.value_or(true)) set(handle, CURLOPT_ACCEPT_ENCODING, "");
    if (!options.environment_proxy) {
        set(handle, CURLOPT_PROXY, options.proxy.value_or(std::string()));
        set(handle, CURLOPT_NOPROXY, "");
    }
    if (options.user) {
        set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        set(handle, CURLOPT_USERNAME, *options.user);
        set(handle, CURLOPT_PASSWORD, options.password.value_or(std::string()));
    }
    set_method_and_body(handle, request);
    set_headers(handle, request, headers);
    set_tls(handle, options);
}

}  // namespace hocket::http::detail
