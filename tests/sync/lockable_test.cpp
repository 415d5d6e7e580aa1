// What every lock-like type promises, in both ways of waiting.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// The same names for locks and semaphores.
template <class L>
class LockAdapter {
public:
    void take() { lock.lock(); }
    bool try_take() { return lock.try_lock(); }
    template <class D>
    bool try_take_for(D limit) {
        return lock.try_lock_for(limit);
    }
    bool try_take_until(TimePoint when) { return lock.try_lock_until(when); }
    void give_back() { lock.unlock(); }
    Task<void> async_take() {
        auto guard = co_await lock.async_lock();
        guard.release();
    }
    L lock;
};
template <class S>
class SemaphoreAdapter {
public:
    void take() { semaphore.acquire(); }
    bool try_take() { return semaphore.try_acquire(); }
    template <class D>
    bool try_take_for(D limit) {
        return semaphore.try_acquire_for(limit);
    }
    bool try_take_until(TimePoint when) { return semaphore.try_acquire_until(when); }
    void give_back() { semaphore.release(); }
    Task<void> async_take() { co_await semaphore.async_acquire(); }
    S semaphore{1};
};
class SharedConditionAdapter {
public:
    void take() { condition.lock(); }
    bool try_take() { return condition.try_lock(); }
    template <class D>
    bool try_take_for(D limit) {
        return condition.try_lock_for(limit);
    }
    bool try_take_until(TimePoint when) { return condition.try_lock_until(when); }
    void give_back() { condition.unlock(); }
    Task<void> async_take() {
        auto guard = co_await condition.async_lock();
        guard.release();
    }
    RLock lock;
    Condition condition{lock};
};

template <class T>
class Lockable : public testing::Test {
protected:
    T lock;
};
using Kinds = testing::Types<LockAdapter<Lock>, LockAdapter<RLock>, LockAdapter<Condition>, SharedConditionAdapter,
                             SemaphoreAdapter<Semaphore>, SemaphoreAdapter<BoundedSemaphore>>;
TYPED_TEST_SUITE(Lockable, Kinds);

TYPED_TEST(Lockable, IsTakenByOneAtATime) {
    this->lock.take();
    std::thread([&] {
        EXPECT_FALSE(this->lock.try_take());
        EXPECT_FALSE(this->lock.try_take_for(1ms));
        EXPECT_FALSE(this->lock.try_take_until(std::chrono::steady_clock::now() - 1s));
    }).join();
    this->lock.give_back();
    std::thread([&] {
        EXPECT_TRUE(this->lock.try_take());
        this->lock.give_back();
        EXPECT_TRUE(this->lock.try_take_for(1h));
        this->lock.give_back();
        EXPECT_TRUE(this->lock.try_take_until(std::chrono::steady_clock::now() + 1h));
        this->lock.give_back();
    }).join();
}

TYPED_TEST(Lockable, ATaskWaitsForAThreadAndAThreadForATask) {
    this->lock.take();
    std::latch wants(1), has(1);
    std::atomic<bool> task_has_it{false};
    std::thread loop([&] {
        run([](TypeParam& lock, std::latch& wants, std::latch& has, std::atomic<bool>& task_has_it) -> Task<void> {
            wants.count_down();
            co_await lock.async_take();
            task_has_it = true;
            has.count_down();
            for (int i = 0; i < 1000; ++i) co_await yield_now();
            task_has_it = false;
            lock.give_back();
        }(this->lock, wants, has, task_has_it));
    });
    wants.wait();
    EXPECT_FALSE(task_has_it);
    this->lock.give_back();
    has.wait();
    this->lock.take();
    EXPECT_FALSE(task_has_it) << "the thread did not wait for the task";
    this->lock.give_back();
    loop.join();
}

template <class T>
Task<void> take_and_note(T& lock, int number, std::vector<int>& order) {
    co_await lock.async_take();
    order.push_back(number);
    lock.give_back();
}

TYPED_TEST(Lockable, TasksAreServedInTheOrderOfTheirArrival) {
    std::vector<int> order;
    run([](TypeParam& lock, std::vector<int>& order) -> Task<void> {
        co_await lock.async_take();
        const auto body = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 5; ++i) group.create_task(take_and_note(lock, i, order));
            co_await yield_now();
            lock.give_back();
        };
        co_await task_group(body);
    }(this->lock, order));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TYPED_TEST(Lockable, ACancelledWaitTakesNothingAndTheNextIsServed) {
    std::vector<int> order;
    run([](TypeParam& lock, std::vector<int>& order) -> Task<void> {
        co_await lock.async_take();
        auto first = create_task(take_and_note(lock, 1, order));
        auto second = create_task(take_and_note(lock, 2, order));
        co_await yield_now();
        first.cancel();
        co_await yield_now();  // the cancellation has ended the wait, and the task has not yet gone on
        lock.give_back();
        co_await second;
        EXPECT_TRUE(first.cancelled());
    }(this->lock, order));
    EXPECT_EQ(order, (std::vector<int>{2}));
    EXPECT_TRUE(this->lock.try_take());
    this->lock.give_back();
}

