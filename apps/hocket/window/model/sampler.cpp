#include "sampler.hpp"

#include <algorithm>
#include <utility>

namespace hocket::window {

using std::chrono::nanoseconds;

std::optional<Sample> Sampler::sample(const load::Progress& now) {
    const nanoseconds pause = std::clamp<nanoseconds>(now.elapsed / 10, shortest, longest);
    if (now.elapsed - last_ < pause) return std::nullopt;
    return take(now);
}

std::optional<Sample> Sampler::rest(const load::Progress& now) {
    if (now.done == done_ || now.elapsed <= last_) return std::nullopt;
    return take(now);
}

Sample Sampler::take(const load::Progress& now) {
    engine_.latencies(now_);
    between_.reset();
    between_.merge(now_);
    between_.subtract(before_);

    Sample sample;
    sample.from_s = std::chrono::duration<double>(last_).count();
    sample.to_s = std::chrono::duration<double>(now.elapsed).count();
    const std::uint64_t responses = between_.count();
    sample.requests_per_second = static_cast<double>(responses) / (sample.to_s - sample.from_s);
    if (responses > 0) {
        sample.p50_us = between_.value_at_percentile(50);
        sample.p99_us = between_.value_at_percentile(99);
    }
    std::swap(before_, now_);
    last_ = now.elapsed;
    done_ = now.done;
    return sample;
}

}  // namespace hocket::window
