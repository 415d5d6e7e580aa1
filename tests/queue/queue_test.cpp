// What every kind of queue promises, in all ways of waiting.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"
#include "hocket/threading.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// The same names for all queues: a priority that puts the items in the order of their arrival.
template <class T>
class PriorityAdapter {
public:
    explicit PriorityAdapter(std::size_t max_size = 0) : queue(max_size) {}
    void put(T item) { queue.put(std::move(item), 0); }
    bool try_put(T item) { return queue.try_put(std::move(item), 0); }
    bool put_for(T item, Duration limit) { return queue.put_for(std::move(item), 0, limit); }
    bool put_until(T item, TimePoint end) { return queue.put_until(std::move(item), 0, end); }
    auto async_put(T item) { return queue.async_put(std::move(item), 0); }
    PriorityQueue<T> queue;
};
template <class T, template <class> class Q>
class PlainAdapter {
public:
    explicit PlainAdapter(std::size_t max_size = 0) : queue(max_size) {}
    void put(T item) { queue.put(std::move(item)); }
    bool try_put(T item) { return queue.try_put(std::move(item)); }
    bool put_for(T item, Duration limit) { return queue.put_for(std::move(item), limit); }
    bool put_until(T item, TimePoint end) { return queue.put_until(std::move(item), end); }
    auto async_put(T item) { return queue.async_put(std::move(item)); }
    Q<T> queue;
};

template <class A>
class AnyQueue : public testing::Test {};
using Kinds = testing::Types<PlainAdapter<int, Queue>, PlainAdapter<int, LifoQueue>, PriorityAdapter<int>>;
TYPED_TEST_SUITE(AnyQueue, Kinds);

TYPED_TEST(AnyQueue, IsBounded) {
    TypeParam q(2);
    EXPECT_EQ(q.queue.max_size(), 2u);
    EXPECT_TRUE(q.queue.empty());
    EXPECT_TRUE(q.try_put(1));
    EXPECT_FALSE(q.queue.full());
    q.put(1);
    EXPECT_TRUE(q.queue.full());
    EXPECT_EQ(q.queue.size(), 2u);
    EXPECT_FALSE(q.try_put(2));
    EXPECT_FALSE(q.put_for(2, 1ms));
    EXPECT_FALSE(q.put_until(2, std::chrono::steady_clock::now() - 1s));
    EXPECT_EQ(q.queue.size(), 2u);
    EXPECT_EQ(q.queue.get(), 1);
    EXPECT_TRUE(q.put_for(1, 1h));
    EXPECT_EQ(q.queue.get_for(0s), 1);
    EXPECT_TRUE(q.put_until(1, std::chrono::steady_clock::now() + 1h));
}

TYPED_TEST(AnyQueue, IsUnboundedByDefault) {
    TypeParam q;
    EXPECT_EQ(q.queue.max_size(), 0u);
    for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(q.try_put(i));
    EXPECT_FALSE(q.queue.full());
    EXPECT_EQ(q.queue.size(), 10'000u);
    long sum = 0;
    while (const auto item = q.queue.try_get()) sum += *item;
    EXPECT_EQ(sum, 10'000L * 9'999 / 2);
}

TYPED_TEST(AnyQueue, GivesNothingWhenItIsEmpty) {
    TypeParam q;
    EXPECT_EQ(q.queue.try_get(), std::nullopt);
    const TimePoint start = std::chrono::steady_clock::now();
    EXPECT_EQ(q.queue.get_for(5ms), std::nullopt);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 5ms);
    EXPECT_EQ(q.queue.get_until(std::chrono::steady_clock::now() - 1s), std::nullopt);
    EXPECT_EQ(q.queue.get_for(-1s), std::nullopt);
}

TYPED_TEST(AnyQueue, ABlockedGetterGetsWhatIsPut) {
    TypeParam q;
    auto got = std::async(std::launch::async, [&] { return q.queue.get(); });
    auto timed = std::async(std::launch::async, [&] { return q.queue.get_for(1h); });
    q.put(7);
    q.put(7);
    EXPECT_EQ(got.get(), 7);
    EXPECT_EQ(timed.get(), 7);
}

TYPED_TEST(AnyQueue, ABlockedPutterGoesOnWhenThereIsRoom) {
    TypeParam q(1);
    q.put(1);
    auto put = std::async(std::launch::async, [&] { q.put(2); });
    auto timed = std::async(std::launch::async, [&] { return q.put_for(2, 1h); });
    EXPECT_EQ(put.wait_for(1ms), std::future_status::timeout);
    EXPECT_EQ(q.queue.get(), 1);
    EXPECT_EQ(q.queue.get(), 2);
    EXPECT_EQ(q.queue.get(), 2);
    put.get();
    EXPECT_TRUE(timed.get());
}

