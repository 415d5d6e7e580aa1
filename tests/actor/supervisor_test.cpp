#include "hocket/actor/supervisor.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"
#include "report_capture.hpp"
#include "small_actors.hpp"

namespace hocket::test {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Says when it begins and ends. The message 0 makes it return, 1 fail.
class Child : public Actor<int> {
public:
    Child(Queue<std::string>& events, std::string name) : events_(events), name_(std::move(name)) {}
    ~Child() override { events_.put("-" + name_); }

protected:
    Task<void> run() override {
        events_.put("+" + name_);  // by now the supervisor, on the same loop, knows it
        const int message = co_await receive();
        if (message == 1) throw std::runtime_error(name_ + " failed");
    }

private:
    Queue<std::string>& events_;
    const std::string name_;
};

class SupervisorTest : public ::testing::Test {
protected:
    ChildSpec child(const std::string& name, Restart restart = Restart::permanent) {
        return ChildSpec(
            name, [this, name] { return spawn_actor<Child>(thread, events, name); }, restart);
    }
    // The next events, as one line.
    std::string next(int count) {
        std::string text;
        for (; count > 0; --count) text += events.get();
        return text;
    }

    Queue<std::string> events;
    LoopThread thread;
};

TEST_F(SupervisorTest, StartsInOrderAndStopsInTheReverseOne) {
    Supervisor supervisor(SupervisorOptions(), {child("a"), child("b"), child("c")});
    supervisor.start(thread);
    EXPECT_EQ(next(3), "+a+b+c");
    supervisor.close();
    supervisor.join();
    EXPECT_EQ(next(3), "-c-b-a");
    EXPECT_EQ(supervisor.exit_kind(), ExitKind::finished);
}

TEST_F(SupervisorTest, OneForOne) {
    Supervisor supervisor(SupervisorOptions(), {child("a"), child("b")});
    supervisor.start(thread);
    EXPECT_EQ(next(2), "+a+b");
    const AnyActor before = supervisor.child("a");
    supervisor.child<int>("a").send(1);
    EXPECT_EQ(next(2), "-a+a");
    supervisor.child<int>("b").send(0);  // it is permanent
    EXPECT_EQ(next(2), "-b+b");
    EXPECT_FALSE(supervisor.child("a") == before);
    EXPECT_FALSE(supervisor.child("nobody"));
    EXPECT_FALSE(supervisor.child<std::string>("a"));
    EXPECT_EQ(supervisor.restarts(), 2u);
    supervisor.stop();
    supervisor.join();
    EXPECT_EQ(next(2), "-b-a");
}

TEST_F(SupervisorTest, OneForAll) {
    Supervisor supervisor(SupervisorOptions().with_strategy(Strategy::one_for_all),
                          {child("a"), child("b"), child("c")});
    supervisor.start(thread);
    EXPECT_EQ(next(3), "+a+b+c");
    supervisor.child<int>("b").send(1);
    EXPECT_EQ(next(6), "-b-c-a+a+b+c");
    supervisor.stop();
    supervisor.join();
}

TEST_F(SupervisorTest, RestForOne) {
    Supervisor supervisor(SupervisorOptions().with_strategy(Strategy::rest_for_one),
                          {child("a"), child("b"), child("c", Restart::temporary), child("d")});
    supervisor.start(thread);
    EXPECT_EQ(next(4), "+a+b+c+d");
    supervisor.child<int>("b").send(1);
    EXPECT_EQ(next(5), "-b-d-c+b+d");
    supervisor.stop();
    supervisor.join();
    EXPECT_EQ(next(3), "-d-b-a");
}

TEST_F(SupervisorTest, TransientAndTemporaryChildren) {
    const ReportCapture reports;
    Supervisor supervisor(SupervisorOptions().with_name("top"),
                          {child("transient", Restart::transient), child("temporary", Restart::temporary)});
    supervisor.start(thread);
    EXPECT_EQ(next(2), "+transient+temporary");
    supervisor.child<int>("temporary").send(1);
    EXPECT_EQ(next(1), "-temporary");
    supervisor.child<int>("transient").send(1);
    EXPECT_EQ(next(2), "-transient+transient");
    supervisor.child<int>("transient").send(0);
    EXPECT_EQ(next(1), "-transient");
    supervisor.add(child("late"));
    EXPECT_EQ(next(1), "+late");
    EXPECT_FALSE(supervisor.child("transient"));
    supervisor.stop();
    supervisor.join();
    EXPECT_EQ(next(1), "-late");
    EXPECT_THAT(reports.text(), HasSubstr("child 'temporary' of supervisor 'top' failed: temporary failed\n"));
    EXPECT_THAT(reports.text(), HasSubstr("child 'transient' of supervisor 'top' failed: transient failed\n"));
    EXPECT_EQ(reports.count(), 2u);
}

// The inner one gives up at the second failure of its child; the outer one starts it anew, once.
TEST_F(SupervisorTest, GivesUpAndEscalates) {
    const ReportCapture reports;
    std::string told;
    const auto tell = [&told](const Down& down) { told += down.name + ' '; };
    const auto start_inner = [this, tell] {
        const auto start_child = [this] {
            const ActorRef<int> actor = spawn_actor<Child>(thread, events, "a");
            actor.send(1);
            return actor;
        };
        return spawn_actor<Supervisor>(
            thread, SupervisorOptions().with_name("inner").with_intensity(1, 1h).with_on_failure(tell),
            std::vector<ChildSpec>{ChildSpec("a", start_child)});
    };
    Supervisor outer(SupervisorOptions().with_name("outer").with_intensity(1, 1h).with_on_failure(tell),
                     {ChildSpec("inner", start_inner)});
    outer.start(thread);
    try {
        outer.join();
        FAIL();
    } catch (const TooManyRestarts& error) {
        EXPECT_THAT(error.what(), HasSubstr("supervisor 'outer' gives up after 1 restarts: child 'inner' ended again"));
        EXPECT_THAT(error.what(),
                    HasSubstr("supervisor 'inner' gives up after 1 restarts: child 'a' ended again: a failed"));
        EXPECT_THROW(std::rethrow_exception(error.cause()), TooManyRestarts);
    }
    EXPECT_EQ(next(8), "+a-a+a-a+a-a+a-a");
    EXPECT_THAT(told, MatchesRegex("Actor-.* Actor-.* inner Actor-.* Actor-.* inner "));
    EXPECT_EQ(reports.text(), "");
}

TEST_F(SupervisorTest, OldRestartsAreForgotten) {
    VirtualClock clock;
    EventLoop loop(LoopOptions{.clock = &clock});
    const auto fail_slowly = [&]() -> Task<void> {
        Supervisor supervisor(SupervisorOptions().with_intensity(1, 1s),
                              {ChildSpec("a", [&] { return spawn_actor<Child>(loop, events, "a"); })});
        supervisor.start(loop);
        for (int i = 0; i < 5; ++i) {
            co_await sleep(2s);
            supervisor.child<int>("a").send(1);
        }
        co_await sleep(2s);
        EXPECT_EQ(supervisor.restarts(), 5u);
        EXPECT_TRUE(supervisor.is_alive());
        supervisor.stop();
        co_await supervisor.async_join();
    };
    loop.run_until_complete(fail_slowly());
}

TEST_F(SupervisorTest, AStartThatThrowsIsAFailure) {
    int attempts = 0;
    const auto start = [&]() -> AnyActor {
        if (++attempts == 2) throw std::runtime_error("cannot start");
        return spawn_actor<Child>(thread, events, "a");
    };
    Supervisor supervisor(SupervisorOptions(), {ChildSpec("a", start)});
    supervisor.start(thread);
    EXPECT_EQ(next(1), "+a");
    supervisor.child<int>("a").send(1);
    EXPECT_EQ(next(2), "-a+a");
    EXPECT_EQ(supervisor.restarts(), 2u);
    supervisor.stop();
    supervisor.join();

    const auto never = []() -> AnyActor { throw std::runtime_error("cannot start"); };
    Supervisor other(SupervisorOptions(), {child("b"), ChildSpec("c", never)});
    other.start(thread);
    EXPECT_THROW(other.join(), std::runtime_error);
}

// Otherwise it would wait for an end that never comes.
TEST_F(SupervisorTest, AChildThatWasNotStartedIsAFailure) {
    auto forgotten = std::make_unique<Child>(events, "x");
    for (const bool nothing : {false, true}) {
        const auto start = [&]() -> AnyActor { return nothing ? AnyActor() : AnyActor(*forgotten); };
        Supervisor supervisor(SupervisorOptions(), {child("a"), ChildSpec("b", start)});
        supervisor.start(thread);
        EXPECT_THROW(supervisor.join(), InvalidStateError);
        EXPECT_EQ(next(1), "-a");  // before its first step
    }
    forgotten = nullptr;
    EXPECT_EQ(next(1), "-x");
}

// As when the task that has it is cancelled.
TEST_F(SupervisorTest, DestroyedOnItsOwnLoopItStopsTheChildrenNevertheless) {
    const ReportCapture reports;
    const auto leave_early = [&]() -> Task<void> {
        EventLoop& loop = EventLoop::current();
        AnyActor reference;
        {
            Supervisor supervisor(SupervisorOptions(), {child("a"), child("b")});
            reference = supervisor;
            supervisor.start(loop);
            while (supervisor.child("b") == AnyActor()) co_await sleep(0ms);
            supervisor.add(child("c"));
        }
        co_await reference.async_join();
    };
    run(leave_early());
    std::string all;  // with or without the third, and any of them may have been stopped before its first step
    while (auto event = events.try_get()) all += *event;
    EXPECT_THAT(all, EndsWith("-b-a"));
    EXPECT_THAT(reports.text(), HasSubstr("an actor was destroyed by the event loop that it runs on"));
}

TEST_F(SupervisorTest, ItsDestructorStopsTheChildren) {
    {
        Supervisor supervisor(SupervisorOptions(), {child("a")});
        supervisor.start();
        EXPECT_EQ(next(1), "+a");
    }
    EXPECT_EQ(next(1), "-a");
}

}  // namespace
}  // namespace hocket::test
