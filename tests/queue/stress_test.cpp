// Many producers and consumers, threads and tasks mixed, with cancellation, time limits and shutdown at any moment.
// What went in is counted against what came out.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

constexpr int kProducers = 4;
constexpr int kConsumers = 4;
constexpr int kItems = 200;

// An item: its producer, and its number among that producer's.
struct Item {
    int producer = 0;
    int number = 0;
};

// What producers know to have put and consumers to have got. Each counts on its own.
class Ledger {
public:
    struct Consumer {
        std::array<std::vector<int>, kProducers> got;
        void take(Item item) { got[static_cast<std::size_t>(item.producer)].push_back(item.number); }
    };
    std::array<Consumer, kConsumers> consumers;
    std::array<std::vector<int>, kProducers> put;  // the numbers, in their order

    // Each item that was put came out once; each consumer saw a producer's items in their order, if that is promised.
    void check(bool in_order, const std::vector<Item>& left = {}) const {
        for (std::size_t producer = 0; producer < kProducers; ++producer) {
            std::vector<int> all;
            for (const Item& item : left) {
                if (static_cast<std::size_t>(item.producer) == producer) all.push_back(item.number);
            }
            for (const Consumer& consumer : consumers) {
                const auto& got = consumer.got[producer];
                if (in_order) {
                    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
                }
                all.insert(all.end(), got.begin(), got.end());
            }
            std::sort(all.begin(), all.end());
            ASSERT_EQ(all, put[producer]) << "of producer " << producer;
        }
    }
};

template <class Q>
void put_into(Q& queue, Item item) {
    if constexpr (requires { queue.put(item, 0); }) {
        queue.put(item, 0);
    } else {
        queue.put(item);
    }
}
template <class Q>
auto async_put_into(Q& queue, Item item) {
    if constexpr (requires { queue.async_put(item, 0); }) {
        return queue.async_put(item, 0);
    } else {
        return queue.async_put(item);
    }
}

template <class Q>
Task<void> produce(Q& queue, int me, std::vector<int>& put, int items) {
    for (int i = 0; i < items; ++i) {
        const Item item{me, i};
        co_await async_put_into(queue, item);
        put.push_back(i);
    }
}
template <class Q>
Task<void> consume(Q& queue, Ledger::Consumer& ledger, std::size_t bound) {
    try {
        for (;;) {
            EXPECT_LE(queue.size(), bound);
            const Item item = co_await queue.async_get();
            ledger.take(item);
            queue.task_done();
        }
    } catch (const QueueShutDown&) {
    }
}

// Half of the producers and consumers are threads, the others tasks, two in one loop.
template <class Q>
void mixed(bool in_order) {
    int round = 0;
    for (const test::StressTime time; time.left(); ++round) {
        const std::size_t bound = 1 + static_cast<std::size_t>(round) % 5;
        Q queue(bound);
        Ledger ledger;
        std::deque<Thread> consumers, producers;
        consumers.emplace_back([&] {
            run([](Q& queue, Ledger& ledger, std::size_t bound) -> Task<void> {
                co_await gather(consume(queue, ledger.consumers[0], bound), consume(queue, ledger.consumers[1], bound));
            }(queue, ledger, bound));
        });
        for (std::size_t i = 2; i < kConsumers; ++i) {
            consumers.emplace_back([&, i] {
                for (const Item& item : queue) {
                    EXPECT_LE(queue.size(), bound);
                    ledger.consumers[i].take(item);
                    queue.task_done();
                }
            });
        }
        producers.emplace_back([&] {
            run([](Q& queue, Ledger& ledger) -> Task<void> {
                co_await gather(produce(queue, 0, ledger.put[0], kItems), produce(queue, 1, ledger.put[1], kItems));
            }(queue, ledger));
        });
        for (int me = 2; me < kProducers; ++me) {
            producers.emplace_back([&, me] {
                for (int i = 0; i < kItems; ++i) {
                    put_into(queue, Item{me, i});
                    ledger.put[static_cast<std::size_t>(me)].push_back(i);
                }
            });
        }
        for (Thread& producer : producers) producer.join();
        queue.join();
        queue.shutdown();
        for (Thread& consumer : consumers) consumer.join();
        ledger.check(in_order);
        EXPECT_TRUE(queue.empty());
    }
    EXPECT_GT(round, 0);
}

TEST(QueueStress, ThreadsAndTasksLoseAndDoubleNothing) { mixed<Queue<Item>>(true); }
TEST(QueueStress, ThreadsAndTasksLoseAndDoubleNothingInALifoQueue) { mixed<LifoQueue<Item>>(false); }
TEST(QueueStress, ThreadsAndTasksLoseAndDoubleNothingInAPriorityQueue) { mixed<PriorityQueue<Item>>(true); }

TEST(QueueStress, TimeLimitsRaceWithTheHandOver) {
    for (const test::StressTime time; time.left();) {
        Queue<Item> queue(1);
        Ledger ledger;
        std::deque<Thread> consumers, producers;
        for (std::size_t i = 0; i < kConsumers; ++i) {
            consumers.emplace_back([&, i] {
                try {
                    for (int turn = 0;; ++turn) {
                        if (auto item = queue.get_for(std::chrono::microseconds(turn % 20)))
                            ledger.consumers[i].take(*item);
                    }
                } catch (const QueueShutDown&) {
                }
            });
        }
        for (int me = 0; me < kProducers; ++me) {
            producers.emplace_back([&, me] {
                for (int i = 0; i < kItems; ++i) {
                    if (queue.put_for(Item{me, i}, std::chrono::microseconds(i % 20)))
                        ledger.put[static_cast<std::size_t>(me)].push_back(i);
                }
            });
        }
        for (Thread& producer : producers) producer.join();
        queue.shutdown();
        for (Thread& consumer : consumers) consumer.join();
        ledger.check(true);
    }
}

