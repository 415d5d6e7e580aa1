#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <variant>
#include <vector>

#include "hocket/actor.hpp"
#include "hocket/aio.hpp"
#include "hocket/sync/event.hpp"
#include "report_capture.hpp"
#include "small_actors.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

// Watches others and keeps what it is told.
class Watcher : public Actor<std::variant<Down, int>> {
public:
    explicit Watcher(std::vector<AnyActor> watched) : watched_(std::move(watched)) {}
    ~Watcher() override { end(); }
    std::vector<Down> told;

protected:
    Task<void> run() override {
        for (const AnyActor& actor : watched_) (void)monitor(actor);
        for (std::size_t left = watched_.size(); left > 0; --left) {
            auto message = co_await receive();
            told.push_back(std::get<Down>(std::move(message)));
        }
    }

private:
    std::vector<AnyActor> watched_;
};

TEST(Monitor, TellsHowItEnded) {
    const ReportCapture reports;
    LoopThread thread;
    {
        Collector finishing, stopped;
        Failing failing(ActorOptions().with_name("failing"));
        finishing.start(thread);
        stopped.start(thread);
        failing.start(thread);
        Watcher watcher({finishing, stopped, failing});
        watcher.start(thread);
        finishing.close();
        stopped.stop("no longer needed");
        failing.send(1);
        watcher.join();
        ASSERT_EQ(watcher.told.size(), 3u);
        for (const Down& down : watcher.told) {
            EXPECT_NE(down.monitor, 0u);
            if (down.actor == finishing.id()) {
                EXPECT_EQ(down.kind, ExitKind::finished);
                EXPECT_EQ(down.error, nullptr);
            } else if (down.actor == stopped.id()) {
                EXPECT_EQ(down.kind, ExitKind::stopped);
                EXPECT_EQ(down.reason, "no longer needed");
            } else {
                EXPECT_EQ(down.kind, ExitKind::failed);
                EXPECT_EQ(down.name, "failing");
                EXPECT_EQ(down.reason, "it failed");
                EXPECT_THROW(std::rethrow_exception(down.error), std::runtime_error);
            }
        }
    }
    EXPECT_EQ(reports.text(), "");  // the watcher has seen the error
}

TEST(Monitor, OfADeadActorTellsAtOnce) {
    Failing failing;
    failing.start();
    failing.send(1);
    EXPECT_THROW(failing.join(), std::runtime_error);
    Collector never;
    Watcher watcher({failing});
    watcher.start();
    watcher.join();
    EXPECT_EQ(watcher.told.at(0).kind, ExitKind::failed);
}

// Holds up who tells of an end, and joins there who has ended.
class HeldUp {
public:
    explicit HeldUp(int) {}
    explicit HeldUp(Down) {
        is_told.release();
        target.join();
        go.acquire();
    }
    static inline AnyActor target;
    static inline std::binary_semaphore is_told{0}, go{0};
};

TEST(Monitor, IsToldBeforeAnybodyHasJoined) {
    class Watcher : public Actor<HeldUp> {
    public:
        ~Watcher() override { end(); }
        Event armed;

    protected:
        Task<void> run() override {
            (void)monitor(HeldUp::target);
            armed.set();
            (void)co_await receive();
        }
    };
    Collector actor;
    actor.start();
    HeldUp::target = actor;
    Watcher watcher;
    watcher.start();
    watcher.armed.wait();
    actor.close();
    HeldUp::is_told.acquire();
    EXPECT_TRUE(actor.ended());
    EXPECT_FALSE(actor.join_for(std::chrono::milliseconds(0)));
    EXPECT_FALSE(actor.join_for(std::chrono::milliseconds(1)));
    HeldUp::go.release();
    actor.join();
    watcher.join();
    HeldUp::target = AnyActor();
}

TEST(Monitor, OfAnActorThatIsNeverStarted) {
    std::unique_ptr<Collector> never = std::make_unique<Collector>();
    Watcher watcher({*never});
    watcher.start();
    never = nullptr;
    watcher.join();
    EXPECT_EQ(watcher.told.at(0).kind, ExitKind::stopped);
}

TEST(Monitor, CanBeTakenBack) {
    class Fickle : public Actor<std::variant<Down, int>> {
    public:
        explicit Fickle(AnyActor other) : other_(std::move(other)) {}
        bool was_there = false, again = true;
        Event ready;

    protected:
        Task<void> run() override {
            const std::uint64_t number = monitor(other_);
            was_there = demonitor(other_, number);
            again = demonitor(other_, number);
            ready.set();
            (void)co_await receive();
        }

    private:
        AnyActor other_;
    };
    Collector other;
    other.start();
    Fickle actor(other);
    actor.start();
    actor.ready.wait();
    other.close();
    other.join();
    EXPECT_FALSE(actor.join_for(std::chrono::milliseconds(5)));
    actor.send(1);
    actor.join();
    EXPECT_TRUE(actor.was_there);
    EXPECT_FALSE(actor.again);
}

