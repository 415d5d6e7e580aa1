// In which order items come out, and what they may be.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"

namespace hocket {
namespace {

TEST(Queue, IsFirstInFirstOut) {
    Queue<int> q;
    int next = 0, expected = 0;
    for (int round = 0; round < 100; ++round) {  // the ring grows and wraps
        for (int i = 0; i < 7; ++i) q.put(next++);
        for (int i = 0; i < 5; ++i) EXPECT_EQ(q.get(), expected++);
    }
    q.shutdown();
    for (int item : q) EXPECT_EQ(item, expected++);
    EXPECT_EQ(expected, next);
}

TEST(LifoQueue, IsLastInFirstOut) {
    LifoQueue<int> q;
    for (int i = 0; i < 3; ++i) q.put(i);
    EXPECT_EQ(q.get(), 2);
    q.put(3);
    EXPECT_EQ(q.get(), 3);
    EXPECT_EQ(q.get(), 1);
    EXPECT_EQ(q.get(), 0);
}

TEST(PriorityQueue, GivesTheHighestFirstAndEqualOnesInTheirOrder) {
    PriorityQueue<std::string> q;
    unsigned random = 1;
    for (int i = 0; i < 1000; ++i) {
        random = random * 1103515245 + 12345;
        const int priority = static_cast<int>(random >> 16) % 7;
        q.put(std::to_string(i), priority);
    }
    // Priorities by number, since the items are not told apart otherwise.
    std::vector<int> priorities(1000);
    random = 1;
    for (int& priority : priorities) {
        random = random * 1103515245 + 12345;
        priority = static_cast<int>(random >> 16) % 7;
    }
    std::size_t before = static_cast<std::size_t>(std::stoi(q.get()));
    for (int i = 1; i < 1000; ++i) {
        const auto item = static_cast<std::size_t>(std::stoi(q.get()));
        if (priorities[before] == priorities[item]) {
            EXPECT_LT(before, item);
        } else {
            EXPECT_GT(priorities[before], priorities[item]);
        }
        before = item;
    }
}

TEST(PriorityQueue, TakesAnyPriorityThatCanBeCompared) {
    PriorityQueue<int, std::pair<int, std::string>> q;
    q.put(1, {1, "b"});
    q.put(2, {1, "c"});
    q.put(3, {0, "z"});
    EXPECT_EQ(q.get(), 2);
    EXPECT_EQ(q.get(), 1);
    EXPECT_EQ(q.get(), 3);
}

TEST(PriorityQueue, AnItemThatWaitedForRoomTakesPartOnceItIsIn) {
    PriorityQueue<int> q(1);
    q.put(1, 1);
    auto putter = [](PriorityQueue<int>& q) -> Task<void> { co_await q.async_put(9, 9); };
    auto body = [&]() -> Task<void> {
        Future<void> put = create_task(putter(q));
        co_await yield_now();
        EXPECT_EQ(q.get(), 1);
        co_await put;
        EXPECT_EQ(q.get(), 9);
    };
    run(body());
}

TEST(QueueItems, NeedOnlyBeMovable) {
    const auto round_trip = [](auto& q) {
        q.put(std::make_unique<int>(1));
        EXPECT_EQ(*q.get(), 1);
        q.put(std::make_unique<int>(2));
        EXPECT_EQ(**q.try_get(), 2);
        q.put(std::make_unique<int>(3));
        q.shutdown();
        for (std::unique_ptr<int>& item : q) EXPECT_EQ(*item, 3);
    };
    Queue<std::unique_ptr<int>> fifo;
    round_trip(fifo);
    LifoQueue<std::unique_ptr<int>> lifo;
    round_trip(lifo);
    auto body = []() -> Task<int> {
        PriorityQueue<std::unique_ptr<int>> q;
        co_await q.async_put(std::make_unique<int>(4), 1);
        const std::unique_ptr<int> item = co_await q.async_get();
        co_return *item;
    };
    EXPECT_EQ(run(body()), 4);
}

TEST(QueueItems, AreGivenBackWhenTheyWereNotPut) {
    Queue<std::unique_ptr<int>> q(1);
    q.put(nullptr);
    auto item = std::make_unique<int>(1);
    EXPECT_FALSE(q.try_put(std::move(item)));
    ASSERT_TRUE(item);
    EXPECT_FALSE(q.put_for(std::move(item), std::chrono::milliseconds(1)));
    ASSERT_TRUE(item);
    q.shutdown();
    EXPECT_THROW(q.put(std::move(item)), QueueShutDown);
    EXPECT_TRUE(item);
}

// Counts its copies, and throws from its moves when told to.
class Fussy {
public:
    explicit Fussy(int value) : value(value) { ++alive; }
    Fussy(const Fussy& other) : value(other.value) {
        check();
        ++alive;
    }
    Fussy(Fussy&& other) noexcept(false) : value(other.value) {
        check();
        ++alive;
    }
    Fussy& operator=(Fussy&&) = default;
    ~Fussy() { --alive; }
    int value;
    inline static int alive = 0;
    inline static int moves_left = 1000;

private:
    static void check() {
        if (--moves_left < 0) throw std::runtime_error("moved too often");
    }
};

TEST(QueueItems, OneThatThrowsOnItsWayInWasNotPut) {
    Fussy::alive = 0;
    {
        Queue<Fussy> q;
        q.put(Fussy(1));
        const Fussy second(2);
        Fussy::moves_left = 0;
        EXPECT_THROW(q.put(second), std::runtime_error);
        Fussy::moves_left = 0;
        EXPECT_THROW(q.put(Fussy(3)), std::runtime_error);
        Fussy::moves_left = 1000;
        EXPECT_EQ(q.size(), 1u);
        EXPECT_EQ(q.get().value, 1);
        q.task_done();
        EXPECT_THROW(q.task_done(), std::logic_error);
    }
    EXPECT_EQ(Fussy::alive, 0);
}

TEST(QueueItems, OneThatThrowsOnItsWayOutIsGoneAndTheQueueGoesOn) {
    Fussy::alive = 0;
    Fussy::moves_left = 1000;
    {
        PriorityQueue<Fussy> q;
        for (int i = 0; i < 3; ++i) q.put(Fussy(i), -i);
        Fussy::moves_left = 0;
        EXPECT_THROW((void)q.get(), std::runtime_error);
        Fussy::moves_left = 1000;
        EXPECT_EQ(q.get().value, 1);
        EXPECT_EQ(q.get().value, 2);
        EXPECT_TRUE(q.empty());
    }
    EXPECT_EQ(Fussy::alive, 0);
}

TEST(QueueItems, AreDestroyedWithTheQueueAndByAnImmediateShutdown) {
    const auto item = std::make_shared<int>(1);
    {
        Queue<std::shared_ptr<int>> fifo;
        LifoQueue<std::shared_ptr<int>> lifo;
        PriorityQueue<std::shared_ptr<int>> priority;
        for (int i = 0; i < 20; ++i) {
            fifo.put(item);
            lifo.put(item);
            priority.put(item, i);
        }
        EXPECT_EQ(item.use_count(), 61);
        fifo.shutdown(true);
        EXPECT_EQ(item.use_count(), 41);
    }
    EXPECT_EQ(item.use_count(), 1);
}

TEST(QueueItems, OfACancelledAsyncPutAreDestroyed) {
    const auto item = std::make_shared<int>(1);
    Queue<std::shared_ptr<int>> q(1);
    q.put(nullptr);
    auto putter = [](Queue<std::shared_ptr<int>>& q, std::shared_ptr<int> item) -> Task<void> {
        co_await q.async_put(std::move(item));
    };
    auto body = [&]() -> Task<void> {
        EXPECT_THROW(co_await timeout(std::chrono::milliseconds(1), putter(q, item)), TimeoutError);
    };
    run(body());
    EXPECT_EQ(item.use_count(), 1);
    EXPECT_EQ(q.get(), nullptr);
    EXPECT_TRUE(q.empty());
}

}  // namespace
}  // namespace hocket
