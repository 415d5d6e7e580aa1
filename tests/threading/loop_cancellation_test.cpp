// The cancellation of a thread, or of a pool's job, that runs an event loop.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "hocket/aio.hpp"
#include "hocket/futures.hpp"
#include "hocket/threading.hpp"
#include "report_capture.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// Throws what the call throws, as the reason of a cancellation; "" if it throws nothing.
template <class Call>
std::string reason_of(Call call) {
    try {
        call();
        return "";
    } catch (const CancelledError& error) {
        return error.reason();
    }
}

Task<void> wait_for_ever(Event& waits) {
    waits.set();
    Event never;
    co_await never.async_wait();
}

TEST(LoopCancellation, EndsTheMainTask) {
    Event waits;
    Thread thread([&] { run(wait_for_ever(waits)); });
    waits.wait();
    thread.cancel("enough");
    EXPECT_EQ(reason_of([&] { thread.join(); }), "enough");
}

TEST(LoopCancellation, EndsTheMainTaskAlsoIfItComesBeforeTheLoop) {
    Event cancelled, waits;
    Thread thread([&] {
        {
            const CancelShield shield;
            cancelled.wait();
        }
        run(wait_for_ever(waits));
    });
    thread.cancel("early");
    cancelled.set();
    EXPECT_EQ(reason_of([&] { thread.join(); }), "early");
}

Task<void> cleans_up(Event& waits, std::atomic<int>& cleaned) {
    try {
        co_await wait_for_ever(waits);
    } catch (const CancelledError&) {
        ++cleaned;
        throw;
    }
}

Task<void> with_others(Event& waits, Event& other_waits, std::atomic<int>& cleaned) {
    auto other = create_task(cleans_up(other_waits, cleaned));
    co_await cleans_up(waits, cleaned);
}

TEST(LoopCancellation, ByTheEndOfTheThreadsScopeEndsAllTasks) {
    Event waits, other_waits;
    std::atomic<int> cleaned{0};
    {
        Thread thread([&] { run(with_others(waits, other_waits, cleaned)); });
        waits.wait();
        other_waits.wait();
    }
    EXPECT_EQ(cleaned, 2);
}

TEST(LoopCancellation, EndsRunForever) {
    Event runs;
    Thread thread([&] {
        EventLoop loop;
        loop.call_soon([&] { runs.set(); });
        loop.run_forever();
    });
    runs.wait();
    thread.cancel("stop");
    EXPECT_EQ(reason_of([&] { thread.join(); }), "stop");
}

TEST(LoopCancellation, OfAPoolsJob) {
    ThreadPool pool(1);
    Event waits;
    Future<void> job = pool.submit([&] { run(wait_for_ever(waits)); });
    waits.wait();
    EXPECT_TRUE(job.cancel("the job"));
    EXPECT_EQ(reason_of([&] { job.result(); }), "the job");
}

TEST(LoopCancellation, DoesNotReachIntoAShield) {
    Event may_end, cancelled;
    bool ran = false;
    Thread thread([&] {
        const CancelShield shield;
        cancelled.wait();
        run([](Event& may_end, bool& ran) -> Task<void> {
            co_await may_end.async_wait();
            ran = true;
        }(may_end, ran));
    });
    thread.cancel();
    cancelled.set();
    may_end.set();
    thread.join();
    EXPECT_TRUE(ran);
}

// Blocks the loop's thread, which a cancellation ends; the main task goes on to its next wait, where it is cancelled.
Task<void> blocks_and_goes_on(Event& waits, std::string& first, std::string& second) {
    Event never;
    first = reason_of([&] {
        waits.set();
        never.wait();
    });
    try {
        co_await never.async_wait();
    } catch (const CancelledError& error) {
        second = error.reason();
        throw;
    }
}

TEST(LoopCancellation, EndsABlockingCallInsideOfATaskAndThenTheTask) {
    Event waits;
    std::string first, second;
    Thread thread([&] { run(blocks_and_goes_on(waits, first, second)); });
    waits.wait();
    thread.cancel("both");
    EXPECT_EQ(reason_of([&] { thread.join(); }), "both");
    EXPECT_EQ(first, "both");
    EXPECT_EQ(second, "both");
}

TEST(LoopCancellation, ThatComesTooLateLeavesTheNextRunOfTheLoopAlone) {
    Event ran, cancelled;
    EventLoop loop;
    Thread first([&] {
        loop.run_until_complete([](Event& ran) -> Task<void> {
            ran.set();
            co_return;
        }(ran));
        cancelled.wait();
    });
    ran.wait();
    first.cancel("late");
    EXPECT_EQ(reason_of([&] { first.join(); }), "late");
    EXPECT_EQ(loop.run_until_complete([]() -> Task<int> {
        co_await sleep(1ms);
        co_return 5;
    }()),
              5);
}

Task<int> some_steps(Event& goes_on) {
    for (int i = 0; i < 3; ++i) co_await yield_now();
    co_await goes_on.async_wait();
    co_return 1;
}

// A loop that is run twice by a thread that is cancelled at any moment, and whose wait ends by itself at about the same
// time.
TEST(LoopCancellationStress, RacesWithTheEndOfTheRun) {
    const test::ReportCapture reports;
    int well = 0, cancelled = 0;
    for (const test::StressTime time; time.left();) {
        Event goes_on;
        int results = 0;
        Thread thread([&] {
            EventLoop loop;
            results += loop.run_until_complete(some_steps(goes_on));
            results += loop.run_until_complete(some_steps(goes_on));
        });
        Thread canceller([&] { thread.cancel("race"); });
        if (well % 2 == 0) this_thread::yield();
        goes_on.set();
        try {
            thread.join();
            ++well;
            EXPECT_EQ(results, 2);
        } catch (const CancelledError& error) {
            EXPECT_EQ(error.reason(), "race");
            ++cancelled;
            EXPECT_LT(results, 2);
        }
        canceller.join();
    }
    EXPECT_GT(well + cancelled, 0);
    EXPECT_EQ(reports.text(), "");
}

// Nobody else ends the waits: a cancellation that gets lost hangs.
TEST(LoopCancellationStress, IsNeverLost) {
    int runs = 0;
    for (const test::StressTime time; time.left(); ++runs) {
        Event waits;
        Thread thread([&] { run(wait_for_ever(waits)); });
        if (runs % 3 == 1) waits.wait();
        if (runs % 3 == 2) this_thread::yield();
        thread.cancel("now");
        EXPECT_EQ(reason_of([&] { thread.join(); }), "now");
    }
    EXPECT_GT(runs, 0);
}

}  // namespace
}  // namespace hocket
