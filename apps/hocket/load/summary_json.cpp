#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "command_text.hpp"
#include "summary.hpp"
#include "version.hpp"

namespace hocket::load {
namespace {

using Json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

// To a thousandth: more would only be noise in the file.
double rounded(double value) { return std::round(value * 1000) / 1000; }

Json options_json(const Summary& summary, const LoadOptions& options) {
    Json headers = Json::array();
    for (const std::string& header : options.request.headers) headers.push_back(without_secret(header));
    Json json = {{"method", options.request.method}, {"headers", headers}};
    json["body_bytes"] = options.request.body ? Json(options.request.body->size()) : Json();
    json["connections"] = options.connections;
    json["threads"] = summary.threads;
    json["requests"] = options.requests ? Json(*options.requests) : Json();
    json["duration_s"] = options.duration ? Json(seconds(*options.duration)) : Json();
    json["timeout_s"] = seconds(options.timeout);
    json["insecure"] = options.insecure;
    return json;
}

Json latency_json(const Histogram& latency) {
    Json json = {{"count", latency.count()}};
    const bool any = latency.count() > 0;
    json["min"] = any ? Json(latency.min()) : Json();
    json["mean"] = any ? Json(rounded(latency.mean())) : Json();
    const std::pair<const char*, double> percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99_9", 99.9}};
    for (const auto& [key, p] : percentiles) json[key] = any ? Json(latency.value_at_percentile(p)) : Json();
    json["max"] = any ? Json(latency.max()) : Json();
    json["above_range"] = latency.above_range();
    return json;
}

}  // namespace

std::string to_json(const Summary& summary, const LoadOptions& options) {
    Json json;
    json["schema"] = "hocket-load-1";
    json["version"] = version();
    json["command"] = to_command(options);
    json["url"] = summary.url;
    json["options"] = options_json(summary, options);
    json["started_at"] =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(summary.started_at)));
    json["interrupted"] = summary.interrupted;
    json["failure"] = summary.failure
                          ? Json{{"kind", lower_case(summary.failure->kind)}, {"message", summary.failure->message}}
                          : Json();
    json["elapsed_s"] = seconds(summary.elapsed);
    json["requests"] = summary.requests();
    json["responses"] = summary.responses();
    json["resent"] = summary.resent;
    json["unfinished"] = summary.unfinished;
    json["responses_per_s"] = rounded(summary.requests_per_second());
    json["bytes_received"] = summary.bytes_received;
    json["bytes_received_per_s"] = rounded(summary.bytes_per_second());
    json["bytes_sent"] = summary.bytes_sent;
    json["latency_us"] = latency_json(summary.latency);

    json["status"] = Json::object();
    for (const auto& [status, count] : summary.statuses) json["status"][std::to_string(status)] = count;

    json["errors"] = {{"total", summary.error_total()}};
    json["error_examples"] = Json::object();
    for (std::size_t i = 0; i < error_kinds; ++i) {
        const std::string kind = lower_case(name(static_cast<ErrorKind>(i)));
        json["errors"][kind] = summary.errors[i].count;
        if (summary.errors[i].count > 0) json["error_examples"][kind] = summary.errors[i].example;
    }

    json["generator"] = {{"cpu_s", rounded(summary.cpu_seconds)},
                         {"threads", summary.threads},
                         {"load", rounded(summary.generator_load())},
                         {"was_bottleneck", summary.generator_was_bottleneck()}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hocket::load
