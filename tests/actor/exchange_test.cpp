#include "hocket/actor/exchange.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/actor.hpp"
#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"
#include "report_capture.hpp"
#include "small_actors.hpp"

namespace hocket::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Recorder {
    std::vector<int> seen;
    void send(int message) { seen.push_back(message); }
};

TEST(ExchangeTest, EachSubscriberGetsEachMessageOnceInOrder) {
    Exchange<int> exchange("numbers");
    std::vector<std::string> order;
    Recorder object;
    const auto first = exchange.subscribe([&](int message) { order.push_back("first " + std::to_string(message)); });
    const auto second = exchange.subscribe(object);
    const auto third = exchange.subscribe([&](int message) { order.push_back("third " + std::to_string(message)); });
    EXPECT_EQ(exchange.send(1), 3u);
    EXPECT_EQ(exchange.send(2), 3u);
    EXPECT_THAT(object.seen, ElementsAre(1, 2));
    EXPECT_THAT(order, ElementsAre("first 1", "third 1", "first 2", "third 2"));
}

TEST(ExchangeTest, NobodyListens) {
    Exchange<int> exchange;
    EXPECT_EQ(exchange.send(1), 0u);
    EXPECT_EQ(exchange.size(), 0u);
}

TEST(ExchangeTest, AttachAndDetachByHand) {
    Exchange<int> exchange;
    Recorder object;
    EXPECT_TRUE(exchange.attach(object));
    EXPECT_FALSE(exchange.attach(object));
    exchange.send(1);
    EXPECT_TRUE(exchange.detach(object));
    EXPECT_FALSE(exchange.detach(object));
    exchange.send(2);
    EXPECT_THAT(object.seen, ElementsAre(1));
}

TEST(ExchangeTest, ASubscriptionEndsWithItsScopeAlsoByAnException) {
    Exchange<int> exchange;
    Recorder a, b;
    try {
        const auto attached = exchange.subscribe(a, b);
        exchange.send(1);
        throw std::runtime_error("on the way");
    } catch (const std::runtime_error&) {
    }
    exchange.send(2);
    EXPECT_THAT(a.seen, ElementsAre(1));
    EXPECT_THAT(b.seen, ElementsAre(1));
    EXPECT_EQ(exchange.size(), 0u);
}

TEST(ExchangeTest, AllOrNone) {
    Exchange<int> exchange;
    Recorder a, b, c;
    const auto attached = exchange.subscribe(b);
    EXPECT_THROW((void)exchange.subscribe(a, b, c), InvalidStateError);
    EXPECT_THROW((void)exchange.subscribe(a, a), InvalidStateError);
    EXPECT_EQ(exchange.size(), 1u);
    exchange.send(1);
    EXPECT_THAT(a.seen, IsEmpty());
    EXPECT_THAT(b.seen, ElementsAre(1));
}

TEST(ExchangeTest, DetachingByHandInsideTheScopeDoesNoHarm) {
    Exchange<int> exchange;
    Recorder a, b;
    {
        auto attached = exchange.subscribe(a, b);
        EXPECT_TRUE(exchange.detach(a));
        exchange.send(1);
        auto moved = std::move(attached);
        moved.cancel();
        moved.cancel();
        exchange.send(2);
    }
    EXPECT_THAT(a.seen, IsEmpty());
    EXPECT_THAT(b.seen, ElementsAre(1));
}

TEST(ExchangeTest, OneThatThrowsCostsNobodyElseAnything) {
    const ReportCapture reports;
    Exchange<int> exchange("noisy");
    Recorder before, after;
    const auto attached = exchange.subscribe(
        before, [](int) { throw std::runtime_error("bad subscriber"); }, after);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(exchange.send(i), 2u);
    EXPECT_THAT(before.seen, ElementsAre(0, 1, 2));
    EXPECT_THAT(after.seen, ElementsAre(0, 1, 2));
    EXPECT_EQ(exchange.errors(), 3u);
    EXPECT_EQ(reports.count(), 3u);
    EXPECT_THAT(reports.text(), ::testing::StartsWith("a subscriber of the exchange 'noisy' threw: bad subscriber\n"));
}

void ask_for_what_was_cancelled() {
    Promise<int> promise;
    const Future<int> answer = promise.future();
    (void)answer.cancel();
    (void)answer.result();
}

TEST(ExchangeTest, ACancellationOfASubscribersOwnIsAnErrorLikeOthers) {
    const ReportCapture reports;
    Exchange<int> exchange("noisy");
    Recorder after;
    const auto attached = exchange.subscribe([](int) { ask_for_what_was_cancelled(); }, after);
    EXPECT_EQ(exchange.send(1), 1u);
    const auto send_in_a_task = [&]() -> Task<void> { EXPECT_EQ(co_await exchange.async_send(2), 1u); };
    run(send_in_a_task());
    EXPECT_THAT(after.seen, ElementsAre(1, 2));
    EXPECT_EQ(exchange.errors(), 2u);
    EXPECT_EQ(reports.count(), 2u);
    EXPECT_EQ(attached.dropped(), 0u);
}

