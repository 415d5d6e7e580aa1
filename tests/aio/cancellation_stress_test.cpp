// Tasks that are cancelled by other threads at any moment of their lives.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/futures/promise.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// An event loop in a thread of its own.
class LoopThread {
public:
    LoopThread() : thread_([this] { loop_.run_forever(); }) {}
    ~LoopThread() {
        loop_.stop();
        thread_.join();
    }
    EventLoop& loop() { return loop_; }

private:
    EventLoop loop_;
    std::thread thread_;
};

// Several waits of all kinds, a clean-up that must run, and a count of those who are inside.
Task<int> works(int number, std::atomic<int>& inside, Future<int> from_elsewhere) {
    ++inside;
    const auto clean_up = [&]() -> Task<void> {
        co_await yield_now();
        --inside;
    };
    const auto waits = [](int number, Future<int> from_elsewhere) -> Task<int> {
        for (int i = 0; i < number % 3; ++i) co_await yield_now();
        if (number % 4 == 0) co_await sleep(20us);
        if (number % 5 == 0) co_await gather(sleep(10us), sleep(0s));
        if (number % 6 == 0) co_await shield(from_elsewhere);
        if (number % 7 == 0) {
            const auto spawns = [](TaskGroup& group) -> Task<void> {
                const auto yields = []() -> Task<void> { co_await yield_now(); };
                (void)group.create_task(yields());
                (void)group.create_task(yields());
                co_return;
            };
            co_await task_group(spawns);
        }
        if (number % 8 == 0) co_await timeout(1h, sleep(5us));
        co_return number;
    };
    const int result = co_await finally(waits(number, from_elsewhere), clean_up);
    co_return result;
}

TEST(CancellationStress, RacesWithCompletionAndAlwaysEnds) {
    constexpr int kTasks = 200;
    constexpr int kCancellers = 2;
    std::atomic<int> inside{0};
    int values = 0, cancelled = 0, round = 0;
    const test::StressTime time;
    do {
        LoopThread thread;
        Promise<int> from_elsewhere;
        const Future<int> elsewhere = from_elsewhere.future();
        std::vector<Future<int>> futures(kTasks);
        std::latch spawned(1);
        thread.loop().call_soon_threadsafe([&] {
            for (int i = 0; i < kTasks; ++i) futures[i] = create_task(works(i, inside, elsewhere));
            spawned.count_down();
        });
        spawned.wait();
        std::vector<std::thread> cancellers;
        for (int c = 0; c < kCancellers; ++c) {
            cancellers.emplace_back([&, c] {
                std::minstd_rand random(static_cast<unsigned>(c) + 1);
                for (int i = 0; i < kTasks; ++i) {
                    if (random() % 2 == 0) futures[i].cancel("by thread " + std::to_string(c));
                }
            });
        }
        if (++round % 2) {  // some of the cancelled wait for this, and get it only afterwards
            for (auto& canceller : cancellers) canceller.join();
            cancellers.clear();
        }
        from_elsewhere.set_result(1);
        for (int i = 0; i < kTasks; ++i) {
            try {
                EXPECT_EQ(futures[i].result_for(30s), i);
                EXPECT_FALSE(futures[i].cancelled());
                ++values;
            } catch (const CancelledError& error) {
                EXPECT_EQ(error.reason().substr(0, 10), "by thread ");
                EXPECT_TRUE(futures[i].cancelled());
                ++cancelled;
            }
            EXPECT_FALSE(futures[i].cancel());
        }
        for (auto& canceller : cancellers) canceller.join();
        EXPECT_EQ(inside, 0);
    } while (time.left());
    EXPECT_GT(values, 0);
    EXPECT_GT(cancelled, 0);
}

// The loop ends while others still cancel its tasks and drop their futures.
TEST(CancellationStress, RacesWithTheEndOfTheLoop) {
    constexpr int kTasks = 50;
    std::atomic<int> inside{0};
    const test::StressTime time;
    do {
        Promise<int> never;
        std::vector<Future<int>> futures(kTasks);
        std::latch spawned(1);
        const auto main = [&]() -> Task<void> {
            for (int i = 0; i < kTasks; ++i) futures[i] = create_task(works(i, inside, never.future()));
            spawned.count_down();
            co_await yield_now();
        };
        std::thread cancels([&] {
            spawned.wait();
            for (auto& future : futures) {
                future.cancel();
                future = {};
            }
        });
        run(main());  // returns when all tasks have ended
        EXPECT_EQ(inside, 0);
        cancels.join();
    } while (time.left());
}

// Tasks of one loop await those of another; whoever is cancelled, all end.
TEST(CancellationStress, ReachesTheWorkOfAnotherLoop) {
    constexpr int kTasks = 100;
    const auto waits_for = [](Future<int> work) -> Task<int> {
        const int result = co_await std::move(work);
        co_return result;
    };
    std::atomic<int> inside{0};
    int values = 0, cancelled = 0;
    const test::StressTime time;
    do {
        LoopThread working, waiting;
        Promise<int> from_elsewhere;
        std::vector<Future<int>> work(kTasks), waiters(kTasks);
        std::latch spawned(1), waiting_for(1);
        working.loop().call_soon_threadsafe([&] {
            for (int i = 0; i < kTasks; ++i) work[i] = create_task(works(i, inside, from_elsewhere.future()));
            spawned.count_down();
        });
        spawned.wait();
        waiting.loop().call_soon_threadsafe([&] {
            for (int i = 0; i < kTasks; ++i) waiters[i] = create_task(waits_for(work[i]));
            waiting_for.count_down();
        });
        waiting_for.wait();
        std::minstd_rand random(1);
        for (int i = 0; i < kTasks; ++i) {
            if (random() % 2) waiters[i].cancel();
        }
        from_elsewhere.set_result(1);
        for (int i = 0; i < kTasks; ++i) {
            try {
                EXPECT_EQ(waiters[i].result_for(30s), i);
                ++values;
            } catch (const CancelledError&) {
                ++cancelled;
            }
            EXPECT_TRUE(work[i].done());  // a waiter that is cancelled waits for the work
            (void)work[i].exception();
        }
        EXPECT_EQ(inside, 0);
    } while (time.left());
    EXPECT_GT(values, 0);
    EXPECT_GT(cancelled, 0);
}

}  // namespace
}  // namespace hocket
