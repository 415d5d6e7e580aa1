#include "hocket/core/detail/wait_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "core/test_loop.hpp"

namespace hocket::detail {
namespace {

using test::Job;
using test::QueueWait;
using test::TestLoop;
using namespace std::chrono_literals;

constexpr TimePoint kPast = TimePoint(1ns);

bool not_ready() { return false; }

// Waits in `queue` and notes how that ended.
Job wait_in(WaitQueue& queue, std::optional<WaitOutcome>& outcome, TimePoint deadline = kNever) {
    QueueWait wait(queue, not_ready, deadline);
    outcome = co_await wait;
}

class OwnWaiter final : public ThreadWaiter {};

// A thread that waits in a queue. When the constructor returns, it is in the queue.
class WaitingThread {
public:
    explicit WaitingThread(WaitQueue& queue) {
        std::binary_semaphore arrived(0);
        thread_ = std::thread([&queue, &arrived, this] {
            ThreadCanceller* before = ThreadCanceller::install(&canceller_);
            waiter_ = std::make_unique<OwnWaiter>();
            // Whoever takes the queue's lock after this finds the waiter inside.
            queue.push_unless(*waiter_, [&] {
                arrived.release();
                return false;
            });
            outcome_ = waiter_->park();
            ThreadCanceller::install(before);
        });
        arrived.acquire();
    }
    ThreadWaiter* waiter() const { return waiter_.get(); }
    void cancel() { canceller_.cancel(); }
    WaitOutcome join() {
        thread_.join();
        return outcome_;
    }

private:
    ThreadCanceller canceller_;
    std::unique_ptr<OwnWaiter> waiter_;
    WaitOutcome outcome_ = WaitOutcome::waiting;
    std::thread thread_;
};

// Waits like wait_in(), where the test can see the waiter.
Job wait_with(QueueWait<bool (*)()>& wait, std::optional<WaitOutcome>& outcome) { outcome = co_await wait; }

TEST(WaitQueue, WakesThreadsAndCoroutinesInTheOrderOfTheirArrival) {
    WaitQueue queue;
    TestLoop loop;
    std::optional<WaitOutcome> first, third;
    QueueWait first_wait(queue, not_ready), third_wait(queue, not_ready);
    loop.spawn(wait_with(first_wait, first));
    loop.run_ready();
    WaitingThread second(queue);
    loop.spawn(wait_with(third_wait, third));
    loop.run_ready();
    WaitingThread fourth(queue);

    std::vector<Waiter*> popped;
    {
        WaitQueue::Lock lock(queue);
        while (Waiter* waiter = lock.pop()) popped.push_back(waiter);
    }
    EXPECT_EQ(popped, (std::vector<Waiter*>{&first_wait, second.waiter(), &third_wait, fourth.waiter()}));
    for (Waiter* waiter : popped) waiter->wake();
    EXPECT_EQ(second.join(), WaitOutcome::woken);
    EXPECT_EQ(fourth.join(), WaitOutcome::woken);
    loop.run();
    EXPECT_EQ(first, WaitOutcome::woken);
    EXPECT_EQ(third, WaitOutcome::woken);
}

TEST(WaitQueue, AddsNobodyWhoNeedNotWait) {
    WaitQueue queue;
    ThreadWaiter waiter;
    EXPECT_FALSE(queue.push_unless(waiter, [] { return true; }));
    EXPECT_FALSE(queue.has_waiters());
    EXPECT_EQ(waiter.outcome(), WaitOutcome::waiting);
    EXPECT_TRUE(queue.push_unless(waiter, not_ready));
    EXPECT_TRUE(queue.has_waiters());
    EXPECT_TRUE(queue.wake_one());
    EXPECT_EQ(waiter.park(), WaitOutcome::woken);
}

TEST(WaitQueue, DecidesUnderItsLock) {
    WaitQueue queue;
    bool woke = false;
    ThreadWaiter waiter;
    std::thread waker;
    std::binary_semaphore about_to_wake(0);
    queue.push_unless(waiter, [&] {
        waker = std::thread([&] {
            about_to_wake.release();
            woke = queue.wake_one();  // finds the waiter, however early it comes
        });
        about_to_wake.acquire();
        return false;
    });
    EXPECT_EQ(waiter.park(), WaitOutcome::woken);
    waker.join();
    EXPECT_TRUE(woke);
}

TEST(WaitQueue, IsUnlockedWhenTheConditionThrows) {
    WaitQueue queue;
    ThreadWaiter waiter;
    EXPECT_THROW(queue.push_unless(waiter, []() -> bool { throw 1; }), int);
    EXPECT_FALSE(queue.wake_one());
}

TEST(WaitQueue, HasNobodyToWakeWhenItIsEmpty) {
    WaitQueue queue;
    EXPECT_FALSE(queue.has_waiters());
    EXPECT_FALSE(queue.wake_one());
    queue.wake_all();
    WaitQueue::Lock lock(queue);
    EXPECT_TRUE(lock.empty());
    EXPECT_EQ(lock.pop(), nullptr);
    WaitQueue::wake_all(lock.pop_all());
}

TEST(WaitQueue, WakesAllThatWaitNowInTheirOrder) {
    WaitQueue queue;
    TestLoop loop;
    std::vector<int> order;
    const auto waits_twice = [](WaitQueue& queue, std::vector<int>& order, int number) -> Job {
        for (int round = 0; round < 2; ++round) {
            QueueWait wait(queue, not_ready);
            co_await wait;
            order.push_back(number);
        }
    };
    for (int number = 0; number < 3; ++number) loop.spawn(waits_twice(queue, order, number));
    loop.run_ready();
    queue.wake_all();
    EXPECT_FALSE(queue.has_waiters());
    loop.run_ready();
    EXPECT_EQ(order, (std::vector{0, 1, 2}));  // those who wait again were not woken again
    queue.wake_all();
    loop.run();
    EXPECT_EQ(order, (std::vector{0, 1, 2, 0, 1, 2}));
}

// Tasks of the loop that wakes go to its run queue as one; those of others and threads one by one.
TEST(WaitQueue, WakesTasksOfSeveralLoopsAndThreadsTogether) {
    for (const bool with_other : {false, true}) {
        for (const bool with_thread : {false, true}) {
            WaitQueue queue;
            TestLoop loop, other_loop;
            std::vector<int> order;
            std::optional<WaitOutcome> of_other;
            const auto waits = [](WaitQueue& queue, std::vector<int>& order, int number) -> Job {
                QueueWait wait(queue, not_ready);
                const WaitOutcome outcome = co_await wait;
                order.push_back(outcome == WaitOutcome::woken ? number : -number);
            };
            const auto wakes = [](WaitQueue& queue, std::vector<int>& order) -> Job {
                queue.wake_all();
                order.push_back(0);
                co_return;
            };
            loop.spawn(waits(queue, order, 1));
            TaskContext& cancelled = loop.spawn(waits(queue, order, 2));
            loop.run_ready();
            if (with_other) other_loop.spawn(wait_in(queue, of_other));
            other_loop.run_ready();
            std::optional<WaitingThread> thread;
            if (with_thread) thread.emplace(queue);
            loop.spawn(waits(queue, order, 3));
            loop.run_ready();
            cancelled.cancel_all("");
            loop.spawn(wakes(queue, order));
            loop.run();
            other_loop.run();
            EXPECT_EQ(order, (std::vector{-2, 0, 1, 3}));
            EXPECT_EQ(of_other.has_value(), with_other);
            EXPECT_EQ(of_other.value_or(WaitOutcome::woken), WaitOutcome::woken);
            EXPECT_EQ(thread ? thread->join() : WaitOutcome::woken, WaitOutcome::woken);
            EXPECT_FALSE(queue.has_waiters());
        }
    }
}

TEST(WaitQueue, WakesOneAtATime) {
    WaitQueue queue;
    TestLoop loop;
    std::optional<WaitOutcome> first, second;
    loop.spawn(wait_in(queue, first));
    loop.spawn(wait_in(queue, second));
    loop.run_ready();
    EXPECT_TRUE(queue.wake_one());
    loop.run_ready();
    EXPECT_EQ(first, WaitOutcome::woken);
    EXPECT_FALSE(second.has_value());
    EXPECT_TRUE(queue.wake_one());
    EXPECT_FALSE(queue.wake_one());
    loop.run();
    EXPECT_EQ(second, WaitOutcome::woken);
}

TEST(WaitQueue, PassesOverAWaiterThatWasCancelledOrTimedOut) {
    WaitQueue queue;
    TestLoop loop;
    std::optional<WaitOutcome> late, cancelled, next;
    loop.spawn(wait_in(queue, late, kPast));
    TaskContext& task = loop.spawn(wait_in(queue, cancelled));
    loop.spawn(wait_in(queue, next));
    loop.run_ready();
    EXPECT_EQ(late, WaitOutcome::timed_out);
    task.cancel_all("no longer needed");
    WaitingThread thread(queue);
    thread.cancel();
    EXPECT_EQ(thread.join(), WaitOutcome::cancelled);

    EXPECT_TRUE(queue.wake_one());
    EXPECT_FALSE(queue.wake_one());
    loop.run();
    EXPECT_EQ(cancelled, WaitOutcome::cancelled);
    EXPECT_EQ(next, WaitOutcome::woken);
}

TEST(WaitQueue, TakesOutAnyWaiterInTheMiddle) {
    // All subsets of five waiters are cancelled; the others are woken in their order.
    const auto waits = [](WaitQueue& queue, std::vector<unsigned>& woken, unsigned number) -> Job {
        QueueWait wait(queue, not_ready);
        const WaitOutcome outcome = co_await wait;
        if (outcome == WaitOutcome::woken) woken.push_back(number);
    };
    for (unsigned subset = 0; subset < 32; ++subset) {
        WaitQueue queue;
        TestLoop loop;
        std::vector<unsigned> woken, expected;
        std::vector<TaskContext*> tasks;
        for (unsigned i = 0; i < 5; ++i) tasks.push_back(&loop.spawn(waits(queue, woken, i)));
        loop.run_ready();
        for (unsigned i = 0; i < 5; ++i) {
            if (subset >> i & 1) {
                tasks[i]->cancel_all("");
            } else {
                expected.push_back(i);
            }
        }
        queue.wake_all();
        loop.run();
        EXPECT_EQ(woken, expected);
    }
}

TEST(WaitQueue, AWaitEndsInOneWayOnly) {
    WaitQueue queue;
    TestLoop loop;
    std::optional<WaitOutcome> outcome;
    TaskContext& task = loop.spawn(wait_in(queue, outcome));
    loop.run_ready();
    Waiter* popped = nullptr;
    {
        WaitQueue::Lock lock(queue);
        popped = lock.pop();
    }
    task.cancel_all("too late");
    EXPECT_EQ(popped->outcome(), WaitOutcome::woken);
    popped->interrupt(WaitOutcome::timed_out);
    EXPECT_EQ(popped->outcome(), WaitOutcome::woken);
    loop.run_ready();
    EXPECT_FALSE(outcome.has_value());  // and it goes on only when the one who ended the wait says so
    popped->wake();
    loop.run();
    EXPECT_EQ(outcome, WaitOutcome::woken);
}

TEST(WaitQueue, ACoroutineInACancelledScopeDoesNotWait) {
    WaitQueue queue;
    TestLoop loop;
    std::optional<WaitOutcome> outcome;
    loop.spawn(wait_in(queue, outcome)).cancel_all("at once");
    loop.run_ready();
    EXPECT_EQ(outcome, WaitOutcome::cancelled);
    EXPECT_FALSE(queue.has_waiters());
}

TEST(ThreadWaiter, TimesOutAtItsDeadline) {
    WaitQueue queue;
    for (const TimePoint deadline : {kPast, TimePoint::min(), std::chrono::steady_clock::now() + 1ms}) {
        ThreadWaiter waiter;
        queue.push_unless(waiter, not_ready);
        EXPECT_EQ(waiter.park(deadline), WaitOutcome::timed_out);
        EXPECT_GE(std::chrono::steady_clock::now(), deadline);
        EXPECT_FALSE(queue.has_waiters());
    }
}

TEST(ThreadWaiter, WasWokenEvenIfTheDeadlineHasPassedToo) {
    WaitQueue queue;
    ThreadWaiter waiter;
    queue.push_unless(waiter, not_ready);
    EXPECT_TRUE(queue.wake_one());
    EXPECT_EQ(waiter.park(kPast), WaitOutcome::woken);
}

TEST(ThreadCanceller, EndsTheWaitThatItsThreadIsIn) {
    WaitQueue queue;
    WaitingThread thread(queue);
    thread.cancel();
    EXPECT_EQ(thread.join(), WaitOutcome::cancelled);
    EXPECT_FALSE(queue.has_waiters());
}

TEST(ThreadCanceller, EndsEachWaitUntilCleared) {
    ThreadCanceller canceller;
    EXPECT_EQ(ThreadCanceller::current(), nullptr);
    ThreadCanceller* before = ThreadCanceller::install(&canceller);
    EXPECT_EQ(before, nullptr);
    EXPECT_EQ(ThreadCanceller::current(), &canceller);
    WaitQueue queue;
    const auto wait = [&] {
        ThreadWaiter waiter;
        queue.push_unless(waiter, not_ready);
        const WaitOutcome outcome = waiter.park(kPast);
        EXPECT_FALSE(queue.has_waiters());
        return outcome;
    };
    EXPECT_EQ(wait(), WaitOutcome::timed_out);
    canceller.cancel();
    EXPECT_TRUE(canceller.cancelled());
    EXPECT_EQ(wait(), WaitOutcome::cancelled);
    EXPECT_EQ(wait(), WaitOutcome::cancelled);
    canceller.clear();
    EXPECT_FALSE(canceller.cancelled());
    EXPECT_EQ(wait(), WaitOutcome::timed_out);
    EXPECT_EQ(ThreadCanceller::install(before), &canceller);
    canceller.cancel();
    EXPECT_EQ(wait(), WaitOutcome::timed_out);  // no longer responsible for this thread
}

TEST(ThreadCanceller, DoesNotTakeBackAWakeUp) {
    ThreadCanceller canceller;
    ThreadCanceller* before = ThreadCanceller::install(&canceller);
    WaitQueue queue;
    ThreadWaiter waiter;
    queue.push_unless(waiter, not_ready);
    EXPECT_TRUE(queue.wake_one());
    canceller.cancel();
    EXPECT_EQ(waiter.park(), WaitOutcome::woken);
    ThreadCanceller::install(before);
}

}  // namespace
}  // namespace hocket::detail
