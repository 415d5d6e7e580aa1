#include "hocket/actor/actor.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"
#include "report_capture.hpp"
#include "small_actors.hpp"

namespace hocket::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ActorTest, ReadsWhatWasSentAndEndsWhenClosed) {
    Collector actor;
    actor.send(1);  // before the start: it waits for it
    actor.start();
    actor.send(2);
    actor.send(3);
    actor.close();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1, 2, 3));
    EXPECT_EQ(actor.exit_kind(), ExitKind::finished);
    EXPECT_EQ(actor.dropped(), 0u);
    EXPECT_FALSE(actor.is_alive());
}

TEST(ActorTest, ClosedBeforeItsStart) {
    Collector actor;
    actor.send(1);
    actor.close();
    EXPECT_THROW(actor.send(2), ActorExit);
    actor.start();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1));
}

TEST(ActorTest, RunsOnLoopsAsATask) {
    LoopThread thread;
    LoopPool pool(2);
    Collector on_thread, on_pool;
    on_thread.start(thread);
    on_pool.start(pool);
    for (int i = 0; i < 100; ++i) {
        on_thread.send(i);
        on_pool.send(i);
    }
    on_thread.close();
    on_pool.close();
    on_thread.join();
    on_pool.join();
    EXPECT_EQ(on_thread.got.size(), 100u);
    EXPECT_EQ(on_thread.got, on_pool.got);
}

TEST(ActorTest, JoinThrowsWhatRunThrew) {
    Failing actor;
    actor.start();
    actor.send(1);
    EXPECT_THROW(actor.join(), std::runtime_error);
    EXPECT_EQ(actor.exit_kind(), ExitKind::failed);
    try {
        actor.send(2);
        FAIL();
    } catch (const ActorExit& error) {
        EXPECT_THAT(error.what(), HasSubstr("it failed"));
        EXPECT_EQ(error.actor(), actor.id());
    }
}

TEST(ActorTest, AFailureThatNobodyJoinsIsReported) {
    const ReportCapture reports;
    {
        Failing actor(ActorOptions().with_name("clumsy"));
        actor.send(1);
        actor.send(2);  // before the start: afterwards it may have ended already
        actor.start();
        run([](const AnyActor& of) -> Task<void> { co_await of.async_wait(); }(actor));
    }
    EXPECT_EQ(reports.text(),
              "actor 'clumsy' ended with an exception that nobody got by join(): it failed (1 messages unread)\n");
}

TEST(ActorTest, JoinBeforeStartIsAnError) {
    Collector actor;
    EXPECT_THROW(actor.join(), InvalidStateError);
    EXPECT_THROW((void)actor.join_for(1ms), InvalidStateError);
    EXPECT_THROW((void)actor.async_join(), InvalidStateError);
}

TEST(ActorTest, StartsOnce) {
    Collector actor;
    actor.start();
    EXPECT_THROW(actor.start(), InvalidStateError);
    actor.close();
    actor.join();
    EXPECT_THROW(actor.start(), InvalidStateError);
}

TEST(ActorTest, JoinFor) {
    Collector actor;
    actor.start();
    EXPECT_FALSE(actor.join_for(1ms));
    actor.close();
    EXPECT_TRUE(actor.join_for(20s));
}

TEST(ActorTest, StopDropsAndCounts) {
    Gated actor;
    actor.start();
    for (int i = 0; i < 5; ++i) actor.send(i);
    actor.stop("enough");
    actor.join();  // being stopped is no error
    EXPECT_THAT(actor.got, IsEmpty());
    EXPECT_EQ(actor.dropped(), 5u);
    EXPECT_EQ(actor.exit_kind(), ExitKind::stopped);
    EXPECT_THROW(actor.send(1), ActorExit);
    EXPECT_THAT(actor.take_unread(), IsEmpty());
}

TEST(ActorTest, StopAndKeepHandsBack) {
    Gated actor;
    actor.start();
    for (int i = 0; i < 3; ++i) actor.send(i);
    actor.stop_and_keep();
    actor.join();
    EXPECT_EQ(actor.dropped(), 3u);
    EXPECT_THAT(actor.take_unread(), ElementsAre(0, 1, 2));
    EXPECT_THAT(actor.take_unread(), IsEmpty());
}

TEST(ActorTest, StoppedBeforeItsStart) {
    Collector actor;
    actor.stop();
    EXPECT_THROW(actor.start(), InvalidStateError);
}

