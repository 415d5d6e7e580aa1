#include "summary.hpp"

#include <algorithm>

namespace hocket::load {

std::string_view name(ErrorKind kind) noexcept {
    static constexpr std::string_view names[error_kinds] = {"resolve", "connect", "TLS",     "send",
                                                            "receive", "timeout", "protocol"};
    return names[static_cast<std::size_t>(kind)];
}

std::uint64_t total(const StatusCounts& statuses) noexcept {
    std::uint64_t sum = 0;
    for (const auto& [status, count] : statuses) sum += count;
    return sum;
}

std::uint64_t total(const ErrorCounts& errors) noexcept {
    std::uint64_t sum = 0;
    for (const ErrorCount& error : errors) sum += error.count;
    return sum;
}

double Summary::requests_per_second() const noexcept {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return seconds > 0 ? static_cast<double>(responses()) / seconds : 0;
}

double Summary::bytes_per_second() const noexcept {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return seconds > 0 ? static_cast<double>(bytes_received) / seconds : 0;
}

double Summary::generator_load() const noexcept {
    const double available = std::chrono::duration<double>(elapsed).count() * threads;
    return available > 0 ? std::min(cpu_seconds / available, 1.0) : 0;
}

}  // namespace hocket::load
