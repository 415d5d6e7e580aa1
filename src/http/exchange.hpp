// What a connection needs while a request is under way, and only then.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/http/detail/request_parser.hpp"
#include "http/response_writer.hpp"

namespace hocket::http::detail {

/// The working memory of a connection: its parser with the request, the bytes read ahead, the bytes to send. An idle
/// connection has none, so that thousands of them cost little; the few that are busy at a time take turns with warm
/// memory.
class Exchange {
public:
    explicit Exchange(RequestLimits limits) noexcept : parser(limits) {}

    /// Bytes received but not used yet.
    std::string_view unread() const noexcept { return std::string_view(input).substr(used); }
    /// Bytes to send.
    std::string_view unsent() const noexcept { return std::string_view(output).substr(sent); }
    bool has_output() const noexcept { return sent < output.size() || writer.has_rest(); }
    /// Fit for another connection: nothing is left of this one, neither bytes nor much memory.
    void reset() noexcept;

    RequestParser parser;
    std::string input;  // read ahead: pipelined requests
    std::size_t used = 0;
    std::string output;
    std::size_t sent = 0;
    Response response;  // keeps the body alive that `writer` has a view into
    ResponseWriter writer;
};

/// Exchanges that are not in use, the last used first.
class ExchangePool {
public:
    explicit ExchangePool(RequestLimits limits) noexcept : limits_(limits) {}
    std::unique_ptr<Exchange> take();
    void give_back(std::unique_ptr<Exchange> exchange) noexcept;

private:
    static constexpr std::size_t kKept = 64;
    RequestLimits limits_;
    std::vector<std::unique_ptr<Exchange>> idle_;
};

}  // namespace hocket::http::detail
