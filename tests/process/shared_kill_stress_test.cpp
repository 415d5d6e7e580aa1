// Processes that are killed at random points, from a seed, while they use what they share: nothing stays locked, and
// the counts are right.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <vector>

#include "hocket/process/shared_array.hpp"
#include "hocket/process/shared_barrier.hpp"
#include "hocket/process/shared_event.hpp"
#include "hocket/process/shared_queue.hpp"
#include "hocket/process/shared_semaphore.hpp"
#include "hocket/process/shared_value.hpp"
#include "process/forked_child.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ForkedChild;

constexpr unsigned kSeed = 20'261'129;

// Some microseconds, which are no time to sleep: the killer is not to be in step with its victims.
void spin(unsigned long turns) {
    for (; turns > 0; --turns) std::atomic_signal_fence(std::memory_order_seq_cst);
}

// How often somebody is killed: on a busy machine only as often as some seconds suffice for, but not too seldom.
class Kills {
public:
    explicit Kills(int most) : left_(most), may_stop_(most - kFewest) {}
    bool next() {
        if (left_ <= may_stop_ && std::chrono::steady_clock::now() >= end_) return false;
        return left_-- > 0;
    }

private:
    static constexpr int kFewest = 15;
    const std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + 5s;
    int left_;
    const int may_stop_;
};

// Two counters that are equal whenever the lock is free, unless somebody died between the two.
struct Pair {
    long first = 0;
    long second = 0;
    long mended = 0;
};

