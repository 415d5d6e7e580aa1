#include "load/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "load/text_layout.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr TextStyle wide{.width = 80, .unicode = true};

Progress timed() {
    return {.done = 412'345,
            .requests = {},
            .elapsed = 4230ms,
            .duration = 10s,
            .requests_per_second = 153'320,
            .p50_us = 310,
            .p99_us = 1230,
            .errors = 0};
}

Progress counted() {
    Progress progress = timed();
    progress.requests = 1'000'000;
    progress.duration.reset();
    progress.errors = 1;
    return progress;
}

TEST(ProgressLine, ShowsElapsedTimeOfTheTotal) {
    EXPECT_EQ(progress_line(timed(), wide),
              " 42% ━━━━━───────   4.2s/10s  153,320 req/s  p50  310 µs  p99 1.23 ms  0 errors");
}

TEST(ProgressLine, ShowsRequestsOfTheTotal) {
    EXPECT_EQ(progress_line(counted(), wide),
              " 41% ━━━━━╸────────   412k/1M  153,320 req/s  p50  310 µs  p99 1.23 ms  1 error");
}

TEST(ProgressLine, ShowsWhicheverWillEndTheRunFirst) {
    Progress both = timed();
    both.requests = 500'000;
    EXPECT_THAT(progress_line(both, wide), HasSubstr(" 82% "));
    EXPECT_THAT(progress_line(both, wide), HasSubstr("412k/500k"));
    both.elapsed = 9s;
    EXPECT_THAT(progress_line(both, wide), HasSubstr(" 90% "));
    EXPECT_THAT(progress_line(both, wide), HasSubstr("9.0s/10s"));
}

TEST(PercentDone, IsReachedWhenItIsDoneAndNotBefore) {
    Progress progress;
    for (const std::uint64_t requests : {1u, 99u, 100u, 101u, 199u, 12'345u}) {
        progress.requests = requests;
        for (progress.done = 0; progress.done <= requests; ++progress.done) {
            const auto percent = static_cast<std::uint64_t>(percent_done(progress));
            EXPECT_LE(percent * requests, 100 * progress.done);
            EXPECT_GT((percent + 1) * requests, 100 * progress.done);
        }
    }
    progress.requests = 100;
    for (const int percent : {29, 57, 58}) {  // 29 / 100.0 * 100 is less than 29
        progress.done = static_cast<std::uint64_t>(percent);
        EXPECT_EQ(percent_done(progress), percent);
        EXPECT_THAT(progress_line(progress, wide), HasSubstr(std::to_string(percent) + "%"));
    }
}

TEST(ProgressLine, GoesFromNothingToAll) {
    const std::string start = progress_line({.requests = 100, .elapsed = 0ms, .duration = {}}, wide);
    EXPECT_THAT(start, HasSubstr("  0% ──"));
    EXPECT_THAT(start, Not(HasSubstr("━")));
    EXPECT_THAT(start, HasSubstr("p50       -  p99       -"));
    Progress end = counted();
    end.done = 1'000'000;
    EXPECT_THAT(progress_line(end, wide), HasSubstr("100% ━━"));
    EXPECT_THAT(progress_line(end, wide), Not(HasSubstr("─")));
    end.done = 999'999;  // not yet
    EXPECT_THAT(progress_line(end, wide), HasSubstr(" 99% "));
    end.done = 2'000'000;
    EXPECT_THAT(progress_line(end, wide), HasSubstr("100% "));
}

TEST(ProgressLine, StandsStillWhileItsNumbersGrow) {
    Progress progress = counted();
    const auto place_of_rate = [&] { return progress_line(progress, wide).find(" req/s"); };
    progress.done = 0;
    progress.requests_per_second = 0;
    progress.p50_us = 0;
    const std::size_t place = columns(progress_line(progress, wide).substr(0, place_of_rate()));
    for (const std::uint64_t done : {9ull, 999ull, 9999ull, 12'345ull, 123'456ull, 999'999ull}) {
        progress.done = done;
        progress.requests_per_second = static_cast<double>(done);
        progress.p50_us = done;
        EXPECT_EQ(columns(progress_line(progress, wide).substr(0, place_of_rate())), place) << done;
    }
}

TEST(ProgressLine, FitsEveryTerminalExactly) {
    for (const bool unicode : {true, false}) {
        for (Progress progress : {timed(), counted(), Progress()}) {
            for (const std::uint64_t big : {0ull, 123'456'789ull, 99'999'999'999ull}) {
                progress.errors = big;
                progress.p99_us = big;
                progress.elapsed = std::chrono::microseconds(big);
                for (unsigned width = 1; width <= 200; ++width) {
                    const std::string line = progress_line(progress, {.width = width, .unicode = unicode});
                    ASSERT_EQ(columns(line), std::max(width, 2u) - 1) << line;
                    for (const char c : line) {
                        const auto byte = static_cast<unsigned char>(c);
                        ASSERT_TRUE(byte >= 0x20 && byte != 0x7f && (unicode || byte < 0x80));
                    }
                }
            }
        }
    }
}

TEST(ProgressLine, KeepsTheMostImportantInANarrowTerminal) {
    EXPECT_THAT(progress_line(counted(), {.width = 40, .unicode = true}), HasSubstr("153,320 req/s  1 error"));
    EXPECT_THAT(progress_line(counted(), {.width = 20, .unicode = true}), HasSubstr("153,320 req/s"));
    EXPECT_THAT(progress_line(counted(), {.width = 60, .unicode = true}), Not(HasSubstr("p50")));
    EXPECT_THAT(progress_line(counted(), {.width = 60, .unicode = true}), HasSubstr("p99 1.23 ms"));
}

}  // namespace
}  // namespace hocket::load
