// Values of header fields, queries, URLs and addresses that come from others and are read by the library itself: ranges
// and tags for files, accepted encodings, the pause that a server asks for, redirects.

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hocket/aio.hpp"
#include "hocket/futures/executor.hpp"
#include "hocket/http.hpp"
#include "hocket/http/detail/percent_decode.hpp"
#include "hocket/http/detail/request_parser.hpp"
#include "http/client_retry.hpp"
#include "http/client_url.hpp"
#include "http/compression.hpp"
#include "input.hpp"

namespace {

namespace hk = hocket;
using hk::fuzz::require;
using namespace hocket::http;

constexpr std::size_t kFileSize = 1000;

const std::string& file() {
    static const std::string path = [] {
        std::string name =
            (std::filesystem::temp_directory_path() / ("hocket-fuzz-" + std::to_string(::getpid()))).string();
        std::ofstream(name) << std::string(kFileSize, 'x');
        return name;
    }();
    return path;
}

hk::EventLoop& loop() {
    static hk::EventLoop* const one = [] {
        auto* made = new hk::EventLoop;  // NOLINT: for as long as the program runs
        made->set_default_executor(std::make_shared<hk::InlineExecutor>());
        return made;
    }();
    return *one;
}

void check_request(const Request& request) {
    (void)detail::Compression::accepted_by(request);
    const Response response = loop().run_until_complete(file_response(request, file()));
    const int status = response.status();
    require(status == 200 || status == 206 || status == 304 || status == 416);
    if (status != 206) return;
    // "bytes 3-7/1000"
    const std::string range(response.header("Content-Range"));
    unsigned long first = 0, last = 0, size = 0;
    require(std::sscanf(range.c_str(), "bytes %lu-%lu/%lu", &first, &last, &size) == 3);
    require(first <= last && last < size && size == kFileSize);
}

void check_url(const std::string& text, const std::string& location) {
    try {
        detail::ClientUrl url(text, "");
        require(!url.host().empty() && url.origin().starts_with("http"));
        const std::string before = url.text();
        if (!url.go_to(location)) require(url.text() == before);
        require(!url.host().empty() && url.origin().starts_with("http"));
    } catch (const Error&) {
    }
}

void check_retry(std::string_view pause) {
    using namespace std::chrono_literals;
    static const Retry policy = Retry(3).backoff(1ms, 2s);
    std::minstd_rand random(1);
    detail::ClientRetry retry(policy, random);
    const auto found = retry.after(503, "GET", pause);
    require(!found || (*found >= 0s && *found <= 2s));
}

void check_address(const std::string& text) {
    try {
        const hk::Address address = hk::Address::ip(text, 80);
        require(hk::Address::ip(address.host(), address.port()).to_string() == address.to_string());
    } catch (const std::invalid_argument&) {
    }
}

void check_encoding(std::string_view text) {
    Query query;
    query.add("name", text);
    const std::string written = query.text();
    std::string decoded;
    require(detail::percent_decode(written.substr(5), detail::Plus::space, decoded) && decoded == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::string line = text.substr(0, text.find('\n'));
    const std::string rest = line.size() < text.size() ? text.substr(line.size() + 1) : std::string();
    detail::RequestParser parser{detail::RequestLimits()};
    for (const char* const name : {"Range", "If-None-Match", "If-Modified-Since", "If-Range", "Accept-Encoding"}) {
        parser.reset();
        parser.feed("GET / HTTP/1.1\r\nHost: x\r\n" + std::string(name) + ": " + line + "\r\nRange: bytes=" + rest +
                    "\r\n\r\n");
        if (parser.state() == detail::RequestParser::State::complete) check_request(parser.request());
    }
    check_url(line, rest);
    check_url("http://example.org/a/b?c", text);
    check_retry(line);
    check_address(line);
    check_encoding(text);
    return 0;
}