TEST(QueueStress, CancellationRacesWithTheHandOver) {
    for (const test::StressTime time; time.left();) {
        Queue<Item> queue(2);
        Ledger ledger;
        std::deque<Thread> threads;
        for (std::size_t i = 0; i < kConsumers; ++i) {
            threads.emplace_back([&, i] {
                for (;;) ledger.consumers[i].take(queue.get());
            });
        }
        for (int me = 0; me < kProducers; ++me) {
            threads.emplace_back([&, me] {
                for (int i = 0;; ++i) {
                    queue.put(Item{me, i});
                    ledger.put[static_cast<std::size_t>(me)].push_back(i);
                }
            });
        }
        for (Thread& thread : threads) {
            for (int i = 0; i < 100; ++i) this_thread::yield();
            thread.cancel();
            EXPECT_THROW(thread.join(), CancelledError);
        }
        std::vector<Item> left;
        while (const auto item = queue.try_get()) left.push_back(*item);
        ledger.check(true, left);
    }
}

Task<void> get_until_timeout(Queue<Item>& queue, Ledger::Consumer& ledger, int turn) {
    auto get = [](Queue<Item>& queue, Ledger::Consumer& ledger) -> Task<void> {
        const Item item = co_await queue.async_get();
        ledger.take(item);
    };
    try {
        co_await timeout(std::chrono::microseconds(turn % 30), get(queue, ledger));
    } catch (const TimeoutError&) {
    }
}
Task<void> put_until_timeout(Queue<Item>& queue, Item item, std::vector<int>& done) {
    auto put = [](Queue<Item>& queue, Item item, std::vector<int>& done) -> Task<void> {
        co_await queue.async_put(item);
        done.push_back(item.number);
    };
    try {
        co_await timeout(std::chrono::microseconds(item.number % 30), put(queue, item, done));
    } catch (const TimeoutError&) {
    }
}

TEST(QueueStress, TimeLimitsOfTasksRaceWithTheHandOver) {
    for (const test::StressTime time; time.left();) {
        Queue<Item> queue(1);
        Ledger ledger;
        std::atomic<bool> done{false};
        Thread getters([&] {
            run([](Queue<Item>& queue, Ledger& ledger, std::atomic<bool>& done) -> Task<void> {
                for (int turn = 0; !done; ++turn) {
                    co_await gather(get_until_timeout(queue, ledger.consumers[0], turn),
                                    get_until_timeout(queue, ledger.consumers[1], turn + 7));
                }
            }(queue, ledger, done));
        });
        Thread putters([&] {
            run([](Queue<Item>& queue, Ledger& ledger) -> Task<void> {
                for (int turn = 0; turn < 300; ++turn) {
                    const Item first{0, turn}, second{1, turn};
                    co_await gather(put_until_timeout(queue, first, ledger.put[0]),
                                    put_until_timeout(queue, second, ledger.put[1]));
                }
            }(queue, ledger));
        });
        putters.join();
        done = true;
        getters.join();
        std::vector<Item> left;
        while (const auto item = queue.try_get()) left.push_back(*item);
        ledger.check(true, left);
    }
}

TEST(QueueStress, ShutdownRacesWithEverything) {
    int round = 0;
    for (const test::StressTime time; time.left(); ++round) {
        const std::size_t bound = 1 + static_cast<std::size_t>(round) % 3;
        Queue<Item> queue(bound);
        Ledger ledger;
        std::deque<Thread> threads;
        for (std::size_t i = 0; i < kConsumers - 1; ++i) {
            threads.emplace_back([&, i] {
                for (const Item& item : queue) ledger.consumers[i].take(item);
                EXPECT_TRUE(queue.empty());
            });
        }
        threads.emplace_back([&] { run(consume(queue, ledger.consumers[kConsumers - 1], bound)); });
        for (int me = 0; me < kProducers - 1; ++me) {
            threads.emplace_back([&, me] {
                try {
                    for (int i = 0;; ++i) {
                        queue.put(Item{me, i});
                        ledger.put[static_cast<std::size_t>(me)].push_back(i);
                    }
                } catch (const QueueShutDown&) {
                }
            });
        }
        threads.emplace_back([&] {
            try {
                run(produce(queue, kProducers - 1, ledger.put[kProducers - 1], 1'000'000));
            } catch (const QueueShutDown&) {
            }
        });
        for (int i = 0; i < 50 + round % 100; ++i) this_thread::yield();
        queue.shutdown();
        for (Thread& thread : threads) thread.join();
        ledger.check(true);
    }
    EXPECT_GT(round, 0);
}

TEST(QueueStress, AnImmediateShutdownLeavesNobodyWaiting) {
    for (const test::StressTime time; time.left();) {
        Queue<int> queue(2);
        std::deque<Thread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] {
                for ([[maybe_unused]] int item : queue) queue.task_done();
            });
            threads.emplace_back([&] {
                try {
                    for (;;) queue.put(1);
                } catch (const QueueShutDown&) {
                }
            });
        }
        threads.emplace_back([&] { queue.join(); });
        for (int i = 0; i < 50; ++i) this_thread::yield();
        queue.shutdown(true);
        for (Thread& thread : threads) thread.join();
        EXPECT_TRUE(queue.join_for(0s)) << "what was neither taken nor dropped?";
    }
}

}  // namespace
}  // namespace hocket
