// Whatever patterns and paths there are, a router must refuse or answer them without harm; a route that it finds must
// fit the path, and no parameter may lead out of a folder. A query decodes to the same values however it is asked.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/http/detail/percent_decode.hpp"
#include "hocket/http/detail/request_parser.hpp"
#include "hocket/http/detail/router.hpp"
#include "hocket/http/status_error.hpp"
#include "input.hpp"

namespace {

using hocket::fuzz::require;
using namespace hocket::http;

hocket::Task<Response> nothing(const Request&) { co_return Response(); }

// The lines of the input.
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

void check_parameter(std::string_view value) {
    require(value.find('\0') == std::string_view::npos);
    for (;;) {
        const std::size_t slash = value.find('/');
        const std::string_view step = value.substr(0, slash);
        require(step != "." && step != "..");
        if (slash == std::string_view::npos) return;
        value.remove_prefix(slash + 1);
    }
}

void check_route(detail::Router& router, Request& request) {
    const detail::Router::Found found = router.find(request);
    require((found.route != nullptr) == (found.status == 0));
    if (!found.route) {
        require(found.status == 400 || found.status == 404 || found.status == 405 || found.status == 204);
        require(found.allow.empty() == (found.status == 400 || found.status == 404));
        return;
    }
    for (const std::string& name : found.route->names) check_parameter(request.parameter(name));
}

void check_query(const Request& request) {
    try {
        for (const auto& [name, value] : request.query_parameters()) {
            const std::vector<std::string> values = request.query_values(name);
            require(std::find(values.begin(), values.end(), value) != values.end());
            require(request.query(name) == values.front());
        }
    } catch (const StatusError& error) {
        require(error.status() == 400);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::string_view> lines = lines_of({reinterpret_cast<const char*>(data), size});
    if (lines.empty()) return 0;
    detail::Router router;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        try {
            router.add(i % 3 == 0 ? "" : i % 3 == 1 ? "GET" : "POST", lines[i], nothing, nullptr);
        } catch (const std::invalid_argument&) {
        }
    }
    for (const char* method : {"GET", "HEAD", "OPTIONS", "PUT"}) {
        detail::RequestParser parser;
        parser.feed(std::string(method) + " " + std::string(lines.front()) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        if (parser.state() != detail::RequestParser::State::complete) return 0;
        check_route(router, parser.request());
        check_query(parser.request());
    }
    return 0;
}
