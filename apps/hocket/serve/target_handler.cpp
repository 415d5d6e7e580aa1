#include "target_handler.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "hocket/aio/sleep.hpp"
#include "load/byte_size.hpp"

namespace hocket::serve {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLargestBody = std::uint64_t{1} << 30;
constexpr std::uint64_t kLongestDelay = 3'600'000;
constexpr std::string_view kGreeting = "Hello, world\n";

// The value of `name` in a query such as "a=1&b=2".
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
    }
    return std::nullopt;
}

// A whole number up to `most`; throws std::invalid_argument.
std::uint64_t whole_number(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || rest != text.data() + text.size() || error != std::errc() || number > most)
        throw std::invalid_argument("\"" + std::string(text) + "\" is not a number from 0 to " + std::to_string(most));
    return number;
}

std::uint64_t size_parameter(std::string_view query, std::string_view name, std::uint64_t otherwise,
                             std::uint64_t most) {
    const auto text = parameter(query, name);
    if (!text) return otherwise;
    const std::uint64_t size = load::parse_byte_size(*text);
    if (size > most) throw std::invalid_argument("\"" + std::string(*text) + "\" is too large");
    return size;
}

// "Hello, world" again and again: a body that looks like text whatever its size.
std::string make_body(std::uint64_t size) {
    std::string body;
    body.reserve(size);
    while (body.size() < size) body.append(kGreeting.substr(0, size - body.size()));
    return body;
}

// Answers that depend on the request alone; none for a path that is like any other.
std::optional<http::Response> special_answer(const http::Request& request) {
    const std::string_view path = request.path();
    if (path == "/echo") {
        std::string_view type = request.header("Content-Type");
        return http::Response(200, request.body(), type.empty() ? std::string_view("application/octet-stream") : type);
    }
    if (path == "/bytes") {
        return http::Response::text(200, make_body(size_parameter(request.query(), "size", 13, kLargestBody)));
    }
    if (path == "/chunked") {
        http::Response response =
            http::Response::text(200, make_body(size_parameter(request.query(), "size", 13, kLargestBody)));
        response.chunked(size_parameter(request.query(), "chunk", 4096, 65536));
        return response;
    }
    constexpr std::string_view kStatus = "/status/";
    if (path.starts_with(kStatus)) {
        const std::uint64_t status = whole_number(path.substr(kStatus.size()), 599);
        return http::Response::empty(static_cast<int>(status));
    }
    return std::nullopt;
}

http::Response refusal(const std::exception& error) {
    return http::Response::text(400, error.what() + std::string("\n"));
}

}  // namespace

TargetHandler::TargetHandler(const load::ServeOptions& options)
    : delay_(options.delay),
      status_(static_cast<int>(options.status)),
      body_(std::make_shared<const std::string>(make_body(options.body_size))) {}

http::Response TargetHandler::usual() const { return http::Response::text(status_, body_); }

Task<http::Response> TargetHandler::operator()(const http::Request& request) const {
    std::chrono::nanoseconds delay = delay_;
    std::optional<http::Response> answer;
    try {
        answer = special_answer(request);
        if (request.path() == "/delay") {
            const auto text = parameter(request.query(), "ms");
            delay = std::chrono::milliseconds(whole_number(text.value_or("0"), kLongestDelay));
        }
    } catch (const std::invalid_argument& error) {
        answer = refusal(error);
    }
    if (delay > 0ns) co_await sleep(delay);
    if (answer) co_return std::move(*answer);
    co_return usual();
}

}  // namespace hocket::serve
