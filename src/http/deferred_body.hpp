// Bodies of responses that are not in memory: made while they are sent, or in a file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "hocket/aio/async_generator.hpp"
#include "hocket/core/clock.hpp"

namespace hocket::http::detail {

/// Such a body; the copies of a response share it, and it can be sent once.
class DeferredBody {
public:
    /// Pieces of it, as they come.
    explicit DeferredBody(AsyncGenerator<std::string> made) noexcept : pieces(std::move(made)) {}
    /// A part of a file, whose descriptor it takes over.
    DeferredBody(int file, std::uint64_t begin, std::uint64_t size) noexcept : fd(file), offset(begin), length(size) {}
    DeferredBody(const DeferredBody&) = delete;
    DeferredBody& operator=(const DeferredBody&) = delete;
    ~DeferredBody();

    std::optional<AsyncGenerator<std::string>> pieces;
    int fd = -1;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;  // in all, where it is known
    bool sent = false;                    // or is being sent
    Duration keep_alive{};                // of a stream of events: after which a comment is sent; zero: never
    TimePoint last_sent;
};

}  // namespace hocket::http::detail