TYPED_TEST(AnyQueue, TasksWaitForItemsAndForRoom) {
    TypeParam q(1);
    const auto puts = [](TypeParam& q) -> Task<void> {
        for (int i = 0; i < 100; ++i) co_await q.async_put(i);
    };
    const auto gets = [](TypeParam& q) -> Task<int> {
        int wrong = 0;
        for (int i = 0; i < 100; ++i) {
            const int item = co_await q.queue.async_get();
            wrong += item != i;
        }
        co_return wrong;
    };
    auto both = [&](TypeParam& q) -> Task<int> {
        auto [nothing, wrong] = co_await gather(puts(q), gets(q));
        co_return wrong;
    };
    EXPECT_EQ(run(both(q)), 0);
}

TYPED_TEST(AnyQueue, JoinWaitsUntilEverythingIsDone) {
    TypeParam q;
    q.queue.join();  // nothing was put
    q.put(1);
    q.put(2);
    (void)q.queue.get();
    (void)q.queue.get();
    EXPECT_FALSE(q.queue.join_for(1ms)) << "taken is not done";
    q.queue.task_done();
    EXPECT_FALSE(q.queue.join_until(std::chrono::steady_clock::now()));
    auto joined = std::async(std::launch::async, [&] { q.queue.join(); });
    auto task = std::async(std::launch::async,
                           [&] { run([](TypeParam& q) -> Task<void> { co_await q.queue.async_join(); }(q)); });
    EXPECT_EQ(joined.wait_for(1ms), std::future_status::timeout);
    EXPECT_EQ(task.wait_for(1ms), std::future_status::timeout);
    q.queue.task_done();
    joined.get();
    task.get();
    EXPECT_TRUE(q.queue.join_for(0s));
    EXPECT_THROW(q.queue.task_done(), std::logic_error);
}

TYPED_TEST(AnyQueue, CountsWhatIsHandedToAWaitingGetter) {
    TypeParam q;
    std::thread getter([&] { (void)q.queue.get(); });
    q.put(1);
    getter.join();
    EXPECT_FALSE(q.queue.join_for(0s));
    q.queue.task_done();
    EXPECT_TRUE(q.queue.join_for(0s));
}

TYPED_TEST(AnyQueue, AfterTheShutdownTheRestCanBeTaken) {
    TypeParam q;
    q.put(1);
    q.queue.shutdown();
    EXPECT_TRUE(q.queue.is_shut_down());
    EXPECT_THROW(q.put(1), QueueShutDown);
    EXPECT_THROW((void)q.try_put(1), QueueShutDown);
    EXPECT_THROW((void)q.put_for(1, 1h), QueueShutDown);
    EXPECT_EQ(q.queue.get(), 1);
    EXPECT_THROW((void)q.queue.get(), QueueShutDown);
    EXPECT_THROW((void)q.queue.try_get(), QueueShutDown);
    EXPECT_THROW((void)q.queue.get_for(1h), QueueShutDown);
    EXPECT_FALSE(q.queue.join_for(0s)) << "the item was taken, but is not done";
    q.queue.shutdown();
    q.queue.task_done();
    EXPECT_TRUE(q.queue.join_for(0s));
}

TYPED_TEST(AnyQueue, AnImmediateShutdownDropsTheRest) {
    TypeParam q;
    q.put(1);
    q.put(2);
    (void)q.queue.get();
    auto joined = std::async(std::launch::async, [&] { q.queue.join(); });
    q.queue.shutdown(true);
    EXPECT_THROW((void)q.queue.get(), QueueShutDown);
    EXPECT_EQ(q.queue.size(), 0u);
    EXPECT_EQ(joined.wait_for(1ms), std::future_status::timeout) << "one was taken and is not done";
    q.queue.task_done();
    joined.get();
    EXPECT_THROW(q.queue.task_done(), std::logic_error);
}

TYPED_TEST(AnyQueue, TheShutdownWakesAllWhoWait) {
    TypeParam empty;
    TypeParam full(1);
    full.put(1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] { EXPECT_THROW((void)empty.queue.get(), QueueShutDown); });
        threads.emplace_back([&] { EXPECT_THROW((void)empty.queue.get_for(1h), QueueShutDown); });
        threads.emplace_back([&] { EXPECT_THROW(full.put(2), QueueShutDown); });
        threads.emplace_back([&] {
            run([](TypeParam& empty) -> Task<void> {
                EXPECT_THROW(co_await empty.queue.async_get(), QueueShutDown);
            }(empty));
        });
        threads.emplace_back([&] {
            run([](TypeParam& full) -> Task<void> { EXPECT_THROW(co_await full.async_put(2), QueueShutDown); }(full));
        });
    }
    empty.queue.shutdown();
    full.queue.shutdown();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(full.queue.get(), 1);
    EXPECT_THROW((void)full.queue.get(), QueueShutDown);
}

