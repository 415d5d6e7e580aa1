#pragma once

#include <cmath>
#include <random>

#include "load/summary.hpp"

namespace hocket::load {

// The options and the summary of a run that is easy to recognize in a text.
inline LoadOptions sample_options() {
    LoadOptions options;
    options.url = parse_url("http://127.0.0.1:8080/");
    options.duration = std::chrono::seconds(10);
    options.threads = 2;
    return options;
}

inline Summary sample_summary() {
    Summary summary;
    summary.url = "http://127.0.0.1:8080/";
    summary.started_at = std::chrono::system_clock::from_time_t(1795195620);  // 2026-11-20 17:27:00 UTC
    summary.elapsed = std::chrono::seconds(10);
    summary.statuses = {{200, 99'990}, {503, 10}};
    for (int us = 1; us <= 100'000; ++us) summary.latency.record(us);
    summary.bytes_received = 10 << 20;
    summary.bytes_sent = 5 << 20;
    summary.threads = 2;
    summary.cpu_seconds = 12.5;
    return summary;
}

inline ErrorCount& error_of(Summary& summary, ErrorKind kind) { return summary.errors[static_cast<std::size_t>(kind)]; }

}  // namespace hocket::load
