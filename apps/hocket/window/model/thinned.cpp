#include "thinned.hpp"

#include <algorithm>

namespace hocket::window {
namespace {

Sample together(const Sample* first, const Sample* last) {
    Sample sum;
    sum.from_s = first->from_s;
    sum.to_s = (last - 1)->to_s;
    double responses = 0;
    std::vector<std::uint64_t> medians;
    for (const Sample* sample = first; sample != last; ++sample) {
        responses += sample->requests_per_second * (sample->to_s - sample->from_s);
        if (sample->p50_us) medians.push_back(*sample->p50_us);
        if (sample->p99_us) sum.p99_us = std::max(sum.p99_us.value_or(0), *sample->p99_us);
    }
    sum.requests_per_second = responses / (sum.to_s - sum.from_s);
    if (medians.empty()) return sum;
    const auto middle = medians.begin() + static_cast<std::ptrdiff_t>(medians.size() / 2);
    std::nth_element(medians.begin(), middle, medians.end());
    sum.p50_us = *middle;
    return sum;
}

}  // namespace

std::vector<Sample> thinned(const std::vector<Sample>& samples, std::size_t most) {
    const std::size_t each = (samples.size() + most - 1) / most;
    if (each <= 1) return samples;
    std::vector<Sample> pieces;
    for (std::size_t i = 0; i < samples.size(); i += each) {
        const std::size_t end = std::min(i + each, samples.size());
        pieces.push_back(together(samples.data() + i, samples.data() + end));
    }
    return pieces;
}

}  // namespace hocket::window