TEST(ExchangeTest, ASubscriberThatWaitsIsCancelledWithTheSender) {
    Exchange<int> exchange;
    Recorder after;
    const auto attached = exchange.subscribe([](int) { Event().wait(); }, after);
    Thread sender([&] { exchange.send(1); });
    sender.cancel();
    EXPECT_THROW(sender.join(), CancelledError);
    EXPECT_THAT(after.seen, ElementsAre(1));
    EXPECT_EQ(exchange.errors(), 0u);
}

TEST(ExchangeTest, ComingAndGoingInsideASend) {
    Exchange<int> exchange;
    Recorder late, never;
    Subscription self, other, added;
    int calls = 0;
    self = exchange.subscribe([&](int) {
        ++calls;
        self.cancel();                     // itself
        other.cancel();                    // one whose turn has not come
        added = exchange.subscribe(late);  // gets the next message, not this one
    });
    other = exchange.subscribe(never);
    exchange.send(1);
    exchange.send(2);
    EXPECT_EQ(calls, 1);
    EXPECT_THAT(never.seen, IsEmpty());
    EXPECT_THAT(late.seen, ElementsAre(2));
}

TEST(ExchangeTest, SendingInsideASend) {
    Exchange<int> exchange;
    Recorder all;
    const auto attached = exchange.subscribe(
        [&](int message) {
            if (message < 10) exchange.send(message + 1);
        },
        all);
    exchange.send(5);
    EXPECT_THAT(all.seen, ElementsAre(10, 9, 8, 7, 6, 5));
}

TEST(ExchangeTest, Topics) {
    Exchange<std::string> exchange;
    std::vector<std::string> one, rest, all;
    const auto kitchen = exchange.subscribe_to(
        "sensors.*.temperature",
        [&](std::string_view topic, const std::string& text) { one.push_back(std::string(topic) + "=" + text); });
    const auto sensors = exchange.subscribe_to("sensors.>", [&](const std::string& text) { rest.push_back(text); });
    const auto everything = exchange.subscribe([&](const std::string& text) { all.push_back(text); });
    EXPECT_EQ(exchange.send("sensors.kitchen.temperature", "21.5"), 3u);
    EXPECT_EQ(exchange.send("sensors.kitchen.humidity", "40"), 2u);
    EXPECT_EQ(exchange.send("other", "x"), 1u);
    EXPECT_EQ(exchange.send("without a topic"), 1u);
    EXPECT_THAT(one, ElementsAre("sensors.kitchen.temperature=21.5"));
    EXPECT_THAT(rest, ElementsAre("21.5", "40"));
    EXPECT_THAT(all, ElementsAre("21.5", "40", "x", "without a topic"));
    EXPECT_THROW(exchange.send("a.*", "x"), std::invalid_argument);
    EXPECT_THROW((void)exchange.subscribe_to("a..b", [](const std::string&) {}), std::invalid_argument);
}

TEST(ExchangeTest, OneObjectUnderTwoPatterns) {
    Exchange<int> exchange;
    Recorder object;
    const auto a = exchange.subscribe_to("a.>", object);
    const auto b = exchange.subscribe_to("b.>", object);
    EXPECT_THROW((void)exchange.subscribe_to("a.>", object), InvalidStateError);
    exchange.send("a.x", 1);
    exchange.send("b.x", 2);
    EXPECT_TRUE(exchange.detach(object));
    exchange.send("b.x", 3);
    EXPECT_THAT(object.seen, ElementsAre(1, 2));
}

TEST(ExchangeTest, ATapSeesEverythingFirst) {
    Exchange<int> exchange;
    std::vector<std::string> lines;
    const auto attached = exchange.subscribe([&](int) { lines.emplace_back("subscriber"); });
    {
        const auto tap = exchange.tap([&](const Tapped<int>& seen) {
            lines.push_back("msg[" + std::to_string(seen.number) + "] " + std::string(seen.topic) + ": " +
                            std::to_string(seen.message));
        });
        exchange.send(7);
        exchange.send("a.b", 8);
    }
    exchange.send(9);
    EXPECT_THAT(lines, ElementsAre("msg[1] : 7", "subscriber", "msg[2] a.b: 8", "subscriber", "subscriber"));
}