TYPED_TEST(Lockable, ATaskGivesUpWhenItsTimeIsUp) {
    run([](TypeParam& lock) -> Task<void> {
        co_await lock.async_take();
        const auto wants = [](TypeParam& lock) -> Task<void> { co_await timeout(1ms, lock.async_take()); };
        auto other = create_task(wants(lock));
        bool timed_out = false;
        try {
            co_await other;
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        lock.give_back();
        EXPECT_TRUE(lock.try_take());
        lock.give_back();
    }(this->lock));
}

TYPED_TEST(Lockable, ACancelledThreadGetsCancelledError) {
    this->lock.take();
    detail::ThreadCanceller canceller;
    std::latch ready(1);
    bool cancelled = false;
    std::thread thread([&] {
        detail::ThreadCanceller::install(&canceller);
        ready.count_down();
        try {
            this->lock.take();
        } catch (const CancelledError&) {
            cancelled = true;
        }
        detail::ThreadCanceller::install(nullptr);
    });
    ready.wait();
    canceller.cancel();
    thread.join();
    EXPECT_TRUE(cancelled);
    this->lock.give_back();
    EXPECT_TRUE(this->lock.try_take());
    this->lock.give_back();
}

// Threads and tasks of two loops add to a plain counter; time-outs and cancellations race with the wake-ups.
TYPED_TEST(Lockable, NeverHasTwoOwnersAndLosesNoWakeUp) {
    constexpr int kTasks = 8;
    long counter = 0;
    std::atomic<long> expected{0};
    const test::StressTime time;
    const auto in_thread = [&] {
        for (unsigned i = 0; time.left(); ++i) {
            if (i % 3 == 0) {
                if (!this->lock.try_take_for(std::chrono::microseconds(i % 50))) continue;
            } else {
                this->lock.take();
            }
            ++counter;
            this->lock.give_back();
            ++expected;
        }
    };
    const auto in_task = [&](unsigned seed) -> Task<void> {
        for (unsigned i = seed; time.left(); ++i) {
            bool taken = true;
            try {
                if (i % 4 == 0) {
                    co_await timeout(std::chrono::microseconds(i % 30), this->lock.async_take());
                } else {
                    co_await this->lock.async_take();
                }
            } catch (const TimeoutError&) {
                taken = false;
            }
            if (!taken) continue;
            const long before = counter;
            if (i % 2) co_await yield_now();
            EXPECT_EQ(counter, before);
            ++counter;
            this->lock.give_back();
            ++expected;
            co_await yield_now();
        }
    };
    const auto in_loop = [&](TaskGroup& group) -> Task<void> {
        for (unsigned i = 0; i < kTasks; ++i) group.create_task(in_task(i));
        co_return;
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back(in_thread);
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
            const auto main = [&]() -> Task<void> { co_await task_group(in_loop); };
            run(main());
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counter, expected);
    EXPECT_GT(counter, 0);
    EXPECT_TRUE(this->lock.try_take());
    this->lock.give_back();
}

// Threads that are cancelled at any moment: each has had the lock or has got CancelledError, and whoever is next in
// line is not forgotten.
TYPED_TEST(Lockable, LosesNoWakeUpToAThreadThatIsCancelled) {
    long counter = 0;
    std::atomic<long> expected{0}, cancelled{0};
    const test::StressTime time;
    const auto count = [&] {
        ++counter;
        if (counter % 4 == 0) std::this_thread::yield();  // so that there is a line
        this->lock.give_back();
        ++expected;
    };
    const auto cancels = [&](unsigned seed) {
        for (unsigned i = seed; time.left(); ++i) {
            Thread waiter([&] {
                for (;;) {
                    this->lock.take();
                    count();
                    this_thread::check_cancelled();
                }
            });
            for (unsigned turn = 0; turn < i % 5; ++turn) std::this_thread::yield();
            waiter.cancel();
            EXPECT_THROW(waiter.join(), CancelledError);
            ++cancelled;
        }
    };
    const auto goes_on = [&] {
        while (time.left()) {
            this->lock.take();
            count();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i) threads.emplace_back(cancels, i);
    threads.emplace_back(goes_on);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counter, expected);
    EXPECT_GT(cancelled, 0);
    EXPECT_TRUE(this->lock.try_take());
    this->lock.give_back();
}

}  // namespace
}  // namespace hocket
