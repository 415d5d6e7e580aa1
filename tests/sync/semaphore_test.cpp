#include "hocket/sync/semaphore.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TimePoint now() { return std::chrono::steady_clock::now(); }

template <class S>
class AnySemaphore : public testing::Test {};
using Kinds = testing::Types<Semaphore, BoundedSemaphore>;
TYPED_TEST_SUITE(AnySemaphore, Kinds);

TYPED_TEST(AnySemaphore, GivesAsManyPermitsAsItHas) {
    TypeParam semaphore(6);
    semaphore.acquire();
    EXPECT_TRUE(semaphore.try_acquire());
    EXPECT_TRUE(semaphore.try_acquire_for(0s));
    EXPECT_TRUE(semaphore.try_acquire_until(now() - 1h));
    EXPECT_TRUE(semaphore.try_acquire_until(std::chrono::system_clock::now()));
    EXPECT_EQ(semaphore.value(), 1);
    run([](TypeParam& semaphore) -> Task<void> { co_await semaphore.async_acquire(); }(semaphore));
    EXPECT_EQ(semaphore.value(), 0);
    EXPECT_FALSE(semaphore.try_acquire());
    const TimePoint start = now();
    EXPECT_FALSE(semaphore.try_acquire_for(2ms));
    EXPECT_GE(now() - start, 2ms);
    EXPECT_FALSE(semaphore.try_acquire_for(-1s));
    EXPECT_FALSE(semaphore.try_acquire_until(std::chrono::system_clock::now() - 1h));
    EXPECT_EQ(semaphore.value(), 0);
    semaphore.release();
    EXPECT_TRUE(semaphore.try_acquire());
}

TYPED_TEST(AnySemaphore, OneReleaseOfSeveralWakesAsManyInEachWayOfWaiting) {
    TypeParam semaphore(4);
    for (int i = 0; i < 4; ++i) semaphore.acquire();
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
        semaphore.acquire();
        return true;
    });
    waits([&] { return semaphore.try_acquire_for(1h); });
    waits([&] { return semaphore.try_acquire_until(std::chrono::system_clock::now() + 1h); });
    waits([&] {
        const auto main = [&]() -> Task<void> { co_await semaphore.async_acquire(); };
        run(main());
        return true;
    });
    about_to_wait.wait();
    EXPECT_EQ(woken, 0);
    semaphore.release(4);
    for (Thread& thread : threads) thread.join();
    EXPECT_EQ(woken, 4);
    EXPECT_EQ(semaphore.value(), 0);
}

TYPED_TEST(AnySemaphore, APermitGoesToTheLongestWaitingAndNobodyOvertakes) {
    std::vector<int> order;
    run([](std::vector<int>& order) -> Task<void> {
        TypeParam semaphore(2);
        co_await semaphore.async_acquire();
        co_await semaphore.async_acquire();
        const auto waits = [&](int number) -> Task<void> {
            co_await semaphore.async_acquire();
            order.push_back(number);
        };
        const auto body = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 3; ++i) group.create_task(waits(i));
            co_await yield_now();
            semaphore.release();
            EXPECT_FALSE(semaphore.try_acquire()) << "overtaken";
            semaphore.release();
            EXPECT_FALSE(semaphore.try_acquire()) << "overtaken";
            co_await yield_now();
            EXPECT_EQ(order, (std::vector<int>{0, 1}));
            semaphore.release(2);
            EXPECT_EQ(semaphore.value(), 1);  // one was for the third
        };
        co_await task_group(body);
    }(order));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

template <class S, class Wait>
void expect_cancelled(Wait wait) {
    S semaphore(1);
    semaphore.acquire();
    std::latch about_to_wait(1);
    Thread thread([&] {
        about_to_wait.count_down();
        wait(semaphore);
    });
    about_to_wait.wait();
    thread.cancel("enough");
    try {
        thread.join();
        ADD_FAILURE() << "a permit came from nowhere";
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "enough");
    }
    EXPECT_EQ(semaphore.value(), 0);
    semaphore.release();
    EXPECT_TRUE(semaphore.try_acquire()) << "the permit went to who had been cancelled";
}

TYPED_TEST(AnySemaphore, ACancelledWaitTakesNothing) {
    expect_cancelled<TypeParam>([](TypeParam& semaphore) { semaphore.acquire(); });
    expect_cancelled<TypeParam>([](TypeParam& semaphore) { (void)semaphore.try_acquire_for(1h); });
    expect_cancelled<TypeParam>([](TypeParam& semaphore) { (void)semaphore.try_acquire_until(now() + 1h); });
    run([]() -> Task<void> {
        TypeParam semaphore(1);
        semaphore.acquire();
        const auto waits = [&]() -> Task<void> { co_await semaphore.async_acquire(); };
        auto task = create_task(waits());
        co_await yield_now();
        task.cancel();
        co_await yield_now();  // the cancellation has ended the wait, and the task has not yet gone on
        semaphore.release();
        while (!task.done()) co_await yield_now();
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(semaphore.value(), 1);
    }());
}