TEST(ExchangeTest, ActorsQueuesAndCoroutines) {
    Exchange<int> exchange;
    Collector actor;
    Queue<int> queue;
    actor.start();
    {
        const auto attached = exchange.subscribe(actor, queue);
        const auto listen = [&]() -> Task<int> {
            auto stream = exchange.stream();
            exchange.send(1);
            exchange.send(2);
            stream.close();
            exchange.send(3);
            int sum = 0;
            while (auto message = co_await stream.next()) sum += *message;
            co_return sum;
        };
        EXPECT_EQ(run(listen()), 3);
    }
    actor.close();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1, 2, 3));
    EXPECT_EQ(queue.size(), 3u);
}

TEST(ExchangeTest, TheDeadAreDetached) {
    const ReportCapture reports;
    Exchange<int> exchange;
    Collector actor;
    Queue<int> queue;
    Recorder object;
    actor.start();
    const auto attached = exchange.subscribe(actor, queue, object);
    EXPECT_EQ(exchange.send(1), 3u);
    actor.close();
    queue.shutdown();
    EXPECT_EQ(exchange.send(2), 1u);
    EXPECT_EQ(exchange.size(), 1u);
    EXPECT_EQ(attached.dropped(), 2u);
    EXPECT_THAT(object.seen, ElementsAre(1, 2));
    EXPECT_EQ(reports.text(), "");
    actor.join();
}

TEST(ExchangeTest, WhatHappensWithSlowSubscribers) {
    const ReportCapture reports;
    Exchange<int> exchange;
    Queue<int> oldest(2), newest(2), error(2);
    Gated actor(ActorOptions().with_mailbox(2)), other(ActorOptions().with_mailbox(2));
    actor.start();
    other.start();
    const auto drop_oldest =
        exchange.subscribe_with(SubscribeOptions().with_when_full(WhenFull::drop_oldest), oldest, actor);
    const auto drop_newest =
        exchange.subscribe_with(SubscribeOptions().with_when_full(WhenFull::drop_newest), newest, other);
    const auto report = exchange.subscribe_with(SubscribeOptions().with_when_full(WhenFull::error), error);
    for (int i = 1; i <= 4; ++i) exchange.send(i);
    EXPECT_EQ(drop_oldest.dropped(), 4u);
    EXPECT_EQ(drop_newest.dropped(), 4u);
    EXPECT_EQ(report.dropped(), 2u);
    EXPECT_EQ(reports.count(), 2u);
    EXPECT_EQ(oldest.get(), 3);
    EXPECT_EQ(newest.get(), 1);
    actor.open.set();
    other.open.set();
    actor.close();
    other.close();
    actor.join();
    other.join();
    EXPECT_THAT(actor.got, ElementsAre(3, 4));
    EXPECT_THAT(other.got, ElementsAre(1, 2));
}

TEST(ExchangeTest, WaitsForASlowOne) {
    Exchange<int> exchange;
    Queue<int> queue(1);
    const auto attached = exchange.subscribe(queue);
    Thread sender([&] {
        for (int i = 0; i < 100; ++i) exchange.send(i);
        queue.shutdown();
    });
    int next = 0;
    for (const int message : queue) EXPECT_EQ(message, next++);
    EXPECT_EQ(next, 100);
    sender.join();
}

TEST(ExchangeTest, ACancelledSenderHasServedTheOthers) {
    Exchange<int> exchange;
    Queue<int> full(1), full_too(1), roomy(1);
    full.put(0);
    full_too.put(0);
    Recorder other;
    Collector actor;
    const auto waited_for = exchange.subscribe(full, full_too);
    const auto attached = exchange.subscribe(other, roomy, actor);
    Thread sender([&] { exchange.send(1); });
    sender.cancel();
    EXPECT_THROW(sender.join(), CancelledError);
    EXPECT_THAT(other.seen, ElementsAre(1));
    EXPECT_EQ(roomy.get(), 1);
    EXPECT_EQ(actor.unread(), 1u);
    EXPECT_EQ(waited_for.dropped(), 2u);  // not in silence
    EXPECT_EQ(attached.dropped(), 0u);
}

TEST(ExchangeTest, SoHasACancelledTask) {
    Exchange<int> exchange;
    Queue<int> full(1), full_too(1), emptied(1);
    for (auto* queue : {&full, &emptied, &full_too}) queue->put(0);
    const auto waited_for = exchange.subscribe(full, full_too);
    const auto last = exchange.subscribe(emptied);
    const auto cancel = [&]() -> Task<void> {
        Future<std::size_t> sending = create_task(exchange.async_send(1));
        co_await sleep(0ms);  // it waits for the first
        EXPECT_EQ(emptied.get(), 0);
        (void)sending.cancel();
        EXPECT_THROW(co_await std::move(sending), CancelledError);
    };
    run(cancel());
    EXPECT_EQ(emptied.try_get(), 1);
    EXPECT_EQ(waited_for.dropped(), 2u);
    EXPECT_EQ(last.dropped(), 0u);
}

