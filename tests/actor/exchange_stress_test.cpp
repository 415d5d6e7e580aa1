#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "hocket/actor.hpp"
#include "hocket/aio.hpp"
#include "hocket/threading.hpp"
#include "sanitizers.hpp"
#include "small_actors.hpp"

namespace hocket::test {
namespace {

constexpr int kScale = testing::kSanitized ? 10 : 1;

// Dies loudly if it is called after its end.
class Mortal {
public:
    ~Mortal() { alive_ = 0; }
    void send(int) {
        if (alive_ != kAlive) std::abort();
        ++seen;
    }
    std::uint64_t seen = 0;  // by one sender at a time, or read after the end

private:
    static constexpr unsigned kAlive = 0xA11FE;
    volatile unsigned alive_ = kAlive;
};

// Subscribers come and go while others send; none is called after its Subscription has gone. The one that stays gets
// every message.
TEST(ExchangeStress, ComingGoingAndSendingAtTheSameTime) {
    Exchange<int> exchange("busy");
    std::atomic<std::uint64_t> always{0};
    const auto staying = exchange.subscribe([&](int) { always.fetch_add(1, std::memory_order_relaxed); });
    constexpr std::uint64_t kMessages = 100'000 / kScale;
    std::atomic<int> senders{2};
    const auto send_all = [&] {
        for (std::uint64_t i = 0; i < kMessages; ++i) exchange.send(static_cast<int>(i));
        --senders;
    };
    std::atomic<std::uint64_t> visits{0};
    const auto come_and_go = [&] {
        while (senders > 0) {
            std::atomic<std::uint64_t> seen{0};
            {
                std::vector<std::unique_ptr<std::uint64_t>> owned;
                owned.push_back(std::make_unique<std::uint64_t>(0));
                const auto attached =
                    exchange.subscribe([&](int) { seen.fetch_add(1 + *owned[0], std::memory_order_relaxed); });
                this_thread::yield();
            }
            visits += seen;
        }
    };
    {
        Thread first(send_all), second(send_all), third(come_and_go), fourth(come_and_go);
        first.join();
        second.join();
        third.join();
        fourth.join();
    }
    EXPECT_EQ(always.load(), 2 * kMessages);
    EXPECT_EQ(exchange.size(), 1u);
}

TEST(ExchangeStress, ObjectsMayDieAsSoonAsTheyAreDetached) {
    Exchange<int> exchange;
    std::atomic<bool> over{false};
    Thread sender([&] {
        while (!over) exchange.send(1);
    });
    for (int round = 0; round < 3000 / kScale; ++round) {
        auto object = std::make_unique<Mortal>();
        if (round % 2) {
            const auto attached = exchange.subscribe(*object);
        } else {
            exchange.attach(*object);
            exchange.detach(*object);
        }
        object = nullptr;
    }
    over = true;
    sender.join();
    EXPECT_EQ(exchange.size(), 0u);
}

// Deliveries in which subscribers detach each other, on several threads.
TEST(ExchangeStress, DetachingEachOtherDoesNotDeadlock) {
    for (int round = 0; round < 1000 / kScale; ++round) {
        Exchange<int> exchange;
        Subscription a, b;
        std::atomic<int> first{0}, second{0};
        // Each is called with the number of the one that is to go.
        a = exchange.subscribe([&](int message) {
            if (message == 2 && first.fetch_add(1) == 0) b.cancel();
        });
        b = exchange.subscribe([&](int message) {
            if (message == 1 && second.fetch_add(1) == 0) a.cancel();
        });
        Thread one([&] { exchange.send(1); }), two([&] { exchange.send(2); });
        one.join();
        two.join();
    }
}

TEST(ExchangeStress, ActorsThatEndWhileTheyAreSentTo) {
    LoopPool pool(2);
    Exchange<int> exchange;
    for (int round = 0; round < 200 / kScale; ++round) {
        const ActorRef<int> actor = spawn_actor<Collector>(pool);
        exchange.attach(const_cast<ActorRef<int>&>(actor));
        Thread sender([&] {
            for (int i = 0; i < 100; ++i) exchange.send(i);
        });
        actor.stop();
        sender.join();
        actor.join();
        exchange.send(1);
        EXPECT_EQ(exchange.size(), 0u);
    }
}

TEST(ExchangeStress, NamesFromManyThreads) {
    std::vector<Thread> threads;
    std::atomic<std::uint64_t> got{0};
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 2000 / kScale; ++round) {
                const auto exchange = shared_exchange<int>("shared " + std::to_string(round % 7));
                const auto attached = exchange->subscribe([&](int) { got.fetch_add(1, std::memory_order_relaxed); });
                exchange->send(1);
            }
        });
    }
    for (Thread& thread : threads) thread.join();
    EXPECT_GE(got.load(), 4u * (2000 / kScale));
    EXPECT_TRUE(exchange_names().empty());
}

}  // namespace
}  // namespace hocket::test
