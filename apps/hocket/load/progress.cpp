#include "progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "duration.hpp"
#include "text_layout.hpp"

namespace hocket::load {
namespace {

constexpr std::size_t shortest_bar = 8;
constexpr std::size_t longest_bar = 40;

double share(double part, double whole) { return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0; }

// A heavy line for what is done, to half a column, on a light one.
std::string track(double done, std::size_t width) {
    const auto halves = static_cast<std::size_t>(done * static_cast<double>(width) * 2);
    std::string line;
    for (std::size_t i = 0; i < width; ++i) line += 2 * i + 2 <= halves ? "━" : 2 * i + 1 == halves ? "╸" : "─";
    return line;
}

std::string seconds(std::chrono::nanoseconds elapsed) {
    return elapsed < std::chrono::minutes(1) ? fmt::format("{:.1f}s", std::chrono::duration<double>(elapsed).count())
                                             : format_duration(std::chrono::floor<std::chrono::seconds>(elapsed));
}

std::string latency(std::string_view label, std::uint64_t us) {
    return fmt::format("{} {:>7}", label, us == 0 ? "-" : format_duration(std::chrono::microseconds(us)));
}

}  // namespace

std::string progress_line(const Progress& progress, const TextStyle& style) {
    const std::size_t width = std::max(style.width, 2u) - 1;
    const double of_requests =
        progress.requests ? share(static_cast<double>(progress.done), static_cast<double>(*progress.requests)) : 0;
    const double of_time = progress.duration ? share(static_cast<double>(progress.elapsed.count()),
                                                     static_cast<double>(progress.duration->count()))
                                             : 0;
    const double done = std::max(of_requests, of_time);

    // Numbers are padded to what they may become, so that the line stands still while they change.
    std::string position;
    if (progress.requests && of_requests >= of_time) {
        const std::string total = compact(*progress.requests);
        position = fmt::format("{:>5}/{}", compact(progress.done), total);
    } else if (progress.duration) {
        const std::string total = spell_duration(*progress.duration);
        position = fmt::format("{:>{}}/{}", seconds(progress.elapsed), total.size() + 2, total);
    }
    struct Part {
        std::string text;
        int importance;  // the lowest goes first
    };
    std::vector<Part> parts = {
        {fmt::format("{:>3.0f}%", std::floor(done * 100)), 4},
        {position, 2},
        {fmt::format("{:>7} req/s",
                     with_commas(static_cast<std::uint64_t>(std::llround(progress.requests_per_second)))),
         6},
        {latency("p50", progress.p50_us), 1},
        {latency("p99", progress.p99_us), 3},
        {fmt::format("{} error{}", compact(progress.errors), progress.errors == 1 ? "" : "s"), 5},
    };
    std::erase_if(parts, [](const Part& part) { return part.text.empty(); });

    const auto total_columns = [&] {
        std::size_t total = 2 * (parts.size() - 1);
        for (const Part& part : parts) total += columns(part.text);
        return total;
    };
    while (parts.size() > 1 && total_columns() > width) {
        parts.erase(std::min_element(parts.begin(), parts.end(),
                                     [](const Part& a, const Part& b) { return a.importance < b.importance; }));
    }
    const std::size_t room = width - std::min(width, total_columns());
    if (room >= shortest_bar + 1 && parts.front().importance == 4) {
        parts.front().text += " " + track(done, std::min(room - 1, longest_bar));
    }
    std::string line;
    for (const Part& part : parts) line += (line.empty() ? "" : "  ") + part.text;
    line = clipped(line, width);
    line.append(width - columns(line), ' ');
    return as_style(std::move(line), style);
}

}  // namespace hocket::load
