
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "hocket/actor.hpp"
#include "hocket/sync/event.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using test::ReportCapture;

// Uses its members to the very end.
class Tidy : public Actor<int> {
public:
    Tidy(std::unique_ptr<Event> running, std::string* last_words)
        : running_(std::move(running)), last_words_(last_words) {}
    void await_running() { running_->wait(); }

protected:
    Task<void> run() override {
        const Finally tidy_up(*this);
        running_->set();
        (void)co_await receive();
    }

private:
    struct Finally {
        explicit Finally(Tidy& actor) : actor(actor) {}
        Finally(const Finally&) = delete;
        Finally& operator=(const Finally&) = delete;
        ~Finally() { *actor.last_words_ = actor.is_gone_.gone ? "too late" : "in time"; }
        Tidy& actor;
    };
    struct Witness {
        ~Witness() { gone = true; }
        bool gone = false;
    };
    std::unique_ptr<Event> running_;
    std::string* last_words_;
    Witness is_gone_;
};

TEST(ScopedActorTest, EndsBeforeTheMembersOfItsClass) {
    const ReportCapture reports;
    std::string last_words;
    {
        ScopedActor<Tidy> actor(std::make_unique<Event>(), &last_words);
        actor.start();
        actor.await_running();
    }
    EXPECT_EQ(last_words, "in time");
    EXPECT_EQ(reports.text(), "");
}

TEST(ScopedActorTest, IsAnActorLikeOthers) {
    std::string last_words;
    LoopThread loop;
    const auto actor = std::make_unique<ScopedActor<Tidy>>(std::make_unique<Event>(), &last_words);
    actor->start(loop);
    const ActorRef<int> reference = *actor;
    reference.send(1);
    reference.join();
    EXPECT_EQ(last_words, "in time");
}

// One that runs, and nothing of whose class is used any more.
class Harmless : public Actor<int> {
protected:
    Task<void> run() override { (void)co_await receive(); }
};

class Forgotten : public Actor<int> {
public:
    explicit Forgotten(Event& runs) : runs_(&runs) {}

protected:
    Task<void> run() override {
        runs_->set();
        (void)co_await receive();
    }

private:
    Event* runs_;
};

bool forgetting_is_reported() {
    const ReportCapture reports;
    Event runs;
    {
        Forgotten actor(runs);
        actor.start();
        runs.wait();  // or there would be no run() any more that could be called
    }
    return reports.text().find("was still running when the members of its class were destroyed") != std::string::npos;
}

bool nothing_is_reported() {
    const ReportCapture reports;
    {
        ScopedActor<Harmless> scoped;
        scoped.start();
        Harmless joined;
        joined.start();
        joined.stop();
        joined.join();
        const Harmless never_started;
        LoopThread loop;
        spawn_actor<Harmless>(loop).stop();
    }
    return reports.text().empty();
}

TEST(ScopedActorTest, DebugModeReportsThatTheEndWasForgotten) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto in_debug_mode = [](bool (*check)()) {
        ::setenv("HOCKET_DEBUG", "1", 1);
        std::_Exit(check() ? 0 : 1);
    };
    EXPECT_EXIT(in_debug_mode(forgetting_is_reported), ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(in_debug_mode(nothing_is_reported), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace hocket
