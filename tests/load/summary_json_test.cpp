#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "load/summary.hpp"
#include "load/version.hpp"
#include "summary_fixture.hpp"

namespace hocket::load {
namespace {

using Json = nlohmann::json;

// Everything that docs/load-json.md promises, to the letter: whoever changes this changes the schema.
TEST(SummaryJson, HasTheDocumentedFields) {
    Summary summary = sample_summary();
    error_of(summary, ErrorKind::tls) = {4, "certificate has expired"};
    summary.unfinished = 3;
    summary.resent = 4;
    const Json expected = {
        {"schema", "hocket-load-1"},
        {"version", version()},
        {"command", "hocket load -z 10s -c 50 -t 2 --timeout 30s http://127.0.0.1:8080/"},
        {"url", "http://127.0.0.1:8080/"},
        {"options",
         {{"method", "GET"},
          {"headers", Json::array()},
          {"body_bytes", nullptr},
          {"connections", 50},
          {"threads", 2},
          {"requests", nullptr},
          {"duration_s", 10.0},
          {"timeout_s", 30.0},
          {"insecure", false}}},
        {"started_at", "2026-11-20T17:27:00Z"},
        {"interrupted", false},
        {"failure", nullptr},
        {"elapsed_s", 10.0},
        {"requests", 100'004},
        {"responses", 100'000},
        {"resent", 4},
        {"unfinished", 3},
        {"responses_per_s", 10'000.0},
        {"bytes_received", 10 << 20},
        {"bytes_received_per_s", 1048576.0},
        {"bytes_sent", 5 << 20},
        {"latency_us",
         {{"count", 100'000},
          {"min", 1},
          {"mean", 50'000.5},
          {"p50", 50'015},
          {"p90", 90'047},
          {"p99", 99'007},
          {"p99_9", 99'903},
          {"max", 100'000},
          {"above_range", 0}}},
        {"status", {{"200", 99'990}, {"503", 10}}},
        {"errors",
         {{"total", 4},
          {"resolve", 0},
          {"connect", 0},
          {"tls", 4},
          {"send", 0},
          {"receive", 0},
          {"timeout", 0},
          {"protocol", 0}}},
        {"error_examples", {{"tls", "certificate has expired"}}},
        {"generator", {{"cpu_s", 12.5}, {"threads", 2}, {"load", 0.625}, {"was_bottleneck", false}}},
    };
    const std::string text = to_json(summary, sample_options());
    EXPECT_EQ(Json::parse(text), expected) << Json::diff(expected, Json::parse(text)).dump(2);
    EXPECT_EQ(text.back(), '\n');
}

TEST(SummaryJson, OfNothingIsValidToo) {
    const Json json = Json::parse(to_json(Summary(), LoadOptions()));
    EXPECT_EQ(json["requests"], 0);
    EXPECT_EQ(json["responses_per_s"], 0);
    for (const char* figure : {"min", "mean", "p50", "p90", "p99", "p99_9", "max"})
        EXPECT_TRUE(json["latency_us"][figure].is_null());
    EXPECT_EQ(json["status"], Json::object());
    EXPECT_EQ(json["error_examples"], Json::object());
}

TEST(SummaryJson, GivesOptionsWithoutSecrets) {
    LoadOptions options = sample_options();
    options.request = {.method = "POST", .headers = {"Authorization: Bearer 12345", "Accept: a"}, .body = "hello"};
    options.requests = 7;
    options.duration.reset();
    const std::string text = to_json(sample_summary(), options);
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("12345")));
    const Json json = Json::parse(text)["options"];
    EXPECT_EQ(json["headers"], Json({"Authorization: ***", "Accept: a"}));
    EXPECT_EQ(json["body_bytes"], 5);
    EXPECT_EQ(json["requests"], 7);
    EXPECT_TRUE(json["duration_s"].is_null());
}

TEST(SummaryJson, SurvivesMessagesThatAreNotUtf8) {
    Summary summary = sample_summary();
    error_of(summary, ErrorKind::protocol) = {1, "bad \xff byte and \"quotes\" and \x01"};
    const Json json = Json::parse(to_json(summary, sample_options()));
    EXPECT_EQ(json["error_examples"]["protocol"], "bad \xef\xbf\xbd byte and \"quotes\" and \x01");
}

}  // namespace
}  // namespace hocket::load