TEST(ExchangeTest, ATaskWaitsForSlowOnesWithoutHoldingUpItsLoop) {
    Exchange<int> exchange;
    Collector actor(ActorOptions().with_mailbox(1));
    Queue<int> queue(1);
    const auto attached = exchange.subscribe(actor, queue);
    const auto send_all = [&]() -> Task<void> {
        for (int i = 0; i < 50; ++i) EXPECT_EQ(co_await exchange.async_send(i), 2u);
        actor.close();
        queue.shutdown();
    };
    const auto read_all = [&]() -> Task<int> {
        int count = 0;
        try {
            for (;; ++count) (void)co_await queue.async_get();
        } catch (const QueueShutDown&) {
        }
        co_return count;
    };
    const auto both = [&]() -> Task<void> {
        actor.start(EventLoop::current());
        auto [nothing, count] = co_await gather(send_all(), read_all());
        EXPECT_EQ(count, 50);
        co_await actor.async_join();
    };
    run(both());
    EXPECT_EQ(actor.got.size(), 50u);
}

TEST(ExchangeTest, DetachWaitsForTheDeliveryInProgress) {
    Exchange<int> exchange;
    Event inside, go;
    std::atomic<bool> left{false};
    auto attached = exchange.subscribe([&](int) {
        inside.set();
        go.wait();
        left = true;
    });
    Thread sender([&] { exchange.send(1); });
    inside.wait();
    Thread releaser([&] { go.set(); });
    attached.cancel();
    EXPECT_TRUE(left);
}

TEST(ExchangeTest, AStreamEndsWhileASenderWaitsForIt) {
    Exchange<int> exchange;
    Thread sender;
    const auto listen = [&]() -> Task<void> {
        auto stream = exchange.stream(1);
        sender = Thread([&] {
            for (int i = 0; i < 3; ++i) exchange.send(i);
        });
        const auto first = co_await stream.next();
        EXPECT_EQ(first, 0);
    };
    run(listen());
    sender.join();
    EXPECT_EQ(exchange.size(), 0u);
}

TEST(ExchangeTest, AStreamEndsWhileATaskOfTheSameLoopWaitsForIt) {
    Exchange<int> exchange;
    const auto send_all = [&]() -> Task<void> {
        for (int i = 0; i < 3; ++i) (void)co_await exchange.async_send(i);
    };
    const auto listen = [&]() -> Task<void> {
        auto stream = exchange.stream(1);
        Future<void> sending = create_task(send_all());
        const auto first = co_await stream.next();
        EXPECT_EQ(first, 0);
        co_await sleep(0ms);  // it waits for room
        stream.close();
        co_await sending;
    };
    run(listen());
    EXPECT_EQ(exchange.size(), 0u);
}

// A full actor need not be waited for on its own loop, where it could not make room.
TEST(ExchangeTest, AnActorIsDetachedWhileASenderWaitsForIt) {
    Exchange<int> exchange;
    const auto detach = [&]() -> Task<void> {
        const ActorRef<int> actor = spawn_actor<Gated>(EventLoop::current(), ActorOptions().with_mailbox(1));
        auto attached = exchange.subscribe(actor);
        actor.send(0);
        Thread sender([&] { exchange.send(1); });
        attached.cancel();
        actor.stop();
        co_await actor.async_join();
        co_await sender.async_join();
    };
    run(detach());
}

TEST(ExchangeNames, SameNameSameExchange) {
    auto& exchange = get_exchange<int>("same");
    EXPECT_EQ(&exchange, &get_exchange<int>("same"));
    EXPECT_NE(&exchange, &get_exchange<int>("another"));
    EXPECT_EQ(exchange.name(), "same");
    EXPECT_THROW((void)get_exchange<std::string>("same"), InvalidStateError);
    EXPECT_TRUE(drop_exchange("same"));
    EXPECT_TRUE(drop_exchange("another"));
    EXPECT_FALSE(drop_exchange("same"));
}

TEST(ExchangeNames, TheRegistryShrinks) {
    {
        const auto held = shared_exchange<int>("short-lived");
        EXPECT_EQ(held, shared_exchange<int>("short-lived"));
        EXPECT_THAT(exchange_names(), ElementsAre("short-lived"));
        EXPECT_EQ(&get_exchange<int>("short-lived"), held.get());
        EXPECT_TRUE(drop_exchange("short-lived"));
        EXPECT_EQ(held, shared_exchange<int>("short-lived"));
    }
    EXPECT_THAT(exchange_names(), IsEmpty());
}

}  // namespace
}  // namespace hocket::test
