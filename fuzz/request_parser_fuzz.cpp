// Whatever a client sends, the request parser must come to the same requests and the same refusal when it gets it at
// once or in pieces, must never take more than it was given, and must let nothing through that could be read in two
// ways.

#include "hocket/http/detail/request_parser.hpp"
#include "input.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using hocket::fuzz::require;
using namespace hocket::http;
using detail::RequestLimits;
using detail::RequestParser;

// What a request was found to be, in one string.
std::string digest(const Request& request, std::string_view body) {
    std::string text;
    const auto add = [&text](std::string_view part) {
        text.append(std::to_string(part.size())).append(":").append(part);
    };
    add(request.method());
    add(request.target());
    add(request.path());
    add(request.query());
    text += request.version() == Version::http_1_1 ? "1" : "0";
    text += request.keep_alive() ? "k" : "c";
    for (const HeaderField field : request.headers()) {
        add(field.name);
        add(field.value);
    }
    add(body);
    return text;
}

// What no request may have, however it was sent.
void check(const Request& request, const RequestLimits& limits) {
    require(is_token(request.method()));
    require(!request.target().empty() && !request.path().empty());
    require(std::all_of(request.target().begin(), request.target().end(), [](char c) { return c > ' ' && c < 0x7f; }));
    require(request.headers().size() <= limits.headers);
    require(request.body().size() <= limits.body_bytes);
    std::size_t hosts = 0, lengths = 0, encodings = 0;
    for (const HeaderField field : request.headers()) {
        require(is_token(field.name));
        require(is_field_value(field.value));
        require(field.value.empty() || (field.value.front() != ' ' && field.value.back() != ' '));
        hosts += equal_names(field.name, "Host");
        lengths += equal_names(field.name, "Content-Length");
        encodings += equal_names(field.name, "Transfer-Encoding");
    }
    require(hosts <= 1 && lengths <= 1 && (lengths == 0 || encodings == 0));
    require(hosts == 1 || request.version() == Version::http_1_0);
    if (lengths == 1)
        require(request.header("content-length").find_first_not_of("0123456789") == std::string_view::npos);
    if (lengths == 0 && encodings == 0) require(request.body().empty());
}

// Feeds the data in pieces whose sizes come from `cuts`, over and over (none: all at once), each in memory of exactly
// its size, so that AddressSanitizer sees a read beyond. Gives what was read, in order. Bodies are kept by the parser
// or taken out as they come.
enum class Bodies { kept, taken };
std::vector<std::string> read(std::string_view data, const std::uint8_t* cuts, std::size_t cut_count,
                              const RequestLimits& limits, Bodies bodies = Bodies::kept) {
    RequestParser parser(limits);
    parser.pause_before_bodies(bodies == Bodies::taken);
    std::vector<std::string> found;
    std::string body;
    for (std::size_t i = 0; !data.empty(); ++i) {
        const std::size_t cut = cut_count == 0 ? data.size() : cuts[i % cut_count];
        const std::vector<char> piece(data.begin(),
                                      data.begin() + std::ptrdiff_t(std::clamp<std::size_t>(cut, 1, data.size())));
        const std::size_t used = parser.feed(std::string_view(piece.data(), piece.size()));
        require(used <= piece.size());
        data.remove_prefix(used);
        if (parser.paused()) {
            parser.begin_body(limits.body_bytes);
            if (parser.state() == RequestParser::State::body) continue;
        }
        if (bodies == Bodies::taken) body += parser.take_body();
        switch (parser.state()) {
            case RequestParser::State::complete:
                check(parser.request(), limits);
                if (bodies == Bodies::kept) body = parser.request().body();
                found.push_back(digest(parser.request(), body));
                body.clear();
                parser.next();
                break;
            case RequestParser::State::failed:
                require(parser.error().status >= 400 && parser.error().status < 600);
                found.push_back(std::to_string(parser.error().status) + parser.error().reason);
                return found;
            default:
                require(used == piece.size());
                break;
        }
    }
    found.emplace_back(parser.state() == RequestParser::State::body ? "in a body"
                       : parser.started()                           ? "in a head"
                                                                    : "between requests");
    return found;
}

}  // namespace

// The input: a byte whose lowest bit chooses the limits and whose others how many cuts follow, the cuts, the requests.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    RequestLimits limits;
    if (data[0] & 1) {
        limits.header_bytes = 64;
        limits.headers = 3;
        limits.body_bytes = 16;
    }
    const std::size_t cut_count = std::min<std::size_t>((data[0] >> 1) % 8 + 1, size - 1);
    const std::uint8_t* cuts = data + 1;
    const std::string_view requests(reinterpret_cast<const char*>(cuts + cut_count), size - 1 - cut_count);

    const std::vector<std::string> whole = read(requests, nullptr, 0, limits);
    require(whole == read(requests, cuts, cut_count, limits));
    const std::uint8_t one = 1;
    require(whole == read(requests, &one, 1, limits));
    require(whole == read(requests, cuts, cut_count, limits, Bodies::taken));
    return 0;
}
