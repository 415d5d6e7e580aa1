#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

void press_ctrl_c() { ::kill(::getpid(), SIGINT); }

Task<void> is_interrupted() {
    press_ctrl_c();
    co_await sleep(1h);
}

TEST(Interrupt, CancelsTheTaskWhichMayCleanUp) {
    bool cleaned = false;
    const auto body = [&]() -> Task<void> {
        const auto clean_up = [&]() -> Task<void> {
            co_await sleep(1ms);
            cleaned = true;
        };
        co_await finally(is_interrupted(), clean_up);
    };
    EXPECT_THROW(run(body()), KeyboardInterrupt);
    EXPECT_TRUE(cleaned);
}

TEST(Interrupt, WakesALoopThatSleeps) {
#ifdef __SANITIZE_THREAD__
    // ThreadSanitizer keeps a signal until the next call that it intercepts, which a thread that sleeps does not make.
    constexpr auto kPress = [] { ::raise(SIGINT); };
#else
    constexpr auto kPress = press_ctrl_c;
#endif
    Thread presses;
    const auto body = [&]() -> Task<void> {
        presses = Thread(kPress);
        co_await sleep(1h);
    };
    EXPECT_THROW(run(body()), KeyboardInterrupt);
}

TEST(Interrupt, IsACancellationWithItsReason) {
    try {
        run(is_interrupted());
        FAIL();
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "interrupted by Ctrl-C");
    }
}

TEST(Interrupt, OfATaskThatEndsWellGivesItsResult) {
    const auto body = []() -> Task<int> {
        try {
            co_await is_interrupted();
        } catch (const CancelledError&) {
        }
        co_return 4;
    };
    EXPECT_EQ(run(body()), 4);
}

TEST(Interrupt, ComesBackInTheNextRun) {
    EventLoop loop;
    for (int i = 0; i < 3; ++i) EXPECT_THROW(loop.run_until_complete(is_interrupted()), KeyboardInterrupt);
}

TEST(Interrupt, LeavesTheSignalAsItWas) {
    EXPECT_THROW(run(is_interrupted()), KeyboardInterrupt);
    struct sigaction now {};
    ::sigaction(SIGINT, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
}

int handled = 0;

TEST(Interrupt, IsLeftToAProgramThatHandlesTheSignalItself) {
    struct sigaction own {
    }, before{};
    own.sa_handler = [](int) { ++handled; };
    ::sigaction(SIGINT, &own, &before);
    const auto body = []() -> Task<int> {
        press_ctrl_c();
        co_await sleep(1ms);
        co_return 1;
    };
    EXPECT_EQ(run(body()), 1);
    EXPECT_EQ(handled, 1);
    ::sigaction(SIGINT, &before, nullptr);
}

TEST(InterruptDeathTest, ThatIsNotCaughtEndsTheProgramAsTheSignalWould) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(([]() noexcept { run(is_interrupted()); })(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptDeathTest, ASecondOneEndsTheProgramAtOnce) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto stubborn = []() -> Task<void> {
        const auto clean_up = []() -> Task<void> {
            press_ctrl_c();
            co_await sleep(1h);
        };
        co_await finally(is_interrupted(), clean_up);
    };
    EXPECT_EXIT(run(stubborn()), ::testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptDeathTest, CanBeLeftToTheSystem) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    LoopOptions options;
    options.interrupts = Interrupts::end_program;
    EXPECT_EXIT(run(is_interrupted(), options), ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace hocket
