// Which responses are compressed, and how.
#pragma once
#include "hocket/aio/task.hpp"
#include "hocket/http/message.hpp"

namespace hocket::http::detail {

/// Compresses responses for clients that accept gzip (RFC 9110, section 12.5.3).
class Compression {
public:
    /// `level` 0: none. Bodies below `min_bytes` are left as they are.
    Compression(int level, std::size_t min_bytes) noexcept : level_(level), min_bytes_(min_bytes) {}

    /// Whether `response` has a body that is worth it, of a type that shrinks.
    bool concerns(const Response& response) const { return level_ > 0 && is_worth_it(response); }
    /// For one that it concerns: compresses it if the client accepts that, and says in any case that the response
    /// depends on what the client accepts. A large body is compressed in a thread of the loop's executor.
    Task<void> apply(const Request& request, Response& response) const;

    /// Whether the request's Accept-Encoding allows gzip.
    static bool accepted_by(const Request& request) noexcept;

private:
    bool is_worth_it(const Response& response) const;

    int level_;
    std::size_t min_bytes_;
};

}  // namespace hocket::http::detail
