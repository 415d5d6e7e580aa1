// Barrier under every interleaving: a party whose time is up meets the last one to come, and its action.
#include "hocket/sync/barrier.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "hocket/core/errors.hpp"
#include "model/model.hpp"

namespace hocket {
namespace {

using detail::ThreadCanceller;

model::Options options(int preemptions) {
    model::Options options;
    options.preemptions = preemptions;
    options.most_schedules = 5'000'000;
    options.locals = {
        [](std::size_t) -> void* { return ThreadCanceller::install(nullptr); },
        [](std::size_t, void* canceller) { ThreadCanceller::install(static_cast<ThreadCanceller*>(canceller)); }, 1};
    return options;
}

void expect_right(const model::Result& result) {
    EXPECT_EQ(result.failure, "");
    EXPECT_TRUE(result.complete) << "only " << result.schedules << " schedules were tried";
    EXPECT_GE(result.schedules, 100u);
}

enum class Action { returns, throws };

struct Shared {
    explicit Shared(Action action)
        : barrier(2, [this, action] {
              acting.store(true);
              acting.store(false);
              ++actions;
              if (action == Action::throws) throw std::runtime_error("action");
          }) {}
    model::Atomic<bool> acting{false};
    int actions = 0;
    Barrier barrier;
    ThreadCanceller canceller;
    int passed = 0, broken = 0, failed = 0, cancelled = 0;
    std::size_t places = 0;
    std::string wrong;

    template <class Wait>
    void visit(Wait wait) {
        try {
            places += wait();
            ++passed;
        } catch (const BrokenBarrierError&) {
            ++broken;
        } catch (const std::runtime_error&) {
            ++failed;
        } catch (const CancelledError&) {
            ++cancelled;
            return;  // which may be at any time
        }
        if (acting.peek()) wrong = "one went on while the action ran";
    }
    void wait() {
        visit([this] { return barrier.wait(); });
    }
    void wait_too_long() {
        visit([this] { return barrier.wait_until(TimePoint()); });
    }
};

TEST(BarrierModel, OneWhoseTimeIsUpPassesWithTheOthersOrBreaksItForAll) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(Action::returns);
            return model::Run{{[=] { shared->wait_too_long(); }, [=] { shared->wait(); }}, [=]() -> std::string {
                                  if (!shared->wrong.empty()) return shared->wrong;
                                  const bool all = shared->passed == 2 && shared->actions == 1 && shared->places == 1 &&
                                                   !shared->barrier.broken();
                                  const bool none =
                                      shared->broken == 2 && shared->actions == 0 && shared->barrier.broken();
                                  return all || none ? "" : "some went on and some did not";
                              }};
        },
        options(4)));
}

TEST(BarrierModel, OneWhoseTimeIsUpLearnsThatTheActionFailed) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(Action::throws);
            return model::Run{{[=] { shared->wait_too_long(); }, [=] { shared->wait(); }}, [=]() -> std::string {
                                  if (!shared->wrong.empty()) return shared->wrong;
                                  if (shared->passed != 0) return "one went on as if all was well";
                                  if (shared->failed != shared->actions) return "the exception was lost";
                                  return shared->broken + shared->failed == 2 ? "" : "one is missing";
                              }};
        },
        options(4)));
}

// The cancelled one leaves, or the round was complete with it; then the other goes on.
TEST(BarrierModel, OneWhoIsCancelledLeavesOrTheRoundIsComplete) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(Action::returns);
            auto cancellable = [=] {
                ThreadCanceller::install(&shared->canceller);
                shared->wait();
            };
            auto cancels = [=] {
                shared->canceller.cancel();
                shared->wait_too_long();
            };
            return model::Run{{cancellable, cancels}, [=]() -> std::string {
                                  if (!shared->wrong.empty()) return shared->wrong;
                                  if (shared->passed + shared->cancelled + shared->broken != 2) return "one is missing";
                                  if (shared->barrier.n_waiting() != 0) return "one who has left is counted";
                                  const bool complete = shared->actions == 1;
                                  if (complete != (shared->passed > 0)) return "the action ran, and nobody passed";
                                  return complete && shared->broken > 0 ? "a complete round broke" : "";
                              }};
        },
        options(4)));
}

}  // namespace
}  // namespace hocket