// Whose acquire() has returned may destroy the semaphore, though release() has not. (For the sanitizers to judge.)
TYPED_TEST(AnySemaphore, MayBeDestroyedByTheWokenWaiter) {
    const test::StressTime time;
    for (unsigned i = 0; time.left(); ++i) {
        auto semaphore = std::make_unique<TypeParam>(1);
        TypeParam& shared = *semaphore;
        shared.acquire();
        std::latch both(2);
        std::thread waiter([&] {
            both.arrive_and_wait();
            if (i % 3 == 0) {
                const auto main = [&]() -> Task<void> { co_await semaphore->async_acquire(); };
                run(main());
            } else if (i % 3 == 1) {
                while (!semaphore->try_acquire_for(10us)) continue;
            } else {
                semaphore->acquire();
            }
            semaphore.reset();
        });
        both.arrive_and_wait();
        shared.release();
        waiter.join();
    }
}

// No more than kPermits are ever held, and in the end all are there, though waits end by time-outs and cancellations,
// and permits come back several at once.
TYPED_TEST(AnySemaphore, NeitherLosesNorMakesPermitsUnderRaces) {
    constexpr int kPermits = 3;
    TypeParam semaphore(kPermits);
    std::atomic<int> held{0};
    std::atomic<long> taken{0}, cancelled{0};
    const test::StressTime time;
    const auto hold = [&](int count) {
        EXPECT_LE(held += count, kPermits);
        ++taken;
        if (taken % 16 == 0) std::this_thread::yield();
        held -= count;
        semaphore.release(count);
    };
    const auto in_thread = [&](unsigned seed) {
        for (unsigned i = seed; time.left(); ++i) {
            if (!semaphore.try_acquire_for(std::chrono::microseconds(i * 13 % 60))) continue;
            hold(semaphore.try_acquire() ? 2 : 1);
        }
    };
    const auto cancelled_threads = [&] {
        while (time.left()) {
            Thread waiter([&] {
                semaphore.acquire();
                hold(1);
            });
            std::this_thread::yield();
            waiter.cancel();
            try {
                waiter.join();
            } catch (const CancelledError&) {
                ++cancelled;
            }
        }
    };
    const auto takes = [&]() -> Task<void> {
        co_await semaphore.async_acquire();
        hold(1);
    };
    const auto in_task = [&](unsigned seed) -> Task<void> {
        for (unsigned i = seed; time.left(); ++i) {
            auto task = create_task(takes());
            for (unsigned turn = 0; turn < i % 3; ++turn) co_await yield_now();
            if (i % 2) task.cancel();
            while (!task.done()) co_await yield_now();
        }
    };
    const auto body = [&](TaskGroup& group) -> Task<void> {
        for (unsigned i = 0; i < 4; ++i) group.create_task(in_task(i));
        co_return;
    };
    std::vector<Thread> threads;
    for (unsigned i = 0; i < 2; ++i) threads.emplace_back(in_thread, i);
    threads.emplace_back(cancelled_threads);
    threads.emplace_back([&] {
        const auto main = [&]() -> Task<void> { co_await task_group(body); };
        run(main());
    });
    for (Thread& thread : threads) thread.join();
    EXPECT_GT(taken, 0);
    EXPECT_EQ(semaphore.value(), kPermits);
}

TEST(Semaphore, HasAsManyAsAreReleased) {
    Semaphore semaphore(0);
    EXPECT_FALSE(semaphore.try_acquire());
    semaphore.release(3);
    semaphore.release();
    semaphore.release(0);
    EXPECT_EQ(semaphore.value(), 4);
    EXPECT_THROW(semaphore.release(-1), std::invalid_argument);
    EXPECT_THROW(semaphore.release(std::numeric_limits<std::ptrdiff_t>::max()), std::logic_error);
    EXPECT_EQ(semaphore.value(), 4);
    EXPECT_THROW(Semaphore(-1), std::invalid_argument);
}

TEST(BoundedSemaphore, NeverHasMoreThanAtFirst) {
    BoundedSemaphore semaphore(2);
    EXPECT_THROW(semaphore.release(), std::logic_error);
    semaphore.acquire();
    EXPECT_THROW(semaphore.release(2), std::logic_error);
    EXPECT_THROW(semaphore.release(3), std::logic_error);
    EXPECT_THROW(semaphore.release(-1), std::invalid_argument);
    EXPECT_EQ(semaphore.value(), 1) << "one of them gave something back";
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 2);
    EXPECT_THROW(BoundedSemaphore(-1), std::invalid_argument);
    BoundedSemaphore none(0);
    EXPECT_FALSE(none.try_acquire());
    EXPECT_THROW(none.release(), std::logic_error);
}

// Too many while somebody waits: nobody is woken by permits that do not exist.
TEST(BoundedSemaphore, TooManyAreRefusedWhileSomebodyWaits) {
    run([]() -> Task<void> {
        BoundedSemaphore semaphore(2);
        co_await semaphore.async_acquire();
        co_await semaphore.async_acquire();
        const auto waits = [&]() -> Task<void> { co_await semaphore.async_acquire(); };
        auto task = create_task(waits());
        co_await yield_now();
        EXPECT_THROW(semaphore.release(3), std::logic_error);
        for (int i = 0; i < 3; ++i) co_await yield_now();
        EXPECT_FALSE(task.done());
        semaphore.release(2);
        co_await task;
        EXPECT_EQ(semaphore.value(), 1);
        EXPECT_THROW(semaphore.release(2), std::logic_error);
    }());
}

}  // namespace
}  // namespace hocket
