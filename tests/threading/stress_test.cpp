// Threads, locals and ticks under races: cancellation, joins and ends that come at the same time.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/threading.hpp"
#include "report_capture.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// Lets a number of threads go on together.
class StartLine {
public:
    explicit StartLine(int runners) : missing_(runners) {}
    void arrive() {
        --missing_;
        while (missing_ > 0) this_thread::yield();
    }

private:
    std::atomic<int> missing_;
};

TEST(ThreadStress, ACancelNeitherGetsLostNorHarmsAThreadThatEnds) {
    const test::ReportCapture reports;
    int ended_well = 0, ended_by_cancel = 0, runs = 0;
    for (const test::StressTime time; time.left(); ++runs) {
        StartLine line(3);
        Event event;
        Thread thread([&] {
            line.arrive();
            event.wait();  // ends by the event or by the cancellation, whichever comes first
        });
        Thread canceller([&] {
            line.arrive();
            thread.cancel("race");
            thread.cancel("again");
        });
        line.arrive();
        event.set();
        try {
            thread.join();
            ++ended_well;
        } catch (const CancelledError& error) {
            EXPECT_EQ(error.reason(), "race");
            ++ended_by_cancel;
        }
        EXPECT_FALSE(thread.is_alive());
        canceller.join();
    }
    EXPECT_EQ(ended_well + ended_by_cancel, runs);
    EXPECT_EQ(reports.text(), "");
}

TEST(ThreadStress, AJoinerThatIsCancelledWhileTheThreadEndsHasJoinedOrNot) {
    const test::ReportCapture reports;
    int runs = 0;
    std::atomic<int> joined{0}, cancelled{0};
    for (const test::StressTime time; time.left(); ++runs) {
        StartLine line(3);
        Event may_end;
        Thread thread([&] { may_end.wait(); });
        Thread joiner([&] {
            line.arrive();
            try {
                thread.join();
                ++joined;
            } catch (const CancelledError&) {
                ++cancelled;
                throw;
            }
        });
        Thread ender([&] {
            line.arrive();
            may_end.set();
        });
        line.arrive();
        joiner.cancel();
        try {
            joiner.join();
        } catch (const CancelledError&) {
        }
        ender.join();
        thread.join();  // works after both outcomes
    }
    EXPECT_EQ(joined + cancelled, runs);
    EXPECT_EQ(reports.text(), "");
}

TEST(ThreadStress, HandlesLetGoAtAnyTimeEndTheirThreads) {
    const test::ReportCapture reports;
    std::atomic<int> begun{0}, ended{0};
    for (const test::StressTime time; time.left();) {
        std::array<Thread, 4> threads;
        for (Thread& thread : threads) {
            thread = Thread([&] {
                struct Tell {
                    explicit Tell(std::atomic<int>& count) : count(count) {}
                    ~Tell() { ++count; }
                    std::atomic<int>& count;
                } tell(ended);
                ++begun;
                this_thread::sleep_for(begun % 2 ? 1h : 0h);
            });
        }
        std::swap(threads[0], threads[3]);
    }
    EXPECT_EQ(begun, ended);
    EXPECT_EQ(reports.text(), "");
}

// Counts the values that live, and finds those that are used after their end.
class Value {
public:
    static std::atomic<int>& live() {
        static std::atomic<int> count{0};
        return count;
    }
    Value() { ++live(); }
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    ~Value() {
        whose_ = 0;
        --live();
    }
    bool is_of_this_thread() {
        if (whose_ == 0) whose_ = this_thread::id();
        return whose_ == this_thread::id();
    }

private:
    std::uint64_t whose_ = 0;
};

