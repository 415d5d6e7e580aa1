#include "progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "duration.hpp"
#include "text_layout.hpp"

namespace hocket::load {
namespace {

constexpr std::size_t shortest_bar = 8;
constexpr std::size_t longest_bar = 40;

double share(std::uint64_t part, std::uint64_t whole) {
    return whole > 0 ? std::min(static_cast<double>(part) / static_cast<double>(whole), 1.0) : 0;
}

// In whole numbers: 29 / 100.0 * 100 is less than 29.
int whole_percent(std::uint64_t part, std::uint64_t whole) {
    if (part >= whole) return whole > 0 ? 100 : 0;
    if (whole <= std::numeric_limits<std::uint64_t>::max() / 100) return static_cast<int>(part * 100 / whole);
    // The least that is so many percent of it, rounded up.
    const auto least = [whole](std::uint64_t percent) {
        return whole / 100 * percent + (whole % 100 * percent + 99) / 100;
    };
    std::uint64_t percent = std::min<std::uint64_t>(part / (whole / 100), 99);
    while (part < least(percent)) --percent;
    return static_cast<int>(percent);
}

template <class Measure>
auto furthest(const Progress& progress, Measure measure) {
    const auto ns = [](std::chrono::nanoseconds time) { return static_cast<std::uint64_t>(time.count()); };
    return std::max(measure(progress.done, progress.requests.value_or(0)),
                    measure(ns(progress.elapsed), progress.duration ? ns(*progress.duration) : 0));
}

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

double share_done(const Progress& progress) noexcept { return furthest(progress, share); }

int percent_done(const Progress& progress) noexcept { return furthest(progress, whole_percent); }

std::string progress_line(const Progress& progress, const TextStyle& style) {
    const std::size_t width = std::max(style.width, 2u) - 1;
    const double done = share_done(progress);

    // Numbers are padded to what they may become, so that the line stands still while they change.
    std::string position;
    if (progress.requests && share(progress.done, *progress.requests) >= done) {
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
        {fmt::format("{:>3}%", percent_done(progress)), 4},
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
