// Circles of waits: exactly one of those in it is told; where there is no circle, nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading/thread.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

template <class L>
void take(L& lock, std::atomic<int>& told, std::string* text = nullptr) {
    try {
        lock.lock();
        lock.unlock();
    } catch (const DeadlockError& error) {
        if (text) *text = error.what();
        ++told;
    }
}

TEST(Deadlock, OfOneThreadIsToldAtOnce) {
    Lock lock("mine");
    lock.lock();
    std::atomic<int> told{0};
    std::string text;
    take(lock, told, &text);
    EXPECT_EQ(told, 1);
    EXPECT_THAT(text, HasSubstr("mine"));
    EXPECT_FALSE(lock.try_lock_for(1ms));  // a wait that ends
    lock.unlock();
}

// Each thread holds one lock and wants the next.
template <class L>
void circle_of_threads(int count) {
    std::vector<L> locks(static_cast<std::size_t>(count));
    std::barrier all_hold_one(count);
    std::atomic<int> told{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            std::scoped_lock hold(locks[static_cast<std::size_t>(i)]);
            all_hold_one.arrive_and_wait();
            take(locks[static_cast<std::size_t>((i + 1) % count)], told);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(told, 1);
}
TEST(Deadlock, OfThreadsIsToldToExactlyOne) {
    for (int i = 0; i < 50; ++i) {
        circle_of_threads<Lock>(2);
        circle_of_threads<Lock>(3);
        circle_of_threads<RLock>(3);
        circle_of_threads<Condition>(2);
    }
}

Task<void> holds_and_wants(Lock& mine, Lock& other, std::atomic<int>& told) {
    auto guard = co_await mine.async_lock();
    co_await yield_now();
    co_await yield_now();
    try {
        auto want = co_await other.async_lock();
    } catch (const DeadlockError&) {
        ++told;
    }
}

TEST(Deadlock, OfTasksIsToldToExactlyOne) {
    std::atomic<int> told{0};
    run([](std::atomic<int>& told) -> Task<void> {
        Lock a("a"), b("b"), c("c");
        co_await gather(holds_and_wants(a, b, told), holds_and_wants(b, c, told), holds_and_wants(c, a, told));
    }(told));
    EXPECT_EQ(told, 1);
}

TEST(Deadlock, OfAThreadAndATaskIsToldToExactlyOne) {
    for (int i = 0; i < 50; ++i) {
        Lock a, b;
        std::atomic<int> told{0};
        std::barrier both_hold_one(2);
        std::thread loop([&] {
            run([](Lock& a, Lock& b, std::barrier<>& both_hold_one, std::atomic<int>& told) -> Task<void> {
                auto guard = co_await a.async_lock();
                both_hold_one.arrive_and_wait();
                try {
                    auto want = co_await b.async_lock();
                } catch (const DeadlockError&) {
                    ++told;
                }
            }(a, b, both_hold_one, told));
        });
        {
            std::scoped_lock guard(b);
            both_hold_one.arrive_and_wait();
            take(a, told);
        }
        loop.join();
        EXPECT_EQ(told, 1);
    }
}

TEST(Deadlock, OfATaskThatStopsTheLoopOfTheOwner) {
    std::string text;
    std::atomic<int> told{0};
    run([](std::atomic<int>& told, std::string& text) -> Task<void> {
        Lock lock;
        auto guard = co_await lock.async_lock();
        const auto blocks = [&]() -> Task<void> {
            take(lock, told, &text);  // the owner could never go on
            co_return;
        };
        auto other = create_task(blocks());
        co_await yield_now();
        co_await yield_now();
        guard.unlock();
        co_await other;
    }(told, text));
    EXPECT_EQ(told, 1);
    EXPECT_THAT(text, HasSubstr("event loop"));
}

// Who waits where for what, and who has that since where: for each link, threads and tasks alike.
TEST(Deadlock, IsToldLinkByLink) {
    Lock of_task("of the task");
    RLock of_thread("of the thread");
    std::string text;
    std::atomic<std::uint64_t> task_number{0};
    Event task_has_it, thread_has_it;
    Thread thread({.name = "worker"}, [&] {
        const std::scoped_lock guard(of_thread);
        thread_has_it.set();
        task_has_it.wait();
        try {
            const std::scoped_lock wants(of_task);
        } catch (const DeadlockError& error) {
            text = error.what();
        }
    });
    const auto holds = [&]() -> Task<void> {
        auto guard = co_await of_task.async_lock();
        task_number = detail::number_of(detail::current_party());
        task_has_it.set();
        thread_has_it.wait();
        try {
            auto wants = co_await of_thread.async_lock();
        } catch (const DeadlockError& error) {
            text = error.what();
        }
    };
    const auto main = [&]() -> Task<void> {
        auto task = create_task(holds(), "keeper");
        co_await task;
    };
    run(main());
    thread.join();
    const std::string worker = "thread 'worker' \\(" + std::to_string(thread.id()) +
                               "\\), which at [^ ]*deadlock_test.cpp:[0-9]+ waits for lock 'of the task' "
                               "\\(0x[0-9a-f]+\\), taken at [^ ]*deadlock_test.cpp:[0-9]+ by " +
                               std::to_string(task_number);
    const std::string keeper = "task 'keeper' \\(" + std::to_string(task_number) +
                               "\\), which at [^ ]*deadlock_test.cpp:[0-9]+ waits for rlock 'of the thread' "
                               "\\(0x[0-9a-f]+\\), taken at [^ ]*deadlock_test.cpp:[0-9]+ by " +
                               std::to_string(thread.id());
    const auto told_to = [](const std::string& first, const std::string& second) {
        return "hocket: deadlock: this wait would never end, because those who hold what it needs wait for it\n  " +
               first + "\n  held by " + second + "\n  held by the first";
    };
    EXPECT_THAT(text, testing::AnyOf(testing::MatchesRegex(told_to(worker, keeper)),
                                     testing::MatchesRegex(told_to(keeper, worker))));
}

// A task stops its loop for a thread's lock; the thread wants the lock of another task of that loop.
TEST(Deadlock, OfAThreadAndAStoppedLoopIsToldToExactlyOne) {
    for (int i = 0; i < 50; ++i) {
        Lock of_task, of_thread;
        std::atomic<int> told{0};
        std::barrier both_hold_one(2);
        std::thread thread([&] {
            std::scoped_lock guard(of_thread);
            both_hold_one.arrive_and_wait();
            take(of_task, told);
        });
        const auto main = [&]() -> Task<void> {
            auto guard = co_await of_task.async_lock();
            const auto blocks = [&]() -> Task<void> {
                both_hold_one.arrive_and_wait();
                take(of_thread, told);
                co_return;
            };
            auto other = create_task(blocks());
            co_await yield_now();
            co_await yield_now();
            guard.unlock();
            co_await other;
        };
        run(main());
        thread.join();
        EXPECT_EQ(told, 1);
    }
}

TEST(Deadlock, IsNoneInsideATimeout) {
    bool timed_out = false;
    run([](bool& timed_out) -> Task<void> {
        Lock lock;
        auto guard = co_await lock.async_lock();
        try {
            auto again = co_await timeout(1ms, lock.async_lock());
        } catch (const TimeoutError&) {
            timed_out = true;
        }
    }(timed_out));
    EXPECT_TRUE(timed_out);
}

// Threads and tasks take random locks: upwards they wait without limit, downwards they only try, or for a while.
TEST(Deadlock, IsNeverToldWhereThereIsNoCircle) {
    constexpr std::size_t kLocks = 5;
    std::array<Lock, kLocks> locks;
    std::atomic<long> taken{0};
    const test::StressTime time;
    const auto in_thread = [&](unsigned seed) {
        std::minstd_rand random(seed);
        while (time.left()) {
            const std::size_t low = random() % kLocks, high = low + random() % (kLocks - low);
            if (low == high) continue;
            if (random() % 3 == 0) {
                std::unique_lock second(locks[high]);
                std::unique_lock first(locks[low], std::chrono::microseconds(random() % 100));
                ++taken;
            } else {
                std::scoped_lock first(locks[low]);
                std::scoped_lock second(locks[high]);
                ++taken;
            }
        }
    };
    const auto in_task = [&](unsigned seed) -> Task<void> {
        std::minstd_rand random(seed);
        while (time.left()) {
            const std::size_t low = random() % kLocks, high = low + random() % (kLocks - low);
            if (low == high) continue;
            if (random() % 3 == 0) {
                auto second = co_await locks[high].async_lock();
                try {
                    auto first = co_await timeout(std::chrono::microseconds(random() % 100), locks[low].async_lock());
                    ++taken;
                } catch (const TimeoutError&) {
                }
            } else {
                auto first = co_await locks[low].async_lock();
                auto second = co_await locks[high].async_lock();
                ++taken;
                co_await yield_now();
            }
        }
    };
    const auto body = [&](TaskGroup& group) -> Task<void> {
        for (unsigned i = 0; i < 6; ++i) group.create_task(in_task(i));
        co_return;
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i) threads.emplace_back(in_thread, 100 + i);
    const auto main = [&]() -> Task<void> { co_await task_group(body); };
    EXPECT_NO_THROW(run(main()));
    for (auto& thread : threads) thread.join();  // a DeadlockError would end the program
    EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace hocket
