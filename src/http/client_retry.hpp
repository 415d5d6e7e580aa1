// ClientRetry: whether a request is made again, and when.
#pragma once
#include <optional>
#include <random>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/http/error.hpp"
#include "hocket/http/options.hpp"

namespace hocket::http::detail {

/// The attempts of one request.
class ClientRetry {
public:
    ClientRetry(const Retry& policy, std::minstd_rand& random) noexcept : policy_(policy), random_(random) {}
    /// The pause before the next attempt; nothing if there is none.
    std::optional<Duration> after(Failure failure, std::string_view method);
    std::optional<Duration> after(int status, std::string_view method, std::string_view retry_after);

private:
    bool next() noexcept;
    Duration pause();

    const Retry& policy_;
    std::minstd_rand& random_;
    int made_ = 0;
    Duration next_ = policy_.first();
};

}  // namespace hocket::http::detail