// All use the shared ones; each makes and destroys its own, and ends with values left; shared ones are replaced while
// threads that have values of the old ones end.
TEST(LocalStress, ManyThreadsMakeUseAndDestroyThem) {
    constexpr int kThreads = 4;
    std::atomic<int> strangers{0};
    for (const test::StressTime time; time.left();) {
        std::array<std::optional<Local<Value>>, 3> shared;
        for (auto& local : shared) local.emplace();
        StartLine used(kThreads + 1), may_end(kThreads + 1);
        std::vector<Thread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&] {
                for (int round = 0; round < 20; ++round) {
                    Local<Value> own;
                    strangers += !own->is_of_this_thread();
                    for (auto& local : shared) strangers += !(*local)->is_of_this_thread();
                    if (round % 5 == 0) shared[0]->reset();
                }
                used.arrive();
                may_end.arrive();
            });
        }
        used.arrive();
        EXPECT_GE(Value::live(), 2 * kThreads);
        may_end.arrive();
        shared[1].reset();  // races with the ends of the threads
        shared[2].reset();
        for (Thread& thread : threads) thread.join();
        shared[0].reset();
        ASSERT_EQ(Value::live(), 0);
    }
    EXPECT_EQ(strangers, 0);
}

// How far the ticks of one waiter are from 1, 2, 3, ... after its first.
class Ticks {
public:
    void saw(std::uint64_t tick) {
        if (last_ != 0 && tick != last_ + 1) ++wrong_;
        last_ = tick;
        ++count_;
    }
    int wrong() const { return wrong_; }
    std::uint64_t last() const { return last_; }
    std::uint64_t count() const { return count_; }

private:
    std::uint64_t last_ = 0;
    std::atomic<std::uint64_t> count_{0};
    int wrong_ = 0;
};

Task<void> follow(PeriodicTimer& timer, Ticks& ticks) {
    while (const std::uint64_t tick = co_await timer.async_wait_for_tick()) ticks.saw(tick);
}

Task<void> follow_all(PeriodicTimer& timer, std::vector<Ticks>& all) {
    co_await task_group([&](TaskGroup& tasks) -> Task<void> {
        for (Ticks& ticks : all) tasks.create_task(follow(timer, ticks));
        co_return;
    });
}

TEST(PeriodicTimerStress, EachOfManyWaitersSeesEachTickOnce) {
    constexpr auto kPeriod = 100us;
    std::vector<Ticks> of_threads(8), of_tasks(8);
    PeriodicTimer timer(kPeriod);
    std::vector<Thread> threads;
    for (Ticks& ticks : of_threads) {
        threads.emplace_back([&timer, &ticks] {
            while (const std::uint64_t tick = timer.wait_for_tick()) ticks.saw(tick);
        });
    }
    // One whose waits are cancelled again and again loses no tick by that.
    Ticks of_interrupted;
    Thread loop([&] { run(follow_all(timer, of_tasks)); });
    Thread interrupted([&] {
        run([](PeriodicTimer& timer, Ticks& ticks) -> Task<void> {
            for (;;) {
                std::uint64_t tick = 0;
                {
                    CancelScope scope;
                    scope.set_deadline(EventLoop::current().time() + 50us);
                    try {
                        tick = co_await timer.async_wait_for_tick();
                    } catch (const CancelledError&) {
                        continue;
                    }
                }
                if (tick == 0) co_return;
                ticks.saw(tick);
            }
        }(timer, of_interrupted));
    });
    const auto all_count = [](const std::vector<Ticks>& all) {
        return std::ranges::all_of(all, [](const Ticks& ticks) { return ticks.count() > 1; });
    };
    // Longer only where the machine is too busy for one of them.
    for (const test::StressTime time;
         time.left() || !all_count(of_threads) || !all_count(of_tasks) || of_interrupted.count() < 2;) {
        this_thread::sleep_for(1ms);
    }
    timer.stop();
    for (Thread& thread : threads) thread.join();
    loop.join();
    interrupted.join();
    for (const auto* all : {&of_threads, &of_tasks}) {
        for (const Ticks& ticks : *all) {
            EXPECT_EQ(ticks.wrong(), 0);
            EXPECT_GT(ticks.count(), 1u);
        }
    }
    EXPECT_EQ(of_interrupted.wrong(), 0);
    EXPECT_GT(of_interrupted.count(), 1u);
}

}  // namespace
}  // namespace hocket
