#include "hocket/sync/event.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TimePoint now() { return std::chrono::steady_clock::now(); }

TEST(Event, ThatIsSetLetsEverybodyGoOnAtOnce) {
    Event event;
    EXPECT_FALSE(event.is_set());
    event.set();
    event.set();
    EXPECT_TRUE(event.is_set());
    event.wait();
    EXPECT_TRUE(event.wait_for(0s));
    EXPECT_TRUE(event.wait_until(now() - 1h));
    run([](Event& event) -> Task<void> { co_await event.async_wait(); }(event));
}

TEST(Event, ThatIsNotSetEndsTheTimeOfTimedWaits) {
    Event event;
    const TimePoint start = now();
    EXPECT_FALSE(event.wait_for(2ms));
    EXPECT_GE(now() - start, 2ms);
    EXPECT_FALSE(event.wait_for(-1s));
    EXPECT_FALSE(event.wait_until(now() + 1ms));
    EXPECT_FALSE(event.wait_until(std::chrono::system_clock::now() - 1h));
    event.set();
    event.clear();
    EXPECT_FALSE(event.is_set());
    EXPECT_FALSE(event.wait_for(0s));
    bool timed_out = false;
    run([](Event& event, bool& timed_out) -> Task<void> {
        try {
            co_await timeout(1ms, event.async_wait());
        } catch (const TimeoutError&) {
            timed_out = true;
        }
    }(event, timed_out));
    EXPECT_TRUE(timed_out);
}

TEST(Event, WakesThreadsAndTasksThatWaitInEachWay) {
    Event event;
    std::latch about_to_wait(4);
    std::atomic<int> woken{0};
    std::vector<Thread> threads;
    const auto waits = [&](auto wait) {
        threads.emplace_back([&, wait] {
            about_to_wait.count_down();
            woken += wait();
        });
    };
    waits([&] {
        event.wait();
        return true;
    });
    waits([&] { return event.wait_for(1h); });
    waits([&] { return event.wait_until(std::chrono::system_clock::now() + 1h); });
    waits([&] {
        const auto main = [&]() -> Task<void> { co_await event.async_wait(); };
        run(main());
        return true;
    });
    about_to_wait.wait();
    EXPECT_EQ(woken, 0);
    event.set();
    for (Thread& thread : threads) thread.join();
    EXPECT_EQ(woken, 4);
}

TEST(Event, TasksGoOnInTheOrderOfTheirArrival) {
    std::vector<int> order;
    run([](std::vector<int>& order) -> Task<void> {
        Event event;
        const auto waits = [&](int number) -> Task<void> {
            co_await event.async_wait();
            order.push_back(number);
        };
        const auto body = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 5; ++i) group.create_task(waits(i));
            co_await yield_now();
            event.set();
        };
        co_await task_group(body);
    }(order));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

// The same for each way of waiting: the thread is cancelled before or while it waits, which makes no difference.
template <class Wait>
void expect_cancelled(Wait wait) {
    Event event;
    std::latch about_to_wait(1);
    Thread thread([&] {
        about_to_wait.count_down();
        wait(event);
    });
    about_to_wait.wait();
    thread.cancel("enough");
    try {
        thread.join();
        ADD_FAILURE() << "the wait ended, and nobody has set the event";
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "enough");
    }
    event.set();  // with nobody left in line
    EXPECT_TRUE(event.wait_for(0s));
}

TEST(Event, ACancelledWaitThrows) {
    expect_cancelled([](Event& event) { event.wait(); });
    expect_cancelled([](Event& event) { (void)event.wait_for(1h); });
    expect_cancelled([](Event& event) { (void)event.wait_until(now() + 1h); });
    run([]() -> Task<void> {
        Event event;
        const auto waits = [&]() -> Task<void> { co_await event.async_wait(); };
        auto task = create_task(waits());
        co_await yield_now();
        task.cancel();
        co_await yield_now();  // the cancellation has ended the wait, and the task has not yet gone on
        event.set();
        while (!task.done()) co_await yield_now();
        EXPECT_TRUE(task.cancelled());
    }());
}

// Whose wait has returned may destroy the event, though set() has not returned. (For the sanitizers to judge.)
TEST(Event, MayBeDestroyedByTheWokenWaiter) {
    const test::StressTime time;
    for (unsigned i = 0; time.left(); ++i) {
        auto event = std::make_unique<Event>();
        Event& shared = *event;
        std::latch both(2);
        std::thread waiter([&] {
            both.arrive_and_wait();
            if (i % 3 == 0) {
                const auto main = [&]() -> Task<void> { co_await event->async_wait(); };
                run(main());
            } else if (i % 3 == 1) {
                while (!event->wait_for(10us)) continue;
            } else {
                event->wait();
            }
            event.reset();
        });
        both.arrive_and_wait();
        shared.set();
        waiter.join();
    }
}

// Waits that are cut short by time-outs and cancellations, while the event is set and cleared: each wait ends, one that
// ends by the event has seen it set, and after the last set() nobody stays behind.
TEST(Event, NobodyStaysBehindWhenTimeOutsAndCancellationsRaceWithSet) {
    Event event;
    std::atomic<bool> go_on{true};
    std::atomic<long> by_event{0}, by_time{0}, by_cancel{0};
    const auto in_thread = [&](unsigned seed) {
        for (unsigned i = seed; go_on; ++i) {
            const bool set = event.wait_for(std::chrono::microseconds(i * 13 % 90));
            ++(set ? by_event : by_time);
        }
        event.wait();
    };
    const auto cancelled_thread = [&] {
        while (go_on) {
            Thread waiter([&] { event.wait(); });
            waiter.cancel();
            try {
                waiter.join();
                ++by_event;
            } catch (const CancelledError&) {
                ++by_cancel;
            }
        }
    };
    const auto waits = [&]() -> Task<void> {
        co_await event.async_wait();
        ++by_event;
    };
    const auto in_task = [&](unsigned seed) -> Task<void> {
        for (unsigned i = seed; go_on; ++i) {
            auto task = create_task(waits());
            for (unsigned turn = 0; turn < i % 4; ++turn) co_await yield_now();
            if (i % 2) task.cancel();
            while (i % 2 && !task.done()) co_await yield_now();
            if (task.done()) {
                by_cancel += task.cancelled();
                continue;
            }
            try {
                co_await timeout(std::chrono::microseconds(i * 7 % 90), std::move(task));
            } catch (const TimeoutError&) {
                ++by_time;
            }
        }
        co_await event.async_wait();
    };
    const auto body = [&](TaskGroup& group) -> Task<void> {
        for (unsigned i = 0; i < 4; ++i) group.create_task(in_task(i));
        co_return;
    };
    std::vector<Thread> threads;
    for (unsigned i = 0; i < 2; ++i) threads.emplace_back(in_thread, i);
    threads.emplace_back(cancelled_thread);
    threads.emplace_back([&] {
        const auto main = [&]() -> Task<void> { co_await task_group(body); };
        run(main());
    });
    for (const test::StressTime time; time.left();) {
        event.set();
        event.clear();
        std::this_thread::yield();
    }
    go_on = false;
    event.set();
    for (Thread& thread : threads) thread.join();
    EXPECT_GT(by_event, 0);
    EXPECT_GT(by_time, 0);
    EXPECT_GT(by_cancel, 0);
}

}  // namespace
}  // namespace hocket
