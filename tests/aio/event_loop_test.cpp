// The event loop: order, time, other threads, starting and stopping.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "aio/io_fixture.hpp"

namespace hocket::test {
namespace {

using ::testing::ElementsAre;

class EventLoopTest : public OnBothBackends {
protected:
    LoopOptions virtual_time() {
        LoopOptions with_clock = options();
        with_clock.clock = &clock_;
        return with_clock;
    }
    VirtualClock clock_;
};
HOCKET_ON_BOTH_BACKENDS(EventLoopTest);

Task<void> nap(Duration duration = 1ms) { co_await sleep(duration); }
Task<int> number(int n) { co_return n; }

TEST_P(EventLoopTest, NamesItsBackend) {
    EXPECT_EQ(EventLoop(options()).io_name(), GetParam() == Io::epoll ? "epoll" : "io_uring");
}

TEST_P(EventLoopTest, CallsSoonInOrder) {
    EventLoop loop(options());
    std::vector<int> called;
    for (int i = 0; i < 5; ++i) loop.call_soon([&, i] { called.push_back(i); });
    loop.call_soon([&] {
        loop.call_soon([&] { called.push_back(6); });
        called.push_back(5);
    });
    EXPECT_TRUE(called.empty()) << "called before the loop ran";
    loop.run_until_complete(nap());
    EXPECT_THAT(called, ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

TEST_P(EventLoopTest, CallsLaterInTheOrderOfTheDeadlines) {
    EventLoop loop(virtual_time());
    std::vector<int> called;
    const TimePoint start = loop.time();
    auto call = [&](int id) { return [&called, id] { called.push_back(id); }; };
    loop.call_later(30ms, call(3));
    loop.call_later(10ms, call(1));
    loop.call_at(start + 20ms, call(2));
    loop.call_at(start + 30ms, call(4));  // an equal deadline: in the order of the calls
    loop.call_at(start - 1h, call(0));
    loop.call_later(std::chrono::hours::max(), call(99));
    loop.run_until_complete(nap(1h));
    EXPECT_THAT(called, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_EQ(loop.time() - start, 1h);
}

TEST_P(EventLoopTest, WaitsInRealTimeNoShorterThanAsked) {
    EventLoop loop(options());
    const TimePoint start = loop.time();
    loop.run_until_complete(nap(5ms));
    EXPECT_GE(loop.time() - start, 5ms);
}

TEST_P(EventLoopTest, ACancelledHandleCallsNothing) {
    EventLoop loop(virtual_time());
    std::vector<int> called;
    TimerHandle early = loop.call_later(1ms, [&] { called.push_back(1); });
    TimerHandle second = loop.call_later(2ms, [&] { called.push_back(3); });
    // Due at the same time, and before it in the queue.
    TimerHandle first = loop.call_later(1500us, [&] {
        called.push_back(2);
        second.cancel();
    });
    clock_.advance(10ms);  // all of them are due in the first turn
    TimerHandle late = loop.call_later(1h, [&] { called.push_back(4); });
    late.cancel();
    EXPECT_TRUE(late.cancelled());
    loop.call_later(2h, [&] { called.push_back(5); });  // its handle is dropped, which is no cancellation
    loop.run_until_complete(nap(3h));
    EXPECT_THAT(called, ElementsAre(1, 2, 5));
    EXPECT_TRUE(second.cancelled());
    EXPECT_FALSE(early.cancelled());
    early.cancel();  // too late, and harmless
    early.cancel();
}

TEST_P(EventLoopTest, ReportsWhatACallbackThrowsAndGoesOn) {
    std::vector<std::string> reports;
    set_report_hook([&](ReportKind kind, std::string_view text) {
        EXPECT_EQ(kind, ReportKind::lost_exception);
        reports.emplace_back(text);
    });
    {
        EventLoop loop(options());
        loop.call_soon([] { throw std::runtime_error("soon"); });
        loop.call_later(0ms, [] { throw std::runtime_error("later"); });
        loop.run_until_complete(nap());
    }
    set_report_hook({});
    EXPECT_THAT(reports,
                ElementsAre("a callback of an event loop threw: soon", "a callback of an event loop threw: later"));
}

TEST_P(EventLoopTest, TakesCallsFromManyThreads) {
    constexpr int kThreads = 4, kCalls = 20'000;
    EventLoop loop(options());
    int called = 0;  // by the loop's thread only
    std::vector<int> last(kThreads, -1);
    bool in_order = true;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < kCalls; ++i) {
                loop.call_soon_threadsafe([&, thread, i] {
                    in_order = in_order && last[thread] + 1 == i;
                    last[thread] = i;
                    if (++called == kThreads * kCalls) loop.stop();
                });
            }
        });
    }
    loop.run_forever();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(called, kThreads * kCalls);
    EXPECT_TRUE(in_order) << "calls of one thread overtook each other";
}

// Each call finds the loop asleep, or about to fall asleep: the wake-up must not be lost.
TEST_P(EventLoopTest, ACallFromAnotherThreadWakesASleepingLoop) {
    EventLoop here(options());
    EventLoop there(options());
    std::thread thread([&] { there.run_forever(); });
    int rounds = 0;
    struct Ball {
        void pass() {
            there.call_soon_threadsafe([this] {
                here.call_soon_threadsafe([this] {
                    if (++rounds == 3'000) {
                        here.stop();
                        there.stop();
                    } else {
                        pass();
                    }
                });
            });
        }
        EventLoop& here;
        EventLoop& there;
        int& rounds;
    } ball{here, there, rounds};
    ball.pass();
    here.run_forever();
    thread.join();
    EXPECT_EQ(rounds, 3'000);
}

TEST_P(EventLoopTest, ABusyLoopHearsOtherThreads) {
    EventLoop loop(options());
    bool heard = false;
    auto busy = [&]() -> Task<void> {
        for (long turns = 0; !heard && turns < 500'000'000; ++turns) co_await yield_now();
    };
    std::thread caller([&] { loop.call_soon_threadsafe([&] { heard = true; }); });
    loop.run_until_complete(busy());
    caller.join();
    EXPECT_TRUE(heard);
}

TEST_P(EventLoopTest, StopsFromAnotherThreadAndRunsAgain) {
    EventLoop loop(options());
    for (int i = 0; i < 100; ++i) {
        std::thread stopper([&] { loop.stop(); });
        loop.run_forever();
        EXPECT_FALSE(loop.running());
        stopper.join();
    }
}

TEST_P(EventLoopTest, AStopDuringRunUntilCompleteIsOverWithIt) {
    EventLoop loop(options());
    loop.run_until_complete([](EventLoop& running) -> Task<void> {
        running.stop();
        co_await yield_now();
    }(loop));
    bool ran = false;
    loop.call_soon([&] { ran = true; });
    loop.call_soon([&] { loop.stop(); });
    loop.run_forever();
    EXPECT_TRUE(ran);
}

TEST_P(EventLoopTest, GivesTheResultOfATaskOrItsException) {
    EventLoop loop(options());
    EXPECT_EQ(loop.run_until_complete(number(7)), 7);
    auto failing = []() -> Task<int> {
        co_await yield_now();
        throw std::runtime_error("failed");
    };
    EXPECT_THROW(loop.run_until_complete(failing()), std::runtime_error);
    auto text = []() -> Task<std::unique_ptr<std::string>> { co_return std::make_unique<std::string>("text"); };
    EXPECT_EQ(*loop.run_until_complete(text()), "text");
}

TEST_P(EventLoopTest, RunsUntilAFutureHasItsResult) {
    EventLoop loop(options());
    Promise<int> promise;
    Future<int> future = promise.future();
    std::thread other([&] { promise.set_result(5); });
    EXPECT_EQ(loop.run_until_complete(future), 5);
    other.join();

    Future<int> task;
    auto spawn = [&]() -> Task<void> {
        auto slow = []() -> Task<int> {
            co_await sleep(1ms);
            co_return 6;
        };
        task = create_task(slow());
        co_return;
    };
    loop.run_until_complete(spawn());
    EXPECT_FALSE(task.done());
    EXPECT_EQ(loop.run_until_complete(task), 6);
}

TEST_P(EventLoopTest, RefusesToRunInsideALoopAndLeavesTheTaskAlone) {
    EventLoop loop(options());
    bool ran = false;
    auto refused = [&]() -> Task<void> {
        ran = true;
        co_return;
    };
    auto outer = [&]() -> Task<void> {
        EXPECT_THROW(loop.run_until_complete(refused()), InvalidStateError);
        EXPECT_THROW(loop.run_forever(), InvalidStateError);
        EXPECT_THROW(hocket::run(refused()), InvalidStateError);
        EventLoop other;
        EXPECT_THROW(other.run_until_complete(refused()), InvalidStateError);
        EXPECT_THROW(other.run_forever(), InvalidStateError);
        co_await yield_now();
    };
    loop.run_until_complete(outer());
    EXPECT_FALSE(ran);
}

TEST_P(EventLoopTest, IsCurrentOnlyWhileItRuns) {
    EXPECT_THROW(EventLoop::current(), InvalidStateError);
    EXPECT_THROW(create_task(number(1)), InvalidStateError);
    EventLoop loop(options());
    EventLoop* seen = nullptr;
    loop.call_soon([&] { seen = &EventLoop::current(); });
    loop.run_until_complete(nap());
    EXPECT_EQ(seen, &loop);
    EXPECT_THROW(EventLoop::current(), InvalidStateError);
}

TEST_P(EventLoopTest, KeepsItsTasksFromRunToRun) {
    EventLoop loop(options());
    int steps = 0;
    auto background = [&]() -> Task<void> {
        for (;;) {
            co_await yield_now();
            ++steps;
        }
    };
    loop.call_soon([&] { create_task(background()); });
    for (int run = 0; run < 1'000; ++run) {
        const int before = steps;
        EXPECT_EQ(loop.run_until_complete(number(run)), run);
        EXPECT_GT(steps, run > 0 ? before : -1);
    }
}

TEST_P(EventLoopTest, DropsWhatIsNeverCalled) {
    auto owned = std::make_shared<int>(1);
    std::optional<TimerHandle> handle;
    {
        EventLoop loop(options());
        loop.call_soon([owned] { ADD_FAILURE() << "called"; });
        loop.call_soon_threadsafe([owned] { ADD_FAILURE() << "called"; });
        handle = loop.call_later(1h, [owned] { ADD_FAILURE() << "called"; });
        loop.call_later(-1h, [owned] { ADD_FAILURE() << "called"; });
        EXPECT_EQ(owned.use_count(), 5);
    }
    handle->cancel();  // its loop is gone
    handle.reset();
    EXPECT_EQ(owned.use_count(), 1);
}

// What is dropped may own other timers.
TEST_P(EventLoopTest, DropsCallsThatCancelOneAnother) {
    EventLoop loop(options());
    struct Canceller {
        ~Canceller() {
            if (handle) handle->cancel();
        }
        std::optional<TimerHandle> handle;
    };
    for (int i = 0; i < 10; ++i) {
        auto canceller = std::make_shared<Canceller>();
        loop.call_later(1h, [canceller] {});
        canceller->handle = loop.call_later(2h, [] {});
    }
}

TEST_P(EventLoopTest, AnIdleLoopBurnsNoProcessorTime) {
    EventLoop loop(options());
    auto waiting = [](const End& end) -> Task<void> { co_await read(end); };
    auto idle = [&]() -> Task<Duration> {
        auto pair = unix_pair();
        Future<void> reader = create_task(waiting(pair.second));
        co_await sleep(1ms);
        const auto before = thread_time();
        co_await sleep(200ms);
        const auto after = thread_time();
        send_now(pair.first, "x");
        co_await reader;
        co_return after - before;
    };
    EXPECT_LT(loop.run_until_complete(idle()), 10ms);
}

}  // namespace
}  // namespace hocket::test