TEST(ActorTest, TheDestructorStopsIt) {
    const ReportCapture reports;
    Event running;
    class Sleeper : public Actor<int> {
    public:
        explicit Sleeper(Event& running) : running_(running) {}
        ~Sleeper() override { end(); }

    protected:
        Task<void> run() override {
            running_.set();
            for (;;) co_await sleep(1h);
        }

    private:
        Event& running_;
    };
    {
        Sleeper actor(running);
        actor.start();
        running.wait();
    }
    EXPECT_EQ(reports.text(), "");
}

// Its end cannot be waited for there; the loop brings it about.
TEST(ActorTest, DestroyedOnItsOwnLoopItIsReported) {
    const ReportCapture reports;
    const auto leave_early = []() -> Task<void> {
        AnyActor reference;
        {
            Collector actor;
            reference = actor;
            actor.start(EventLoop::current());
            co_await sleep(0ms);
        }
        co_await reference.async_join();
    };
    run(leave_early());
    EXPECT_THAT(reports.text(), HasSubstr("an actor was destroyed by the event loop that it runs on, before its end"));
}

// The class of the mistake that a generator makes by swallowing GeneratorExit.
TEST(ActorTest, OneThatSwallowsItsExitEndsNevertheless) {
    class Stubborn : public Actor<int> {
    public:
        int swallowed = 0;

    protected:
        Task<void> run() override {
            for (;;) {
                try {
                    (void)co_await receive();
                } catch (const std::exception&) {
                    ++swallowed;
                }
            }
        }
    };
    Stubborn actor;
    actor.start();
    actor.close();
    actor.join();
    EXPECT_GT(actor.swallowed, 0);
}

// ActorExit of another actor is an error like any other.
TEST(ActorTest, ADeadActorIsAnErrorForTheOneThatSpeaksToIt) {
    class Speaker : public Actor<int> {
    public:
        explicit Speaker(ActorRef<int> to) : to_(std::move(to)) {}

    protected:
        Task<void> run() override { to_.send(co_await receive()); }

    private:
        ActorRef<int> to_;
    };
    Collector dead;
    dead.close();
    Speaker speaker(dead);
    speaker.start();
    speaker.send(1);
    EXPECT_THROW(speaker.join(), ActorExit);
    EXPECT_EQ(speaker.exit_kind(), ExitKind::failed);
}

TEST(ActorTest, TheEndOfTheLoopStopsIt) {
    Gated actor;
    {
        LoopThread thread;
        actor.start(thread);
        actor.send(1);
    }
    actor.join();
    EXPECT_EQ(actor.exit_kind(), ExitKind::stopped);
    EXPECT_EQ(actor.dropped(), 1u);
    EXPECT_THROW(actor.send(2), ActorExit);
}

TEST(ActorTest, AClosedLoopTakesNoActor) {
    LoopThread thread;
    thread.stop();
    Collector actor;
    EXPECT_THROW(actor.start(thread), InvalidStateError);
    actor.start();  // still possible
    actor.send(1);
    actor.close();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1));
}

TEST(ActorTest, BoundedMailboxHoldsUpTheSender) {
    Gated actor(ActorOptions().with_mailbox(2));
    actor.start();
    actor.send(1);
    actor.send(2);
    int third = 3;
    EXPECT_FALSE(actor.try_send(std::move(third)));
    EXPECT_FALSE(actor.send_for(3, 1ms));
    Thread sender([&] { actor.send(3); });
    EXPECT_EQ(actor.unread(), 2u);
    actor.open.set();
    sender.join();
    actor.close();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1, 2, 3));
}

TEST(ActorTest, ASenderThatWaitsLearnsOfTheEnd) {
    Gated actor(ActorOptions().with_mailbox(1));
    actor.start();
    actor.send(1);
    std::exception_ptr error;
    Thread sender([&] {
        try {
            actor.send(2);
        } catch (...) {
            error = std::current_exception();
        }
    });
    actor.stop();
    sender.join();
    EXPECT_THROW(std::rethrow_exception(error), ActorExit);
    actor.join();
}

// Its mailbox is full, and it will never be started.
TEST(ActorTest, ASenderThatWaitsLearnsOfTheEndOfOneThatNeverRan) {
    auto actor = std::make_unique<Collector>(ActorOptions().with_mailbox(1));
    const ActorRef<int> reference = *actor;
    reference.send(1);
    Thread sender([&] { EXPECT_THROW(reference.send(2), ActorExit); });
    const auto wait = [&]() -> Task<void> {
        Future<void> waiting =
            create_task([](ActorRef<int> to) -> Task<void> { co_await to.async_send(3); }(reference));
        co_await sleep(0ms);
        actor = nullptr;
        EXPECT_THROW(co_await std::move(waiting), ActorExit);
    };
    run(wait());
    sender.join();
    EXPECT_EQ(reference.dropped(), 1u);
}

