#include "client_retry.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <string>

namespace hocket::http::detail {
namespace {

// Retry-After: seconds or a date (RFC 9110, section 10.2.3); zero for neither.
Duration asked_for(std::string_view text) {
    std::int64_t seconds = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || rest != end) {
        const std::time_t when = curl_getdate(std::string(text).c_str(), nullptr);
        seconds = when == -1 ? 0 : when - std::time(nullptr);
    }
    return hocket::detail::to_nanoseconds(
        std::chrono::duration<double>(static_cast<double>(std::max<std::int64_t>(seconds, 0))));
}

}  // namespace

bool ClientRetry::next() noexcept { return made_++ < policy_.times(); }

// Half of it is random, so that clients that failed together do not come back together.
Duration ClientRetry::pause() {
    const Duration whole = next_;
    next_ = whole > policy_.longest() / 2 ? policy_.longest() : whole * 2;
    std::uniform_real_distribution<double> share(0.5, 1.0);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(whole) * share(random_));
}

std::optional<Duration> ClientRetry::after(Failure failure, std::string_view method) {
    const bool nothing_sent = failure == Failure::connect || failure == Failure::resolve;
    if (!nothing_sent && !(failure == Failure::connection && policy_.allows(method))) return std::nullopt;
    if (!next()) return std::nullopt;
    return pause();
}

std::optional<Duration> ClientRetry::after(int status, std::string_view method, std::string_view retry_after) {
    if (!policy_.allows(status) || !policy_.allows(method) || !next()) return std::nullopt;
    const Duration wanted = asked_for(retry_after);
    if (wanted > policy_.longest()) return std::nullopt;
    return std::max(pause(), wanted);
}

}  // namespace hocket::http::detail
