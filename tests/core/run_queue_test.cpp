#include "hocket/core/detail/run_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <semaphore>
#include <thread>
#include <vector>

#include "stress_time.hpp"

namespace hocket::detail {
namespace {

using test::StressTime;

class Numbered final : public RunNode {
public:
    explicit Numbered(int number, int producer = 0) : number(number), producer(producer) {}
    ~Numbered() = default;
    void run() noexcept override {}
    const int number;
    const int producer;
};

int number_of(RunNode& node) { return static_cast<Numbered&>(node).number; }

std::vector<int> drain(LocalQueue& queue) {
    std::vector<int> numbers;
    while (!queue.empty()) numbers.push_back(number_of(queue.pop()));
    return numbers;
}

TEST(LocalQueue, GivesWhatCameFirstFirst) {
    LocalQueue queue;
    EXPECT_TRUE(queue.empty());
    Numbered a(1), b(2), c(3);
    queue.push(a);
    queue.push(b);
    EXPECT_FALSE(queue.empty());
    EXPECT_EQ(number_of(queue.pop()), 1);
    queue.push(c);
    queue.push(a);  // a node can come again once it is out
    EXPECT_EQ(drain(queue), (std::vector{2, 3, 1}));
    queue.push(b);
    EXPECT_EQ(drain(queue), (std::vector{2}));
}

TEST(LocalQueue, GivesTheNodeAtAnyPlace) {
    std::minstd_rand random(1);
    std::deque<std::unique_ptr<Numbered>> nodes;
    LocalQueue queue;
    std::vector<int> model;
    for (int step = 0; step < 20'000; ++step) {
        if (model.empty() || random() % 2) {
            nodes.push_back(std::make_unique<Numbered>(step));
            queue.push(*nodes.back());
            model.push_back(step);
        } else {
            const std::size_t index = random() % (model.size() + 3);  // beyond the end: the last
            const auto expected = model.begin() + static_cast<std::ptrdiff_t>(std::min(index, model.size() - 1));
            EXPECT_EQ(number_of(queue.pop_at(index)), *expected);
            model.erase(expected);
        }
        ASSERT_EQ(queue.empty(), model.empty());
    }
    EXPECT_EQ(drain(queue), model);
}

TEST(RemoteQueue, GivesWhatCameFirstFirstAfterWhatWasReady) {
    RemoteQueue remote;
    LocalQueue ready;
    Numbered a(1), b(2), c(3), d(4);
    ready.push(a);
    EXPECT_FALSE(remote.push(b));
    EXPECT_FALSE(remote.push(c));
    EXPECT_FALSE(remote.push(d));
    EXPECT_FALSE(remote.empty());
    EXPECT_TRUE(remote.take_all(ready));
    EXPECT_TRUE(remote.empty());
    EXPECT_FALSE(remote.take_all(ready));
    EXPECT_EQ(drain(ready), (std::vector{1, 2, 3, 4}));
}

TEST(RemoteQueue, DoesNotLetTheConsumerSleepOverANode) {
    RemoteQueue remote;
    LocalQueue ready;
    Numbered a(1);
    EXPECT_FALSE(remote.push(a));
    EXPECT_FALSE(remote.fall_asleep());
    EXPECT_TRUE(remote.take_all(ready));
    EXPECT_EQ(drain(ready), (std::vector{1}));
    EXPECT_TRUE(remote.fall_asleep());
}

TEST(RemoteQueue, TellsOnePushOnlyToWakeTheConsumer) {
    RemoteQueue remote;
    LocalQueue ready;
    Numbered a(1), b(2), c(3);
    EXPECT_TRUE(remote.fall_asleep());
    EXPECT_TRUE(remote.empty());
    EXPECT_TRUE(remote.push(a));
    EXPECT_FALSE(remote.push(b));
    EXPECT_TRUE(remote.take_all(ready));
    EXPECT_FALSE(remote.push(c));  // the consumer is awake
    EXPECT_TRUE(remote.take_all(ready));
    EXPECT_EQ(drain(ready), (std::vector{1, 2, 3}));
}

TEST(RemoteQueue, AConsumerThatWokeUpByItselfIsAwake) {
    RemoteQueue remote;
    LocalQueue ready;
    Numbered a(1);
    EXPECT_TRUE(remote.fall_asleep());
    EXPECT_FALSE(remote.take_all(ready));
    EXPECT_TRUE(ready.empty());
    EXPECT_FALSE(remote.push(a));
    EXPECT_TRUE(remote.take_all(ready));
}

// Producers push numbered nodes while the consumer sleeps whenever it finds nothing; each wake-up that it was owed must
// come, each node once, those of a producer in their order.
TEST(RemoteQueueStress, LosesNoNodeAndNoWakeUp) {
    constexpr int kProducers = 3;
    constexpr int kNodes = 256;  // each producer's, which come round again
    RemoteQueue remote;
    std::counting_semaphore<> wake(0);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> pushed{0}, promised{0};

    struct Producer {
        std::deque<Numbered> nodes;
        std::counting_semaphore<> free{kNodes};
    };
    std::vector<std::unique_ptr<Producer>> producers;
    for (int p = 0; p < kProducers; ++p) {
        producers.push_back(std::make_unique<Producer>());
        for (int n = 0; n < kNodes; ++n) producers.back()->nodes.emplace_back(n, p);
    }
    std::vector<std::thread> threads;
    for (int p = 0; p < kProducers; ++p) {
        threads.emplace_back([&, p] {
            Producer& self = *producers[p];
            for (int n = 0; !stop; n = (n + 1) % kNodes) {
                self.free.acquire();
                ++pushed;
                if (remote.push(self.nodes[n])) {
                    ++promised;
                    wake.release();
                }
            }
            // One last push, so that a consumer that sleeps sees the end.
            self.free.acquire();
            ++pushed;
            if (remote.push(self.nodes.emplace_back(-1, p))) {
                ++promised;
                wake.release();
            }
        });
    }

    LocalQueue ready;
    std::uint64_t taken = 0, sleeps = 0;
    std::vector<int> next(kProducers, 0);
    int ended = 0;
    const StressTime time;
    while (ended < kProducers) {
        if (!time.left()) stop = true;
        if (!remote.take_all(ready)) {
            if (!remote.fall_asleep()) continue;
            ++sleeps;
            wake.acquire();
            ASSERT_TRUE(remote.take_all(ready)) << "woken for nothing";
        }
        while (!ready.empty()) {
            auto& node = static_cast<Numbered&>(ready.pop());
            ++taken;
            if (node.number < 0) {
                ++ended;
            } else {
                ASSERT_EQ(node.number, next[node.producer]);
                next[node.producer] = (next[node.producer] + 1) % kNodes;
            }
            producers[node.producer]->free.release();
        }
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(taken, pushed);
    EXPECT_EQ(promised, sleeps);
    EXPECT_TRUE(remote.empty());
    EXPECT_GT(sleeps, 0u);
}

}  // namespace
}  // namespace hocket::detail