// Who has ended need not be told any more: an actor that lives long would collect all that ever watched it.
TEST(Monitor, OfThoseThatHaveEndedIsForgotten) {
    using Token = std::shared_ptr<int>;
    class Passing : public Actor<std::variant<Down, Token>> {
    public:
        explicit Passing(AnyActor target) : target_(std::move(target)) {}
        ~Passing() override { end(); }
        Event ready;

    protected:
        Task<void> run() override {
            (void)monitor(target_);
            ready.set();
            co_await sleep(std::chrono::hours(1));
        }

    private:
        AnyActor target_;
    };
    LoopThread thread;
    Collector lasting;
    lasting.start(thread);
    const auto token = std::make_shared<int>(0);
    for (int i = 0; i < 200; ++i) {
        Passing passing(lasting);
        passing.send(token);  // which goes with the last reference to it
        passing.start(thread);
        passing.ready.wait();
        passing.stop_and_keep();
        passing.join();
    }
    EXPECT_LT(token.use_count(), 30);
    lasting.close();
    lasting.join();
    EXPECT_EQ(token.use_count(), 1);
}

TEST(Link, AFailureTakesTheOthersDown) {
    LoopThread thread;
    Failing failing(ActorOptions().with_name("weak"));
    Collector second, third;
    failing.link(second);
    second.link(third);
    failing.start(thread);
    second.start(thread);
    third.start(thread);
    failing.send(1);
    try {
        third.join();
        FAIL();
    } catch (const ActorExit& error) {
        EXPECT_THAT(error.what(), HasSubstr("failed"));
        EXPECT_THAT(error.what(), HasSubstr("actor 'weak', to which it is linked, failed: it failed"));
    }
    EXPECT_THROW(second.join(), ActorExit);
    EXPECT_THROW(failing.join(), std::runtime_error);
}

TEST(Link, StoppingDoesToo) {
    Collector first, second;
    first.start();
    second.start();
    first.link(second);
    second.stop();
    second.join();
    EXPECT_THROW(first.join(), ActorExit);
}

TEST(Link, AGoodEndDoesNot) {
    Collector first, second;
    first.start();
    second.start();
    first.link(second);
    second.close();
    second.join();
    first.send(1);
    first.close();
    first.join();
    EXPECT_EQ(first.got.size(), 1u);
}

TEST(Link, CanBeUntied) {
    Collector first, second;
    first.start();
    second.start();
    first.link(second);
    second.unlink(first);
    second.stop();
    second.join();
    first.close();
    first.join();
    EXPECT_THROW(first.link(first), InvalidStateError);
}

TEST(Link, ToADeadActorActsAtOnce) {
    Collector first, second;
    second.start();
    second.stop();
    second.join();
    first.start();
    first.link(second);
    EXPECT_THROW(first.join(), ActorExit);
}

TEST(Link, ToNothingIsAnErrorAndChangesNothing) {
    Collector actor;
    EXPECT_THROW(actor.link(AnyActor()), InvalidStateError);
    EXPECT_THROW(AnyActor().link(actor), InvalidStateError);
    actor.start();
    actor.close();
    actor.join();
}

TEST(Link, WhoTrapsExitsIsTold) {
    class Trapper : public Actor<std::variant<Down, int>> {
    public:
        Event armed;
        std::string reason;

    protected:
        Task<void> run() override {
            trap_exits();
            armed.set();
            auto message = co_await receive();
            if (auto* down = std::get_if<Down>(&message)) reason = down->reason;
        }
    };
    const ReportCapture reports;
    Trapper trapper;
    {
        Failing failing;
        trapper.link(failing);
        trapper.start();
        trapper.armed.wait();
        failing.start();
        failing.send(1);
        trapper.join();
        EXPECT_EQ(trapper.reason, "it failed");
    }
    EXPECT_EQ(reports.text(), "");  // it has seen the error
}

TEST(ActorNames, AreNotForNothing) {
    EXPECT_THROW(register_actor("nothing", AnyActor()), InvalidStateError);
    EXPECT_TRUE(actor_names().empty());
}

TEST(ActorNames, AreForgottenAtTheEnd) {
    Collector actor;
    register_actor("accounts", actor);
    EXPECT_EQ(find_actor<int>("accounts").id(), actor.id());
    EXPECT_THROW((void)find_actor<std::string>("accounts"), InvalidStateError);
    Collector other;
    EXPECT_THROW(register_actor("accounts", other), InvalidStateError);
    EXPECT_FALSE(find_actor("nobody"));
    actor.start();
    find_actor<int>("accounts").send(1);
    actor.close();
    actor.join();
    EXPECT_FALSE(find_actor("accounts"));
    EXPECT_THROW(register_actor("accounts", actor), InvalidStateError);
    EXPECT_FALSE(find_actor("accounts"));
    register_actor("accounts", other);
    EXPECT_EQ(actor_names(), std::vector<std::string>{"accounts"});
    EXPECT_TRUE(unregister_actor("accounts"));
    EXPECT_FALSE(unregister_actor("accounts"));
    EXPECT_TRUE(actor_names().empty());
}

}  // namespace
}  // namespace hocket::test
