#include "load/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "load/text_layout.hpp"
#include "summary_fixture.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr TextStyle unicode{.width = 80, .unicode = true};

TEST(Summary, AddsUp) {
    Summary summary = sample_summary();
    error_of(summary, ErrorKind::timeout).count = 5;
    error_of(summary, ErrorKind::protocol).count = 2;
    EXPECT_EQ(summary.responses(), 100'000u);
    EXPECT_EQ(summary.error_total(), 7u);
    EXPECT_EQ(summary.requests(), 100'007u);
    EXPECT_EQ(summary.requests_per_second(), 10'000);
    EXPECT_EQ(summary.bytes_per_second(), 1 << 20);
    EXPECT_EQ(summary.generator_load(), 0.625);
    EXPECT_FALSE(summary.generator_was_bottleneck());
}

TEST(Summary, OfNoTimeDividesNothingByZero) {
    const Summary summary;
    EXPECT_EQ(summary.requests_per_second(), 0);
    EXPECT_EQ(summary.bytes_per_second(), 0);
    EXPECT_EQ(summary.generator_load(), 0);
}

TEST(Summary, CallsTheGeneratorTheBottleneckFromNinetyPercentOn) {
    Summary summary = sample_summary();
    summary.cpu_seconds = 17.9;
    EXPECT_FALSE(summary.generator_was_bottleneck());
    summary.cpu_seconds = 18;
    EXPECT_TRUE(summary.generator_was_bottleneck());
    summary.cpu_seconds = 20.3;  // clocks differ a little
    EXPECT_EQ(summary.generator_load(), 1);
}

TEST(ErrorKind, HasNames) {
    EXPECT_EQ(name(ErrorKind::resolve), "resolve");
    EXPECT_EQ(name(ErrorKind::tls), "TLS");
    EXPECT_EQ(name(ErrorKind::protocol), "protocol");
    EXPECT_EQ(static_cast<std::size_t>(ErrorKind::protocol) + 1, error_kinds);
}

TEST(SummaryText, ShowsTheWholeRun) {
    EXPECT_EQ(format_text(sample_summary(), sample_options(), unicode), R"(
  http://127.0.0.1:8080/
  GET · 50 connections · 2 threads · 10.0 s

  Requests     100,000   10,000/s
  Received    10.0 MiB   1.00 MiB/s

  Latency
    min         1 µs           1 –   10 µs                               <0.01 %
    mean     50.0 ms          10 –  100 µs                                0.09 %
    p50      50.0 ms         100 – 1000 µs  ▎                             0.90 %
    p90      90.0 ms           1 –   10 ms  ██▊                            9.0 %
    p99      99.0 ms          10 –  100 ms  ███████████████████████████   90.0 %
    p99.9    99.9 ms
    max       100 ms

  Status      200       99,990   99.99 %
              503           10    0.01 %
  Errors      none

  Generator   62.5 % busy, not the bottleneck

)");
}

TEST(SummaryText, SpreadsNarrowLatenciesOverOneTwoFive) {
    Summary summary = sample_summary();
    summary.latency.reset();
    for (int i = 0; i < 90; ++i) summary.latency.record(300);
    for (int i = 0; i < 10; ++i) summary.latency.record(3000);
    const std::string text = format_text(summary, sample_options(), unicode);
    EXPECT_THAT(text, HasSubstr("  200 –  500 µs  ███████████████████████████   90.0 %\n"));
    EXPECT_THAT(text, HasSubstr("  500 – 1000 µs                                   0 %\n"));
    EXPECT_THAT(text, HasSubstr("    1 –    2 ms                                   0 %\n"));
    EXPECT_THAT(text, HasSubstr("    2 –    5 ms  ███                           10.0 %\n"));
    EXPECT_THAT(text, Not(HasSubstr("  100 –  200 µs")));
    EXPECT_THAT(text, Not(HasSubstr("5 –   10 ms")));
}

TEST(SummaryText, ListsErrorsWithAnExampleOfEachKind) {
    Summary summary = sample_summary();
    error_of(summary, ErrorKind::connect) = {900'000, "127.0.0.1:8080: Connection refused"};
    error_of(summary, ErrorKind::timeout) = {1, "no complete response within 30s"};
    EXPECT_THAT(format_text(summary, sample_options(), unicode), HasSubstr(R"(
  Status      200        99,990    10.0 %
              503            10   <0.01 %
  Errors      connect   900,000    90.0 %
                127.0.0.1:8080: Connection refused
              timeout         1   <0.01 %
                no complete response within 30s
)"));
}

TEST(SummaryText, WithoutAResponseSaysNothingAboutLatency) {
    Summary summary;
    summary.url = "http://localhost:1/";
    error_of(summary, ErrorKind::connect) = {50, "Connection refused"};
    const std::string text = format_text(summary, sample_options(), unicode);
    EXPECT_THAT(text, Not(HasSubstr("Latency")));
    EXPECT_THAT(text, Not(HasSubstr("Status")));
    EXPECT_THAT(text, HasSubstr("  Requests     50   0/s\n"));
    EXPECT_THAT(text, HasSubstr("  Errors      connect   50     100 %\n                Connection refused\n"));
}

TEST(SummaryText, TellsThatTheGeneratorWasTheBottleneck) {
    Summary summary = sample_summary();
    summary.cpu_seconds = 19.9;
    EXPECT_THAT(format_text(summary, sample_options(), unicode), HasSubstr(R"(
  Generator   99.5 % busy, the bottleneck
              The server may be faster than these figures say. Give the
              generator more threads (-t) or more cores.
)"));
}

TEST(SummaryText, TellsThatTheRunWasInterrupted) {
    Summary summary = sample_summary();
    summary.interrupted = true;
    LoadOptions options = sample_options();
    EXPECT_THAT(format_text(summary, options, unicode), HasSubstr("\n  Interrupted before the 10s were over\n"));
    options.requests = 1'000'000;
    EXPECT_THAT(format_text(summary, options, unicode),
                HasSubstr("\n  Interrupted after 100,000 of 1,000,000 requests\n"));
}

TEST(SummaryText, TellsHowManyRequestsTheEndOfTheRunCutOff) {
    Summary summary = sample_summary();
    EXPECT_THAT(format_text(summary, sample_options(), unicode), Not(HasSubstr("Unfinished")));
    summary.unfinished = 1234;
    EXPECT_THAT(
        format_text(summary, sample_options(), unicode),
        HasSubstr("\n  Errors      none\n  Unfinished  1,234 under way when the run ended, not counted above\n"));
}

TEST(SummaryText, CountsWhatTookTooLongToMeasure) {
    Summary summary = sample_summary();
    summary.latency.record(Histogram::highest + 1);
    EXPECT_THAT(format_text(summary, sample_options(), unicode),
                HasSubstr("\n    1 response took more than an hour and is counted as one hour\n"));
    summary.latency.record(Histogram::highest + 1);
    EXPECT_THAT(format_text(summary, sample_options(), unicode),
                HasSubstr("\n    2 responses took more than an hour and are counted as one hour\n"));
}

TEST(SummaryText, FitsEveryTerminalAndHasNoControlCharacters) {
    Summary summary = sample_summary();
    summary.url += std::string(300, 'x') + "\x1b[31m";
    summary.interrupted = true;
    summary.cpu_seconds = 20;
    summary.unfinished = 50;
    error_of(summary, ErrorKind::protocol) = {3, "evil \x1b[2J server said \r\n" + std::string(300, 'x')};
    for (const bool unicode_style : {true, false}) {
        for (unsigned width = 40; width <= 200; width += 7) {
            const std::string text = format_text(summary, sample_options(), {.width = width, .unicode = unicode_style});
            std::istringstream lines(text);
            for (std::string line; std::getline(lines, line);) {
                EXPECT_LE(columns(line), width) << line;
                for (const char c : line) {
                    const auto byte = static_cast<unsigned char>(c);
                    EXPECT_TRUE(byte >= 0x20 && byte != 0x7f && (unicode_style || byte < 0x80)) << line;
                }
            }
        }
    }
}

}  // namespace
}  // namespace hocket::load