TEST(SharedKillStress, LockAndWhatItProtects) {
    SharedValue<Pair> pair;
    const auto add = [&](long times) {
        for (long i = 0; i < times; ++i) {
            try {
                std::scoped_lock guard(pair.lock());
                ASSERT_EQ(pair->first, pair->second);
                // As the compiler must not make one addition of many, nor change their order.
                std::atomic_ref(pair->first).fetch_add(1, std::memory_order_relaxed);
                std::atomic_ref(pair->second).fetch_add(1, std::memory_order_relaxed);
            } catch (const OwnerDiedError&) {
                const auto guard = pair.lock().recover();
                const long difference = pair->first - pair->second;
                ASSERT_TRUE(difference == 0 || difference == 1) << difference;
                pair->second = pair->first;
                ++pair->mended;
            }
        }
    };
    std::mt19937 random(kSeed);
    std::vector<ForkedChild> workers;
    for (int i = 0; i < 3; ++i) workers.emplace_back([&] { add(1'000'000'000); });
    for (Kills kills(150); kills.next();) {
        spin(random() % 400'000);
        const std::size_t victim = random() % workers.size();
        EXPECT_EQ(workers[victim].kill(), -SIGKILL);
        workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(victim));
        workers.emplace_back([&] { add(1'000'000'000); });
        add(5);  // never locked for ever
    }
    workers.clear();
    add(2);
    EXPECT_EQ(pair->first, pair->second);
    RecordProperty("mended", std::to_string(pair->mended));
}

TEST(SharedKillStress, QueueKeepsItsOrderAndLosesOnlyWithTheDead) {
    // Each producer puts its own rising numbers; each consumer counts what it has taken before it takes more.
    constexpr std::size_t kMost = 1000;  // producers
    struct Item {
        std::uint32_t producer;
        std::uint32_t number;
        std::array<std::uint32_t, 14> copies;  // torn, if ever somebody saw half an item
    };
    SharedQueue<Item> queue(8);
    SharedArray<std::uint32_t> put(kMost), last_taken(kMost);
    SharedValue<long> taken(0), order_errors(0);
    std::atomic<std::uint32_t> producers = 0;
    const auto produce = [&](std::uint32_t me) {
        for (std::uint32_t number = 1;; ++number) {
            Item item{me, number, {}};
            item.copies.fill(number);
            queue.put(item);
            std::atomic_ref(put[me]).store(number);
        }
    };
    const auto check = [&](const Item& item) {
        const bool whole = std::ranges::all_of(item.copies, [&](std::uint32_t copy) { return copy == item.number; });
        std::atomic_ref last(last_taken[item.producer]);
        // One consumer, so that the order of each producer is seen.
        if (!whole || item.number <= last.load()) ++std::atomic_ref(*order_errors);
        last.store(item.number);
        ++std::atomic_ref(*taken);
    };
    const auto consume = [&] {
        for (const Item& item : queue) check(item);
    };
    std::mt19937 random(kSeed);
    std::vector<ForkedChild> workers;
    for (int i = 0; i < 2; ++i) workers.emplace_back([&, me = producers++] { produce(me); });
    ForkedChild consumer(consume);
    for (Kills kills(150); kills.next();) {
        spin(random() % 300'000);
        if (random() % 3 == 0) {
            consumer.kill();  // before the next one: two would not see the order
            consumer = ForkedChild(consume);
            continue;
        }
        workers.erase(workers.begin());
        workers.emplace_back([&, me = producers++] { produce(me); });
        ASSERT_LT(producers, kMost);
    }
    const long before = std::atomic_ref(*taken);
    while (std::atomic_ref(*taken) < before + 1000) ::sched_yield();  // it still works
    workers.clear();
    queue.shutdown();
    EXPECT_EQ(consumer.wait(), 0);
    EXPECT_EQ(*order_errors, 0);
    EXPECT_TRUE(queue.empty());
}

TEST(SharedKillStress, MessageQueueStaysWhole) {
    SharedQueue<std::string> queue(100, 2048);
    const auto produce = [&] {
        for (std::size_t i = 1;; i = i % 97 + 1) queue.put(std::string(i, static_cast<char>('a' + i % 26)));
    };
    std::mt19937 random(kSeed);
    std::vector<ForkedChild> workers;
    for (int i = 0; i < 2; ++i) workers.emplace_back(produce);
    for (Kills kills(60); kills.next();) {
        for (int i = 0; i < 100; ++i) {
            const std::string item = queue.get();
            ASSERT_EQ(item, std::string(item.size(), static_cast<char>('a' + item.size() % 26)));
        }
        spin(random() % 50'000);
        workers.erase(workers.begin());
        workers.emplace_back(produce);
    }
}

TEST(SharedKillStress, BoundedSemaphoreLosesNoPermit) {
    constexpr int kPermits = 2;
    SharedBoundedSemaphore semaphore(kPermits);
    SharedValue<long> visits(0);
    const auto visit = [&] {
        for (;;) {
            semaphore.acquire();
            ++std::atomic_ref(*visits);
            semaphore.release();
        }
    };
    std::mt19937 random(kSeed);
    std::vector<ForkedChild> workers;
    for (int i = 0; i < 3; ++i) workers.emplace_back(visit);
    for (Kills kills(60); kills.next();) {
        spin(random() % 300'000);
        workers.erase(workers.begin());
        workers.emplace_back(visit);
    }
    workers.clear();
    for (int i = 0; i < kPermits; ++i) EXPECT_TRUE(semaphore.try_acquire());
    EXPECT_FALSE(semaphore.try_acquire());
    EXPECT_GT(*visits, 0);
}

TEST(SharedKillStress, BarrierBreaksInsteadOfHanging) {
    std::mt19937 random(kSeed);
    for (int round = 0; round < 3; ++round) {
        SharedBarrier barrier(3);
        SharedEvent met;  // so that the barrier knows the victim
        const auto meet = [&] {
            for (;;) {
                barrier.wait();
                met.set();
            }
        };
        ForkedChild survivor([&] { EXPECT_THROW(meet(), BrokenBarrierError); });
        ForkedChild other([&] { EXPECT_THROW(meet(), BrokenBarrierError); });
        ForkedChild victim(meet);
        met.wait();
        spin(random() % 300'000);
        victim.kill();
        EXPECT_EQ(survivor.wait(), 0);
        EXPECT_EQ(other.wait(), 0);
    }
}

}  // namespace
}  // namespace hocket