TEST(ActorTest, ACancelledSenderHasSentNothing) {
    Gated actor(ActorOptions().with_mailbox(1));
    actor.start();
    actor.send(1);
    Thread sender([&] { actor.send(2); });
    sender.cancel();
    EXPECT_THROW(sender.join(), CancelledError);
    actor.open.set();
    actor.close();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1));
}

TEST(ActorTest, BoundedMailboxMayRefuse) {
    Gated actor(ActorOptions().with_name("small").with_mailbox(1, Overflow::refuse));
    actor.start();
    actor.send(1);
    EXPECT_THROW(actor.send(2), MailboxFull);
    EXPECT_FALSE(actor.try_send(2));
    EXPECT_THROW(run([](ActorRef<int> to) -> Task<void> { co_await to.async_send(2); }(actor)), MailboxFull);
    actor.open.set();
    actor.close();
    actor.join();
    EXPECT_THAT(actor.got, ElementsAre(1));
}

Task<void> flood(ActorRef<int> to, int count) {
    for (int i = 0; i < count; ++i) co_await to.async_send(i);
    to.close();
}

TEST(ActorTest, ATaskWaitsForRoomOnTheSameLoop) {
    Collector actor(ActorOptions().with_mailbox(3));
    const auto both = [&]() -> Task<void> {
        actor.start(EventLoop::current());
        co_await flood(actor, 100);
        co_await actor.async_join();
    };
    run(both());
    EXPECT_EQ(actor.got.size(), 100u);
}

TEST(ActorTest, BlockingForRoomOnTheActorsOwnLoopIsADeadlock) {
    const auto both = []() -> Task<void> {
        const ActorRef<int> actor = spawn_actor<Gated>(EventLoop::current(), ActorOptions().with_mailbox(1));
        co_await sleep(0ms);
        actor.send(1);
        EXPECT_THROW(actor.send(2), DeadlockError);
        actor.stop();
        co_await actor.async_join();
    };
    run(both());
}

TEST(ActorTest, JoiningItselfIsADeadlock) {
    class Selfish : public Actor<int> {
    protected:
        Task<void> run() override { co_await async_join(); }
    };
    Selfish actor;
    actor.start();
    EXPECT_THROW(actor.join(), DeadlockError);
}

TEST(ActorTest, SpawnedOnesDestroyThemselves) {
    static std::atomic<int> alive{0};
    class Counted : public Actor<int> {
    public:
        Counted() { ++alive; }
        ~Counted() override { --alive; }

    protected:
        Task<void> run() override {
            for (;;) (void)co_await receive();
        }
    };
    LoopThread thread;
    {
        const ActorRef<int> one = spawn_actor<Counted>(thread);
        one.send(1);
        one.close();
        one.join();
        EXPECT_EQ(alive, 0);
        EXPECT_THROW(one.send(1), ActorExit);
    }
    const ActorRef<int> other = spawn_actor<Counted>(thread);
    thread.stop();
    EXPECT_EQ(alive, 0);
    EXPECT_THROW((void)spawn_actor<Counted>(thread), InvalidStateError);
    EXPECT_EQ(alive, 0);
}

TEST(ActorTest, AReferenceToNothing) {
    const ActorRef<int> nobody;
    EXPECT_FALSE(nobody);
    EXPECT_THROW(nobody.send(1), InvalidStateError);
    EXPECT_THROW(nobody.join(), InvalidStateError);
}

TEST(ActorTest, MessagesNeedOnlyBeMovable) {
    class Sum : public Actor<std::unique_ptr<int>> {
    public:
        int sum = 0;

    protected:
        Task<void> run() override {
            for (;;) {
                const auto message = co_await receive();
                sum += *message;
            }
        }
    };
    Sum actor;
    actor.start();
    for (int i = 1; i <= 1000; ++i) actor.send(std::make_unique<int>(i));
    actor.close();
    actor.join();
    EXPECT_EQ(actor.sum, 500500);
}

