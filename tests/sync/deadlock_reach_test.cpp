// Circles that are hard to see, and waits that only look like circles.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/futures.hpp"
#include "hocket/queue.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading/cancel_shield.hpp"
#include "hocket/threading/thread.hpp"
#include "sync/graph_links.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(DeadlockReach, AJoinOfAThreadWhoseLoopWaitsForTheJoinerIsOne) {
    Lock lock("printer");
    lock.lock();
    std::atomic<detail::PartyId> task{0};
    const auto body = [&]() -> Task<void> {
        task = detail::current_party();
        task.notify_one();
        auto guard = co_await lock.async_lock();
    };
    Thread thread([&] { run(body()); });
    task.wait(0);
    test::await_waiting(task);
    try {
        thread.join();
        FAIL() << "it ended although its task waits for our lock";
    } catch (const DeadlockError& error) {
        EXPECT_NE(std::string(error.what()).find("runs an event loop until there is"), std::string::npos)
            << error.what();
    }
    lock.unlock();
    thread.join();
}

TEST(DeadlockReach, AMainTaskThatWantsALockOfItsThreadIsOne) {
    Lock lock("printer");
    lock.lock();
    const auto body = [&]() -> Task<void> { auto guard = co_await lock.async_lock(); };
    EXPECT_THROW(run(body()), DeadlockError);
    lock.unlock();
}

TEST(DeadlockReach, AThreadThatHelpsIsFoundAlthoughItHasNeverAskedForItsId) {
    ThreadPoolOptions options;
    options.max_workers = 1;
    options.waiters_help = true;
    ThreadPool pool(options);
    Event begun, go_on;
    const auto busy = pool.submit([&] {
        begun.set();
        go_on.wait();
    });
    begun.wait();
    Lock lock("printer");
    lock.lock();
    std::atomic<detail::PartyId> job{0};
    Thread thread([&] {
        pool.submit([&] {  // run by this thread itself, which waits for it
                job = detail::current_party();
                job.notify_one();
                lock.lock();
                lock.unlock();
            })
            .result();
    });
    job.wait(0);
    test::await_waiting(job);
    EXPECT_THROW(thread.join(), DeadlockError);
    lock.unlock();
    thread.join();
    go_on.set();
    busy.result();
}

TEST(DeadlockReach, AWaitThatGetsATimeLimitIsNoPartOfOne) {
    VirtualClock clock;
    Lock first("first"), second("second");
    CancelScope* scope_of_waiter = nullptr;
    bool gave_up = false;
    const auto impatient = [&]() -> Task<void> {
        auto guard = co_await first.async_lock();
        CancelScope scope;
        scope_of_waiter = &scope;
        try {
            auto other = co_await second.async_lock();
        } catch (const CancelledError&) {
            gave_up = true;
        }
    };
    const auto patient = [&]() -> Task<void> {
        auto guard = co_await second.async_lock();
        for (int turn = 0; turn < 10; ++turn) co_await yield_now();  // by then the other one waits
        scope_of_waiter->set_deadline(EventLoop::current().time() + 20ms);
        auto other = co_await first.async_lock();  // would close a circle, if the other one waited for ever
    };
    const auto body = [&]() -> Task<void> { co_await gather(patient(), impatient()); };
    run(body(), {.clock = &clock});
    EXPECT_TRUE(gave_up);
}

TEST(DeadlockReach, ATimeLimitReachesTheWaitsOfChildren) {
    VirtualClock clock;
    Lock first("first"), second("second");
    CancelScope* scope_of_waiter = nullptr;
    const auto wants_second = [&]() -> Task<void> { auto guard = co_await second.async_lock(); };
    const auto impatient = [&]() -> Task<void> {
        auto guard = co_await first.async_lock();
        CancelScope scope;
        scope_of_waiter = &scope;
        try {
            co_await gather(wants_second());
        } catch (const CancelledError&) {
        }
    };
    const auto patient = [&]() -> Task<void> {
        auto guard = co_await second.async_lock();
        for (int turn = 0; turn < 10; ++turn) co_await yield_now();  // by then the other one waits
        scope_of_waiter->set_deadline(EventLoop::current().time() + 20ms);
        auto other = co_await first.async_lock();
    };
    const auto body = [&]() -> Task<void> { co_await gather(patient(), impatient()); };
    run(body(), {.clock = &clock});
}

TEST(Cancellation, EndsAThreadWhoseCallsHaveNoNeedToWait) {
    Queue<int> queue;
    for (int i = 0; i < 100; ++i) queue.put(i);
    int taken = 0;
    Thread thread;
    Event begun, cancelled;
    thread = Thread([&] {
        for ([[maybe_unused]] const int item : queue) {
            ++taken;
            begun.set();
            const CancelShield shield;
            cancelled.wait();
        }
    });
    begun.wait();
    thread.cancel();
    cancelled.set();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(queue.size(), 99u);
}

// Threads that wait for a lock one after another, in this order.
class Line {
public:
    explicit Line(Lock& lock, int length) : lock_(lock) {
        for (int i = 0; i < length; ++i) {
            threads_.emplace_back([this, i] {
                const std::scoped_lock guard(lock_);
                order_.push_back(i);
            });
            test::await_waiting(threads_.back().id());
            test::await_asleep(threads_.back().native_id());
        }
    }
    const std::vector<int>& order_of_owners() {
        for (Thread& thread : threads_) thread.join();
        return order_;
    }

    /// While holding the lock.
    const std::vector<int>& order() const { return order_; }

private:
    Lock& lock_;
    std::vector<int> order_;
    std::vector<Thread> threads_;
};

TEST(LockOfThreads, IsForThoseWhoHaveWaitedLongestFirst) {
    Lock lock;
    lock.lock();
    Line line(lock, 5);
    lock.unlock();
    EXPECT_EQ(line.order_of_owners(), (std::vector{0, 1, 2, 3, 4}));
}

TEST(LockOfThreads, IsHandedToAThreadThatHasWaitedForLong) {
    Lock lock;
    lock.lock();
    Line line(lock, 1);
    std::this_thread::sleep_for(5ms);  // ten times as long as others may overtake it
    lock.unlock();
    const bool overtook = lock.try_lock();
    const bool first = overtook && line.order().empty();
    if (overtook) lock.unlock();
    EXPECT_FALSE(first) << "it was overtaken";
    EXPECT_EQ(line.order_of_owners().size(), 1u);
}

}  // namespace
}  // namespace hocket
