// ProcessPool::map().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <numeric>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/process/process_pool.hpp"
#include "hocket/process/shared_event.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

long twice(long n) { return 2 * n; }

TEST(ProcessPoolMap, KeepsTheOrderInChunks) {
    ProcessPool pool({.max_workers = 2});
    std::vector<int> inputs(10'000);
    std::iota(inputs.begin(), inputs.end(), 0);
    for (const std::size_t chunk : {0u, 1u, 7u, 500u, 20'000u}) {
        int next = 0;
        std::span<const int> some(inputs.data(), chunk > 1 ? inputs.size() : 300);
        for (const int x : pool.map([](int x) { return 2 * x; }, some, {.chunk_size = chunk})) {
            EXPECT_EQ(x, 2 * next++);
        }
        EXPECT_EQ(next, static_cast<int>(some.size()));
    }
    EXPECT_EQ(std::ranges::distance(pool.map(twice, std::vector<long>{})), 0);
    std::vector<std::string> texts;
    for (auto& text : pool.map([](int n, const std::string&s) { return s + std::to_string(n); }, std::views::iota(1),
                               std::vector<std::string>{"a", "b", "c"}, {.chunk_size = 2})) {
        texts.push_back(std::move(text));
    }
    EXPECT_THAT(texts, ::testing::ElementsAre("a1", "b2", "c3"));
    int odd = 0;
    for (const bool each : pool.map([](int x) { return x % 2 == 1; }, inputs, {.chunk_size = 1000})) odd += each;
    EXPECT_EQ(odd, 5000);
    EXPECT_EQ(std::ranges::distance(pool.map([](int) {}, inputs, {.chunk_size = 1000})), 10'000);
}

TEST(ProcessPoolMap, AFailedElementIsThatElementOnly) {
    ProcessPool pool({.max_workers = 2});
    auto results = pool.map(
        [](int x) {
            if (x % 3 == 0) throw std::invalid_argument(std::to_string(x));
            if (x == 7) std::_Exit(1);
            return x;
        },
        std::views::iota(0, 10), {.chunk_size = 5});
    std::string story;
    for (auto each = results.begin(); each != results.end(); ++each) {
        try {
            story += std::to_string(*each);
        } catch (const RemoteError& error) {
            story += "(" + error.message() + ")";
        } catch (const BrokenProcessPool&) {
            story += "!";
        }
        story += " ";
    }
    EXPECT_EQ(story, "(0) 1 2 (3) 4 ! ! ! ! ! ");
}

TEST(ProcessPoolMap, ReportsExceptionsThatNobodyHasSeen) {
    const test::ReportCapture reports;
    ProcessPool pool({.max_workers = 1});
    {
        auto results =
            pool.map([](int x) { return x == 0 ? x : throw std::invalid_argument("number " + std::to_string(x)); },
                     std::views::iota(0, 4), {.chunk_size = 4});
        auto each = results.begin();
        EXPECT_EQ(*each, 0);
        ++each;
        EXPECT_THROW(*each, RemoteError);
        ++each;
        ++each;
    }
    ASSERT_EQ(reports.count(), 1u) << reports.text();
    EXPECT_THAT(reports.text(), ::testing::HasSubstr("a call by map(), and 1 other, "));
    EXPECT_THAT(reports.text(), ::testing::HasSubstr("number 2"));
}

TEST(ProcessPoolMap, GivesUpAfterItsTimeAndMayBeAskedAgain) {
    ProcessPool pool({.max_workers = 1});
    const std::vector<SharedEvent> events(1);
    auto results = pool.map(
        [](const SharedEvent& event) {
            event.wait();
            return 7;
        },
        events, {.buffer_size = 1, .timeout = std::chrono::milliseconds(2)});
    auto each = results.begin();
    EXPECT_THROW(*each, TimeoutError);
    EXPECT_THROW(++each, TimeoutError);
    events.front().set();
    for (int result = 0; result == 0;) {
        try {
            result = *each;
            EXPECT_EQ(result, 7);
        } catch (const TimeoutError&) {  // is not there yet
        }
    }
}

TEST(ProcessPoolMap, MayBeAbandoned) {
    ProcessPool pool({.max_workers = 2});
    auto results = pool.map(twice, std::views::iota(0L, 1'000'000L));
    auto first = results.begin();
    EXPECT_EQ(*first, 0);
}

}  // namespace
}  // namespace hocket
