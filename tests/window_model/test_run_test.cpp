// What a window knows of a test: rows D11 and D12 without a window.
#include "model/test_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/thinned.hpp"

namespace hocket::window {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

load::LoadOptions options_for(std::uint64_t requests) {
    load::LoadOptions options;
    options.url = load::parse_url("http://127.0.0.1:8080/");
    options.requests = requests;
    return options;
}

Update at(std::uint64_t done, std::uint64_t requests, std::uint64_t errors = 0, std::chrono::nanoseconds elapsed = 1s) {
    Update update;
    update.progress.done = done;
    update.progress.errors = errors;
    update.progress.requests = requests;
    update.progress.elapsed = elapsed;
    return update;
}

Update end_at(std::uint64_t done, std::uint64_t requests) {
    Update update = at(done, requests);
    update.end.emplace();
    update.end->statuses[200] = done;
    update.end->elapsed = 1s;
    return update;
}

TEST(Run, shows_each_percent_when_it_is_reached_and_not_before) {
    for (const std::uint64_t requests : {1u, 2u, 7u, 99u, 100u, 101u, 199u, 1000u, 12'345u}) {
        TestRun run(1, options_for(requests));
        EXPECT_EQ(run.percent(), 0);
        for (std::uint64_t done = 0; done < requests; ++done) {
            run.take(at(done, requests));
            EXPECT_LE(static_cast<std::uint64_t>(run.percent()) * requests, done * 100) << done << " of " << requests;
            EXPECT_GT(static_cast<std::uint64_t>(run.percent() + 1) * requests, done * 100)
                << done << " of " << requests;
        }
        run.take(at(requests, requests));
        EXPECT_EQ(run.percent(), 99) << "its end has not been told yet";
        run.take(end_at(requests, requests));
        EXPECT_EQ(run.percent(), 100);
    }
}

TEST(Run, is_exact_where_floating_point_is_not) {
    TestRun run(1, options_for(100));
    for (const int percent : {29, 57, 58}) {  // 29 / 100.0 * 100 is 28.999...
        run.take(at(static_cast<std::uint64_t>(percent), 100));
        EXPECT_EQ(run.percent(), percent);
    }
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    TestRun longest(1, options_for(most));
    longest.take(at(most - 1, most));
    EXPECT_EQ(longest.percent(), 99);
    longest.take(at(most / 2, most));
    EXPECT_EQ(longest.percent(), 49);
}

TEST(Run, goes_by_the_time_where_that_ends_it) {
    load::LoadOptions options = options_for(1);
    options.requests.reset();
    options.duration = 10s;
    TestRun run(1, options);
    Update update = at(5, 0, 0, 2900ms);
    update.progress.requests.reset();
    update.progress.duration = 10s;
    run.take(std::move(update));
    EXPECT_EQ(run.percent(), 29);
    EXPECT_EQ(run.remaining(), 7100ms);
}

TEST(Run, whose_cancellation_was_asked_for_has_no_bar_and_no_percent_of_what_still_comes) {
    TestRun run(1, options_for(1000));
    run.take(at(320, 1000));
    EXPECT_EQ(run.percent(), 32);
    run.stop_requested();
    EXPECT_EQ(run.percent(), 0);
    run.take(at(400, 1000));
    EXPECT_EQ(run.percent(), 0);
    EXPECT_FALSE(run.active());
    Update end = end_at(410, 1000);
    end.end->interrupted = true;
    run.take(std::move(end));
    EXPECT_EQ(run.state(), TestRun::State::cancelled);
    EXPECT_EQ(run.percent(), 0);
    EXPECT_EQ(run.responses(), 410u);
    EXPECT_THAT(outcome(run), HasSubstr("cancelled"));
}

TEST(Run, whose_last_request_came_before_the_cancellation_has_come_to_its_end) {
    TestRun run(1, options_for(10));
    run.stop_requested();
    run.take(end_at(10, 10));
    EXPECT_EQ(run.state(), TestRun::State::finished);
    EXPECT_EQ(run.percent(), 100);
}

TEST(Run, counts_a_failed_request_as_an_error_and_not_as_done) {
    TestRun run(1, options_for(100));
    run.take(at(60, 100, 45));
    EXPECT_EQ(run.responses(), 15u);
    EXPECT_EQ(run.percent(), 60) << "40 are still to be made";
}

TEST(Run, that_reached_nobody_says_so) {
    TestRun run(1, options_for(100));
    Update end;
    end.end.emplace();
    end.end->failure = load::Failure{"connect", "connection refused"};
    run.take(std::move(end));
    EXPECT_EQ(run.state(), TestRun::State::failed);
    EXPECT_EQ(run.percent(), 0);
    EXPECT_EQ(outcome(run), "connection refused");
}

TEST(Run, estimates_what_is_left) {
    TestRun run(1, options_for(1000));
    EXPECT_EQ(run.remaining(), std::nullopt);
    run.take(at(250, 1000, 0, 1s));
    EXPECT_EQ(run.remaining(), 3s);
}

Sample sample(double from, double to, double rate, std::uint64_t p50, std::uint64_t p99) {
    Sample sample;
    sample.from_s = from;
    sample.to_s = to;
    sample.requests_per_second = rate;
    sample.p50_us = p50;
    sample.p99_us = p99;
    return sample;
}

TEST(Thinned, leaves_few_samples_as_they_are) {
    EXPECT_TRUE(thinned({}, 3).empty());
    EXPECT_EQ(thinned({sample(0, 1, 5, 1, 2)}, 3).size(), 1u);
}

TEST(Thinned, puts_neighbours_together) {
    const std::vector<Sample> pieces = thinned(
        {sample(0, 1, 100, 10, 20), sample(1, 3, 400, 30, 90), sample(3, 4, 100, 20, 40), sample(4, 5, 7, 1, 2)}, 2);
    ASSERT_EQ(pieces.size(), 2u);
    EXPECT_DOUBLE_EQ(pieces[0].from_s, 0);
    EXPECT_DOUBLE_EQ(pieces[0].to_s, 3);
    EXPECT_DOUBLE_EQ(pieces[0].requests_per_second, 300);
    EXPECT_EQ(pieces[0].p50_us, 30u);
    EXPECT_EQ(pieces[0].p99_us, 90u);
    EXPECT_DOUBLE_EQ(pieces[1].to_s, 5);
    EXPECT_EQ(pieces[1].p99_us, 40u);
}

}  // namespace
}  // namespace hocket::window