TEST(ActorTest, MessagesMayBeOveraligned) {
    struct alignas(64) Wide {
        int value = 0;
    };
    class Sum : public Actor<std::unique_ptr<Wide>> {
    public:
        int sum = 0;

    protected:
        Task<void> run() override {
            while (auto message = co_await receive()) sum += message->value;
        }
    };
    Sum actor;
    for (int i = 0; i < 40; ++i) actor.send(std::make_unique<Wide>(Wide{1}));
    actor.start();
    actor.close();
    actor.join();
    EXPECT_EQ(actor.sum, 40);
}

TEST(ActorTest, ReceivesWithATimeLimit) {
    class Patient : public Actor<int> {
    public:
        bool timed_out = false;
        std::optional<int> at_once;

    protected:
        Task<void> run() override {
            try {
                (void)co_await timeout(1ms, receive());
            } catch (const TimeoutError&) {
                timed_out = true;
            }
            at_once = try_receive();
        }
    };
    Patient actor;
    actor.start();
    actor.join();
    EXPECT_TRUE(actor.timed_out);
    EXPECT_FALSE(actor.at_once);
}

TEST(ActorTest, ItsTaskIsSeen) {
    const auto look = []() -> Task<void> {
        const ActorRef<int> actor = spawn_actor<Collector>(EventLoop::current(), ActorOptions().with_name("visible"));
        co_await sleep(0ms);
        co_await sleep(0ms);
        std::string waits;
        for (const TaskInfo& task : EventLoop::current().all_tasks()) {
            if (task.name == "visible") waits = task.waits_for;
        }
        EXPECT_EQ(waits, "a message");
        actor.close();
        co_await actor.async_join();
    };
    run(look());
}

// ---- ask

class Get {
public:
    explicit Get(int key) : key(key) {}
    int key;
};
class Crash {};
class Store : public Actor<std::variant<int, Request<Get, std::string>, Request<Crash, void>>> {
public:
    std::optional<Request<Get, std::string>> kept;

protected:
    Task<void> run() override {
        for (;;) {
            auto message = co_await receive();
            if (auto* get = std::get_if<Request<Get, std::string>>(&message)) {
                if ((*get)->key == 0) continue;  // forgets to answer
                if ((*get)->key == 1) {
                    kept.emplace(std::move(*get));
                    continue;
                }
                get->answer([](const Get& question) {
                    if (question.key < 0) throw std::out_of_range("no such key");
                    return "value " + std::to_string(question.key);
                });
            } else if (auto* crash = std::get_if<Request<Crash, void>>(&message)) {
                crash->reply();
            }
        }
    }
};

TEST(Ask, GivesAFutureOfTheAnswer) {
    Store store;
    store.start();
    EXPECT_EQ(store.ask(Get(7)).result(), "value 7");
    store.ask(Crash()).result();
    EXPECT_THROW(store.ask(Get(-1)).result(), std::out_of_range);
    EXPECT_THROW(store.ask(Get(0)).result(), ActorExit);  // forgotten
    EXPECT_EQ(run([](const Store& to) -> Task<std::string> { co_return co_await to.ask(Get(3)); }(store)), "value 3");
    store.close();
    store.join();
    EXPECT_THROW((void)store.ask(Get(7)), ActorExit);
}

TEST(Ask, NobodyWaitsForADeadActor) {
    Store store;
    const auto early = store.ask(Get(5));
    store.start();
    EXPECT_EQ(early.result(), "value 5");
    const auto kept = store.ask(Get(1));
    store.stop();
    store.join();
    ASSERT_TRUE(store.kept || kept.done());
    if (store.kept) {
        EXPECT_FALSE(store.kept->abandoned());
        EXPECT_TRUE(store.kept->reply("late"));
        EXPECT_EQ(kept.result(), "late");
        EXPECT_THROW(store.kept->reply("again"), InvalidStateError);
    } else {
        EXPECT_THROW(kept.result(), ActorExit);
    }

    Future<std::string> never;
    {
        Store unstarted;
        never = unstarted.ask(Get(5));
    }
    EXPECT_THROW(never.result(), ActorExit);
}

TEST(Ask, AnAnswerThatNobodyWantsIsNoError) {
    Store store;
    store.start();
    const auto answer = store.ask(Get(1));
    EXPECT_TRUE(answer.cancel());
    store.ask(Crash()).result();
    ASSERT_TRUE(store.kept);
    EXPECT_TRUE(store.kept->abandoned());
    EXPECT_FALSE(store.kept->reply("unwanted"));
    store.close();
    store.join();
}

}  // namespace
}  // namespace hocket::test
