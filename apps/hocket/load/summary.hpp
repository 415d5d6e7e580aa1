#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "histogram.hpp"
#include "options.hpp"

namespace hocket::load {

// What a request that got no complete response failed at.
enum class ErrorKind : std::uint8_t { resolve, connect, tls, send, receive, timeout, protocol };
inline constexpr std::size_t error_kinds = 7;

// "resolve", "connect", "TLS", "send", "receive", "timeout", "protocol".
std::string_view name(ErrorKind kind) noexcept;

struct ErrorCount {
    std::uint64_t count = 0;
    std::string example;  // the message of the first one
};

using StatusCounts = std::map<unsigned, std::uint64_t>;   // responses by status code
using ErrorCounts = std::array<ErrorCount, error_kinds>;  // indexed by ErrorKind

std::uint64_t total(const StatusCounts& statuses) noexcept;
std::uint64_t total(const ErrorCounts& errors) noexcept;

// Why a run could not be made as asked.
struct Failure {
    std::string_view kind;  // the name of an ErrorKind: the server was not reached; or "generator"
    std::string message;
};

// What a run came to. Every request that was started is in `statuses`, in `errors` or in `unfinished`, once.
struct Summary {
    std::string url;  // as tested, without password
    std::chrono::system_clock::time_point started_at;
    std::chrono::nanoseconds elapsed{0};  // from the first request's start to the last one's end
    std::uint64_t bytes_received = 0;     // heads and bodies
    std::uint64_t bytes_sent = 0;
    StatusCounts statuses;
    ErrorCounts errors;
    std::uint64_t resent = 0;        // requests made once more, since the server had closed the connection
    std::uint64_t unfinished = 0;    // under way when time or Ctrl-C ended the run; in none of the above
    Histogram latency;               // of complete responses
    double cpu_seconds = 0;          // user and system, of the generator's threads
    unsigned threads = 1;            // of the generator
    std::optional<Failure> failure;  // the server was not reached, or the generator itself gave up
    bool interrupted = false;        // by Ctrl-C: this is a part of what was asked for

    std::uint64_t responses() const noexcept { return total(statuses); }
    std::uint64_t error_total() const noexcept { return total(errors); }
    std::uint64_t requests() const noexcept { return responses() + error_total(); }
    double requests_per_second() const noexcept;  // complete responses only
    double bytes_per_second() const noexcept;     // received

    // The share of its threads' time that the generator was computing, 0 to 1. From 0.9 on, the figures say more about
    // this machine than about the server.
    double generator_load() const noexcept;
    bool generator_was_bottleneck() const noexcept { return generator_load() >= 0.9; }
};

// How text may look. See terminal.hpp for what the present terminal can show.
struct TextStyle {
    unsigned width = 80;  // columns
    bool unicode = true;  // else ASCII only
};

// The summary for people: a few aligned lines with line breaks, no other control characters.
std::string format_text(const Summary& summary, const LoadOptions& options, const TextStyle& style);

// The summary for programs, in the schema of docs/load-json.md; ends with a line break.
std::string to_json(const Summary& summary, const LoadOptions& options);

}  // namespace hocket::load
