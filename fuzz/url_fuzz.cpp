// Whatever is typed as URL: it is refused with UrlError, or its parts make a request of the right number of lines, and
// what it is shown as is understood as the same URL again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "load/request.hpp"
#include "load/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hocket::load;
    const auto require = [](bool condition) {
        if (!condition) std::abort();
    };
    Url url;
    try {
        url = parse_url(std::string_view(reinterpret_cast<const char*>(data), size));
    } catch (const UrlError&) {
        return 0;
    }
    require(!url.host.empty() && url.port != 0 && url.target.starts_with('/'));

    const Url again = parse_url(url.to_string());
    require(again.scheme == url.scheme && again.port == url.port && again.target == url.target);
    require(again.host == url.host.substr(0, url.host.find('%')) && again.user_info.empty());

    const std::string request = build_request(url, {});
    const auto lines = std::count(request.begin(), request.end(), '\n');
    require(
        lines ==
        (url.user_info.empty() ? 5 : 6));  // request line, Host, User-Agent, Accept, Authorization, and the empty one
    require(std::count(request.begin(), request.end(), '\r') == lines && request.ends_with("\r\n\r\n"));
    return 0;
}