TYPED_TEST(AnyQueue, IterationEndsWithTheShutdown) {
    TypeParam q;
    auto sum = std::async(std::launch::async, [&] {
        int sum = 0;
        for (int item : q.queue) sum += item;
        return sum;
    });
    for (int i = 1; i <= 100; ++i) q.put(i);
    q.queue.shutdown();
    EXPECT_EQ(sum.get(), 5050);
    for (int item : q.queue) ADD_FAILURE() << item;
}

TYPED_TEST(AnyQueue, ACancelledThreadHasTakenAndPutNothing) {
    TypeParam q(1);
    std::latch waits(1);
    Thread getter([&] {
        waits.count_down();
        (void)q.queue.get();
    });
    waits.wait();
    getter.cancel("enough");
    EXPECT_THROW(getter.join(), CancelledError);
    q.put(1);
    Thread putter([&] { q.put(2); });
    putter.cancel("enough");
    EXPECT_THROW(putter.join(), CancelledError);
    EXPECT_EQ(q.queue.try_get(), 1);
    EXPECT_EQ(q.queue.try_get(), std::nullopt);
    q.put(3);
    Thread joiner([&] { q.queue.join(); });
    joiner.cancel();
    EXPECT_THROW(joiner.join(), CancelledError);
    EXPECT_EQ(q.queue.try_get(), 3);
}

TYPED_TEST(AnyQueue, ATimedOutTaskHasTakenAndPutNothing) {
    TypeParam q(1);
    const auto gets = [](TypeParam& q) -> Task<void> { (void)co_await q.queue.async_get(); };
    const auto puts = [](TypeParam& q) -> Task<void> { co_await q.async_put(2); };
    const auto joins = [](TypeParam& q) -> Task<void> { co_await q.queue.async_join(); };
    auto body = [&]() -> Task<void> {
        EXPECT_THROW(co_await timeout(1ms, gets(q)), TimeoutError);
        co_await q.async_put(1);
        EXPECT_THROW(co_await timeout(1ms, puts(q)), TimeoutError);
        EXPECT_THROW(co_await timeout(1ms, joins(q)), TimeoutError);
    };
    run(body());
    EXPECT_EQ(q.queue.try_get(), 1);
    EXPECT_EQ(q.queue.try_get(), std::nullopt);
}

// ---- those who wait

TEST(QueueFairness, GettersAreServedInTheOrderInWhichTheyCame) {
    Queue<int> q;
    std::vector<int> got;
    auto getter = [](Queue<int>& q, std::vector<int>& got, int number) -> Task<void> {
        const int item = co_await q.async_get();
        EXPECT_EQ(item, number);
        got.push_back(number);
    };
    auto body = [&]() -> Task<void> {
        auto group_body = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 10; ++i) {
                (void)group.create_task(getter(q, got, i));
                co_await yield_now();
            }
            for (int i = 0; i < 10; ++i) q.put(i);
        };
        co_await task_group(group_body);
    };
    run(body());
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(QueueFairness, PuttersAreServedInTheOrderInWhichTheyCame) {
    Queue<int> q(1);
    q.put(-1);
    auto putter = [](Queue<int>& q, int number) -> Task<void> { co_await q.async_put(number); };
    auto body = [&]() -> Task<void> {
        auto group_body = [&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 10; ++i) {
                (void)group.create_task(putter(q, i));
                co_await yield_now();
            }
            for (int i = -1; i < 10; ++i) EXPECT_EQ(q.try_get(), i) << "room goes to the one who waits";
        };
        co_await task_group(group_body);
    };
    run(body());
    EXPECT_TRUE(q.empty());
}

TEST(QueueFairness, ACancelledGetterLosesItsPlace) {
    Queue<int> q;
    int got = 0;
    auto getter = [](Queue<int>& q, int& got) -> Task<void> { got = co_await q.async_get(); };
    auto body = [&]() -> Task<void> {
        int never = 0;
        Future<void> first = create_task(getter(q, never));
        Future<void> second = create_task(getter(q, got));
        co_await yield_now();
        first.cancel();
        EXPECT_THROW(co_await first, CancelledError);
        q.put(5);
        co_await second;
        EXPECT_EQ(never, 0);
    };
    run(body());
    EXPECT_EQ(got, 5);
}

TEST(QueueFairness, TheGetterOfTheLastItemMayDestroyTheQueue) {
    for (int i = 0; i < 1000; ++i) {
        auto q = std::make_unique<Queue<int>>(1);
        std::thread putter([&, queue = q.get()] { queue->put(1); });
        EXPECT_EQ(q->get(), 1);
        q.reset();
        putter.join();
    }
}

}  // namespace
}  // namespace hocket
