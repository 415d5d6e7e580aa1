#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bands.hpp"
#include "byte_size.hpp"
#include "duration.hpp"
#include "printable.hpp"
#include "summary.hpp"
#include "text_layout.hpp"

namespace hocket::load {
namespace {

constexpr std::size_t narrowest = 40;
constexpr std::size_t label_width = 12;

std::string microseconds(std::uint64_t us) {
    return us < 1000 ? fmt::format("{} µs", us) : format_duration(std::chrono::microseconds(us));
}

std::string plural(std::uint64_t n, std::string_view noun) {
    return fmt::format("{} {}{}", with_commas(n), noun, n == 1 ? "" : "s");
}

// A line that begins with two spaces, the label in a column of its own, and the rest.
std::string row(std::string_view label, std::string_view rest) {
    return fmt::format("  {:<{}}{}\n", label, label_width, rest);
}

std::string heading(const Summary& summary, const LoadOptions& options, std::size_t width) {
    const std::string what =
        fmt::format("{} · {} · {} · {}", options.request.method, plural(options.connections, "connection"),
                    plural(summary.threads, "thread"), format_duration(summary.elapsed));
    std::string text =
        fmt::format("\n  {}\n  {}\n", clipped(printable(summary.url), width - 2), clipped(what, width - 2));
    if (summary.interrupted && options.requests) {
        text += fmt::format("  Interrupted after {} of {} requests\n", with_commas(summary.requests()),
                            with_commas(*options.requests));
    } else if (summary.interrupted && options.duration) {
        text += fmt::format("  Interrupted before the {} were over\n", spell_duration(*options.duration));
    }
    return text;
}

std::string totals(const Summary& summary) {
    const std::string requests = with_commas(summary.requests());
    const std::string received = format_byte_size(static_cast<double>(summary.bytes_received));
    const std::size_t column = std::max(columns(requests), columns(received));
    const double rate = summary.requests_per_second();
    return "\n" +
           row("Requests",
               fmt::format("{:>{}}   {}/s", requests, column,
                           rate > 0 && rate < 100 ? fmt::format("{:.2f}", rate)
                                                  : with_commas(static_cast<std::uint64_t>(std::llround(rate))))) +
           row("Received",
               fmt::format("{:>{}}   {}/s", received, column, format_byte_size(summary.bytes_per_second())));
}

std::string latencies(const Summary& summary, const TextStyle& style) {
    const Histogram& latency = summary.latency;
    const std::uint64_t count = latency.count();
    if (count == 0) return "";
    const auto at = [&](double p) { return microseconds(latency.value_at_percentile(p)); };
    const std::pair<std::string_view, std::string> figures[] = {
        {"min", microseconds(latency.min())},
        {"mean", format_duration(std::chrono::nanoseconds(std::llround(latency.mean() * 1000)))},
        {"p50", at(50)},
        {"p90", at(90)},
        {"p99", at(99)},
        {"p99.9", at(99.9)},
        {"max", microseconds(latency.max())},
    };

    // The figures, and beside them, where there is room, how the latencies are spread.
    constexpr std::size_t bands_at = 28;
    constexpr std::size_t around_bar = 14 + 2 + 1 + 8;  // band label, gaps, percentage
    const std::size_t bar_width =
        style.width > bands_at + around_bar + 10 ? std::min<std::size_t>(style.width - bands_at - around_bar, 40) : 0;
    const std::vector<Band> bands = bar_width == 0 ? std::vector<Band>() : bands_of(latency);
    std::uint64_t fullest = 1;
    for (const Band& band : bands) fullest = std::max(fullest, band.count);

    std::string text = "\n  Latency\n";
    for (std::size_t i = 0; i < std::max(std::size(figures), bands.size()); ++i) {
        std::string line;
        if (i < std::size(figures)) line = fmt::format("    {:<6}{:>10}", figures[i].first, figures[i].second);
        if (i < bands.size()) {
            line =
                fmt::format("{:<{}}{}  {} {:>8}", line, bands_at, band_label(bands[i]),
                            bar(static_cast<double>(bands[i].count) / static_cast<double>(fullest), bar_width, style),
                            percent(static_cast<double>(bands[i].count) / static_cast<double>(count)));
        }
        text += line + "\n";
    }
    if (const std::uint64_t above = latency.above_range()) {
        text += fmt::format("    {} took more than an hour and {} counted as one hour\n", plural(above, "response"),
                            above == 1 ? "is" : "are");
    }
    return text;
}

std::string results(const Summary& summary, std::size_t width) {
    std::string text = "\n";
    const auto all = static_cast<double>(summary.requests());
    std::size_t count_width = 1;
    for (const auto& [status, count] : summary.statuses) count_width = std::max(count_width, with_commas(count).size());
    for (const ErrorCount& error : summary.errors) count_width = std::max(count_width, with_commas(error.count).size());

    std::string_view label = "Status";
    for (const auto& [status, count] : summary.statuses) {
        text += row(label, fmt::format("{:<8}  {:>{}}  {:>8}", status, with_commas(count), count_width,
                                       percent(static_cast<double>(count) / all)));
        label = "";
    }
    label = "Errors";
    for (std::size_t kind = 0; kind < error_kinds; ++kind) {
        const ErrorCount& error = summary.errors[kind];
        if (error.count == 0) continue;
        text +=
            row(label, fmt::format("{:<8}  {:>{}}  {:>8}", name(static_cast<ErrorKind>(kind)), with_commas(error.count),
                                   count_width, percent(static_cast<double>(error.count) / all)));
        text += paragraph(printable(error.example), label_width + 4, width);
        label = "";
    }
    if (summary.error_total() == 0) text += row("Errors", "none");
    if (summary.resent > 0) {
        text += row("Sent again", with_commas(summary.resent));
        text += paragraph(
            "The server closed the connection instead of answering; if it had read the request by then, it "
            "got it twice.",
            label_width + 2, width);
    }
    if (summary.unfinished > 0) {
        text += row("Unfinished", clipped(fmt::format("{} under way when the run ended, not counted above",
                                                      with_commas(summary.unfinished)),
                                          width - label_width - 2));
    }
    return text;
}

std::string generator(const Summary& summary, std::size_t width) {
    std::string text =
        "\n" + row("Generator", fmt::format("{} busy, {}the bottleneck", percent(summary.generator_load()),
                                            summary.generator_was_bottleneck() ? "" : "not "));
    if (summary.generator_was_bottleneck()) {
        text += paragraph(
            "The server may be faster than these figures say. Give the generator more threads (-t) or more cores.",
            label_width + 2, width);
    }
    return text + "\n";
}

}  // namespace

std::string format_text(const Summary& summary, const LoadOptions& options, const TextStyle& style) {
    const std::size_t width = std::max<std::size_t>(style.width, narrowest);
    return as_style(heading(summary, options, width) + totals(summary) + latencies(summary, style) +
                        results(summary, width) + generator(summary, width),
                    style);
}

}  // namespace hocket::load
