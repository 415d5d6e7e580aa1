#include "hocket/aio/race.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

Task<int> number_after(Duration time, int n) {
    co_await sleep(time);
    co_return n;
}
Task<std::string> text_after(Duration time, std::string text) {
    co_await sleep(time);
    co_return text;
}
Task<int> fails_after(Duration time) {
    co_await sleep(time);
    throw std::runtime_error("failed");
}
// Takes a second to clean up.
Task<int> cleans_up(bool& cleaned) {
    const auto clean_up = [&cleaned]() -> Task<void> {
        co_await sleep(1s);
        cleaned = true;
    };
    co_await finally(sleep(1h), clean_up);
    co_return 0;
}

template <class T>
T run_virtually(Task<T> task) {
    VirtualClock clock;
    return run(std::move(task), {.clock = &clock});
}

TEST(Race, GivesTheResultOfTheFirst) {
    const auto body = []() -> Task<void> {
        auto won = co_await race(number_after(3s, 3), text_after(1s, "first"), sleep(2s));
        EXPECT_EQ(won.index(), 1u);
        EXPECT_EQ(std::get<1>(won), "first");
    };
    run_virtually(body());
}

TEST(Race, TakesTheFirstOfMany) {
    const auto body = []() -> Task<int> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(number_after(std::chrono::seconds(1 + (i + 37) % 100), i));
        co_return co_await race(std::move(tasks));
    };
    EXPECT_EQ(run_virtually(body()), 63);
}

TEST(Race, AwaitsTheCleanUpOfTheLosers) {
    bool cleaned = false;
    const auto body = [&]() -> Task<void> {
        auto won = co_await race(cleans_up(cleaned), number_after(1s, 1));
        EXPECT_EQ(won.index(), 1u);
        EXPECT_TRUE(cleaned);
    };
    run_virtually(body());
}

TEST(Race, ThrowsTheExceptionOfTheFirst) {
    const auto body = []() -> Task<void> { co_await race(number_after(2s, 1), fails_after(1s)); };
    EXPECT_THROW(run_virtually(body()), std::runtime_error);
}

TEST(Race, ReportsAnExceptionOfALoser) {
    test::ReportCapture reports;
    const auto fails_when_cancelled = []() -> Task<int> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
        }
        throw std::runtime_error("clean-up failed");
    };
    const auto body = [&]() -> Task<void> {
        auto won = co_await race(number_after(1s, 1), fails_when_cancelled());
        EXPECT_EQ(std::get<0>(won), 1);
    };
    run_virtually(body());
    ASSERT_EQ(reports.count(), 1u);
    EXPECT_NE(reports.text().find("clean-up failed"), std::string::npos);
}

TEST(Race, CancelsAllWhenItIsCancelled) {
    bool cleaned = false;
    const auto body = [&]() -> Task<void> { co_await timeout(5s, race(cleans_up(cleaned), number_after(1h, 1))); };
    EXPECT_THROW(run_virtually(body()), TimeoutError);
    EXPECT_TRUE(cleaned);
}

TEST(Race, CountsARunnerThatWasCancelledOnItsOwn) {
    const auto body = []() -> Task<void> {
        Future<int> cancelled = create_task(number_after(1h, 1));
        cancelled.cancel("on its own");
        co_await race(cancelled, number_after(1h, 2));
    };
    EXPECT_THROW(run_virtually(body()), CancelledError);
}

TEST(Race, OfNobodyIsRefused) {
    const auto body = []() -> Task<void> { co_await race(std::vector<Task<int>>()); };
    EXPECT_THROW(run_virtually(body()), std::invalid_argument);
}

TEST(Race, OfTasksWithoutResult) {
    const auto nap = [](Duration time) -> Task<void> { co_await sleep(time); };
    const auto body = [&]() -> Task<void> {
        std::vector<Task<void>> tasks;
        tasks.push_back(nap(2s));
        tasks.push_back(nap(1s));
        co_await race(std::move(tasks));
        EXPECT_EQ(EventLoop::current().all_tasks().size(), 1u);
    };
    run_virtually(body());
}

}  // namespace
}  // namespace hocket
