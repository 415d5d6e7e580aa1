#include "bands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace hocket::load {
namespace {

constexpr std::size_t most_bands = 12;

std::vector<Band> bands_in_steps(const Histogram& latency, const std::vector<std::pair<int, int>>& steps) {
    std::vector<Band> bands;
    for (std::uint64_t unit = 1; unit < static_cast<std::uint64_t>(Histogram::highest); unit *= 10) {
        for (const auto& [from, to] : steps) bands.push_back({from * unit, to * unit});
    }
    for (Band& band : bands) band.to = std::min(band.to, static_cast<std::uint64_t>(Histogram::highest));
    latency.for_each([&](std::uint64_t first, std::uint64_t, std::uint64_t n) {
        for (Band& band : bands) {
            if (first >= band.from && first < band.to) band.count += n;
        }
    });
    const auto used = [](const Band& band) { return band.count > 0; };
    bands.erase(std::find_if(bands.rbegin(), bands.rend(), used).base(), bands.end());
    bands.erase(bands.begin(), std::find_if(bands.begin(), bands.end(), used));
    return bands;
}

}  // namespace

std::vector<Band> bands_of(const Histogram& latency) {
    std::vector<Band> bands = bands_in_steps(latency, {{1, 2}, {2, 5}, {5, 10}});
    return bands.size() > most_bands ? bands_in_steps(latency, {{1, 10}}) : bands;
}

std::string band_label(const Band& band) {
    static constexpr std::pair<double, std::string_view> units[] = {{1e6, "s "}, {1e3, "ms"}, {1, "µs"}};
    const auto to = static_cast<double>(band.to);
    const auto* unit = std::find_if(std::begin(units), std::end(units), [to](const auto& u) { return to > u.first; });
    return fmt::format("{:>4} – {:>4} {}", static_cast<double>(band.from) / unit->first, to / unit->first,
                       unit->second);
}

}  // namespace hocket::load
