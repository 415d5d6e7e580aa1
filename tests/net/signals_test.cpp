#include "hocket/net/signals.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "net/stream_fixture.hpp"

namespace hocket::test {
namespace {

class SignalsTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(SignalsTest);

void (*disposition(int signal))(int) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler;
}

TEST_P(SignalsTest, ComeOutOfNext) {
    run([]() -> Task<void> {
        Signals caught = signals({SIGUSR1, SIGUSR2});
        Future<int> waiting = create_task(caught.next());
        co_await settle();
        EXPECT_FALSE(waiting.done());
        ::kill(::getpid(), SIGUSR2);
        const int first = co_await waiting;
        EXPECT_EQ(first, SIGUSR2);
        ::raise(SIGUSR1);
        ::raise(SIGUSR2);
        ::raise(SIGUSR1);  // counts once
        const int second = co_await caught.next();
        EXPECT_EQ(second, SIGUSR1);
        const int third = co_await caught.next();
        EXPECT_EQ(third, SIGUSR2);
        (void)co_await thrown_by<TimeoutError>(timeout(1ms, caught.next()));
    });
}

TEST_P(SignalsTest, AreCaughtInEveryThread) {
    run([]() -> Task<void> {
        Signals caught({SIGUSR1});
        for (int i = 0; i < 10; ++i) {
            std::thread([] { ::pthread_kill(::pthread_self(), SIGUSR1); }).join();
            const int signal = co_await caught.next();
            EXPECT_EQ(signal, SIGUSR1);
        }
    });
}

TEST_P(SignalsTest, EachCatcherGetsThem) {
    run([]() -> Task<void> {
        Signals one({SIGUSR1});
        Signals other({SIGUSR1, SIGUSR2});
        ::raise(SIGUSR1);
        const int first = co_await one.next();
        EXPECT_EQ(first, SIGUSR1);
        const int second = co_await other.next();
        EXPECT_EQ(second, SIGUSR1);
    });
}

TEST_P(SignalsTest, HaveTheirEffectAgainAtTheEnd) {
    run([]() -> Task<void> {
        ::signal(SIGUSR2, SIG_IGN);
        {
            Signals one({SIGUSR1, SIGUSR2});
            {
                Signals other({SIGUSR1});
                other = Signals({SIGUSR2});
            }
            EXPECT_NE(disposition(SIGUSR1), SIG_DFL);
            ::raise(SIGUSR1);
            const int signal = co_await one.next();
            EXPECT_EQ(signal, SIGUSR1);
        }
        EXPECT_EQ(disposition(SIGUSR1), SIG_DFL);
        EXPECT_EQ(disposition(SIGUSR2), SIG_IGN);
        ::signal(SIGUSR2, SIG_DFL);
    });
}

TEST_P(SignalsTest, ACancelledWaitLosesNone) {
    run([]() -> Task<void> {
        Signals caught({SIGUSR1});
        Future<int> waiting = create_task(caught.next());
        co_await settle();
        waiting.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(waiting));
        ::raise(SIGUSR1);
        const int signal = co_await caught.next();
        EXPECT_EQ(signal, SIGUSR1);
    });
}

TEST_P(SignalsTest, TheEndEndsAWait) {
    run([]() -> Task<void> {
        auto caught = std::make_unique<Signals>(std::vector<int>{SIGUSR1});
        Future<std::error_code> waiting = create_task(error_of(caught->next()));
        co_await settle();
        caught.reset();
        EXPECT_EQ(disposition(SIGUSR1), SIG_DFL);
        const std::error_code error = co_await waiting;
        EXPECT_EQ(error, std::errc::operation_canceled);
    });
}

// The end comes in the turn of the loop in which the wait is over, whoever of the two is first.
TEST_P(SignalsTest, TheEndAtTheMomentOfASignal) {
    int turns = 0;
    const auto end_after_turns = [&]() -> Task<void> {
        auto caught = std::make_unique<Signals>(std::vector<int>{SIGUSR1});
        Future<int> waiting = create_task(caught->next());
        co_await settle();
        ::raise(SIGUSR1);
        for (int i = 0; i < turns; ++i) co_await yield_now();
        caught.reset();
        try {
            const int signal = co_await waiting;
            EXPECT_EQ(signal, SIGUSR1);
        } catch (const std::system_error& ended) {
            EXPECT_EQ(ended.code(), std::errc::operation_canceled);
        }
    };
    for (; turns < 200; ++turns) run(end_after_turns);
}

TEST(Signals, MoreCatchersThanThereIsRoomForAreRefused) {
    std::vector<Signals> caught;
    const auto fill = [&] {
        for (int i = 0; i < 1000; ++i) caught.emplace_back(std::vector<int>{SIGUSR1});
    };
    EXPECT_THROW(fill(), std::runtime_error);
    EXPECT_THROW(signals({SIGUSR2}), std::runtime_error);
    EXPECT_EQ(disposition(SIGUSR2), SIG_DFL);
    while (caught.size() > 1) caught.pop_back();
    EXPECT_NE(disposition(SIGUSR1), SIG_DFL);  // one is left
    caught.clear();
    EXPECT_EQ(disposition(SIGUSR1), SIG_DFL);
}

TEST(Signals, WhatCannotBeCaughtIsRefused) {
    EXPECT_THROW(signals({SIGUSR1, SIGKILL}), std::system_error);
    EXPECT_EQ(disposition(SIGUSR1), SIG_DFL);
    EXPECT_THROW(signals({SIGSEGV}), std::invalid_argument);
    EXPECT_THROW(signals({0}), std::invalid_argument);
    EXPECT_THROW(signals({65}), std::invalid_argument);
}

}  // namespace
}  // namespace hocket::test
