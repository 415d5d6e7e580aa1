#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <vector>

#include "hocket/actor.hpp"
#include "hocket/aio.hpp"
#include "hocket/threading.hpp"
#include "sanitizers.hpp"
#include "small_actors.hpp"

namespace hocket::test {
namespace {

constexpr int kScale = testing::kSanitized ? 10 : 1;

class Counter : public Actor<int> {
public:
    Counter(std::atomic<std::uint64_t>& received, const ActorOptions& options) : Actor(options), received_(received) {}
    ~Counter() override { end(); }

protected:
    Task<void> run() override {
        for (;;) {
            (void)co_await receive();
            received_.fetch_add(1, std::memory_order_relaxed);
        }
    }

private:
    std::atomic<std::uint64_t>& received_;
};

// Whatever the interleaving: each message that send() took was received or counted as dropped.
void senders_against_the_end(const ActorOptions& options, bool stop, unsigned seed) {
    std::mt19937_64 random(seed);
    LoopPool pool(2);
    for (int round = 0; round < 100 / kScale; ++round) {
        std::atomic<std::uint64_t> received{0}, sent{0};
        Counter actor(received, options);
        if (random() % 2) {
            actor.start(pool);
        } else {
            actor.start();
        }
        const auto send_until_refused = [&] {
            try {
                for (int i = 0; i < 3000; ++i) {
                    actor.send(1);
                    sent.fetch_add(1, std::memory_order_relaxed);
                }
            } catch (const ActorExit&) {
            } catch (const MailboxFull&) {
            }
        };
        Thread first(send_until_refused), second(send_until_refused);
        const std::uint64_t patience = random() % 2000;
        Thread ender([&] {
            while (received.load(std::memory_order_relaxed) < patience && !options.mailbox) this_thread::yield();
            stop ? actor.stop() : actor.close();
        });
        first.join();
        second.join();
        ender.join();
        actor.join();
        EXPECT_EQ(sent.load(), received.load() + actor.dropped());
        if (!stop) {
            EXPECT_EQ(actor.dropped(), 0u);
        }
    }
}

TEST(ActorStress, SendersAgainstClose) { senders_against_the_end(ActorOptions(), false, 1); }
TEST(ActorStress, SendersAgainstStop) { senders_against_the_end(ActorOptions(), true, 2); }
TEST(ActorStress, BoundedSendersAgainstClose) { senders_against_the_end(ActorOptions().with_mailbox(3), false, 3); }
TEST(ActorStress, BoundedSendersAgainstStop) { senders_against_the_end(ActorOptions().with_mailbox(3), true, 4); }
TEST(ActorStress, RefusedSendersAgainstClose) {
    senders_against_the_end(ActorOptions().with_mailbox(3, Overflow::refuse), false, 5);
}

TEST(ActorStress, ManyJoinersAndStoppers) {
    LoopPool pool(2);
    for (int round = 0; round < 300 / kScale; ++round) {
        const ActorRef<int> actor = spawn_actor<Collector>(pool);
        std::vector<Thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                if (i % 2) actor.stop();
                actor.join();
            });
        }
        for (Thread& thread : threads) thread.join();
        EXPECT_TRUE(actor.ended());
    }
}

TEST(ActorStress, LinksMonitorsAndEndsAtTheSameTime) {
    LoopPool pool(2);
    for (int round = 0; round < 200 / kScale; ++round) {
        std::vector<ActorRef<int>> actors;
        for (int i = 0; i < 8; ++i) actors.push_back(spawn_actor<Collector>(pool));
        Thread linker([&] {
            for (std::size_t i = 0; i + 1 < actors.size(); ++i) actors[i].link(actors[i + 1]);
        });
        Thread unlinker([&] {
            for (std::size_t i = 0; i + 1 < actors.size(); i += 2) actors[i + 1].unlink(actors[i]);
        });
        Thread stopper([&] { actors[3].stop(); });
        linker.join();
        unlinker.join();
        stopper.join();
        for (const auto& actor : actors) actor.stop();
        for (const auto& actor : actors) {
            try {
                actor.join();
            } catch (const ActorExit&) {  // by a link
            }
        }
    }
}

// A ring of 10,000 actors, around which a token goes.
class Member : public Actor<int> {
public:
    ActorRef<int> next;  // set before the first message

protected:
    Task<void> run() override {
        for (;;) {
            const int left = co_await receive();
            if (left > 0) {
                next.send(left - 1);
                continue;
            }
            done.set();
        }
    }

public:
    Event done;
};

TEST(ActorStress, ARingOfTenThousand) {
    constexpr std::size_t kMembers = 10'000 / kScale;
    LoopPool pool(2);
    std::vector<std::unique_ptr<Member>> ring;
    for (std::size_t i = 0; i < kMembers; ++i) ring.push_back(std::make_unique<Member>());
    for (std::size_t i = 0; i < kMembers; ++i) ring[i]->next = *ring[(i + 1) % kMembers];
    // Half of it on each loop, so that the token changes loops twice in a round.
    for (std::size_t i = 0; i < kMembers; ++i) ring[i]->start(pool.loop(i < kMembers / 2 ? 0 : 1));
    ring[0]->send(static_cast<int>(3 * kMembers));
    ring[0]->done.wait();
    for (const auto& member : ring) member->close();
    for (const auto& member : ring) member->join();
}

TEST(ActorStress, HundredsOfThousandsAtOnce) {
    constexpr std::size_t kActors = 200'000 / kScale;
    std::atomic<std::uint64_t> received{0};
    LoopPool pool(2);
    std::vector<ActorRef<int>> actors;
    actors.reserve(kActors);
    for (std::size_t i = 0; i < kActors; ++i) actors.push_back(spawn_actor<Counter>(pool, received, ActorOptions()));
    for (int round = 0; round < 3; ++round) {
        for (const auto& actor : actors) actor.send(round);
    }
    for (const auto& actor : actors) actor.close();
    for (const auto& actor : actors) actor.join();
    EXPECT_EQ(received.load(), 3 * kActors);
}

}  // namespace
}  // namespace hocket::test
