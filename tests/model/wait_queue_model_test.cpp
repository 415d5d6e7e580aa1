// The wait queue, a thread's parking, and the mailbox of a scheduler, under every interleaving of few threads.
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/test_loop.hpp"
#include "hocket/core/detail/run_queue.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "model/model.hpp"

namespace hocket::detail {
namespace {

class CurrentScheduler : Scheduler {
public:
    static Scheduler* install(Scheduler* scheduler) noexcept { return std::exchange(current_, scheduler); }
};

// Threads of the model share the thread-local variables of the one real thread.
model::Options options(int preemptions) {
    model::Options options;
    options.preemptions = preemptions;
    options.locals.count = 2;
    options.locals.take = [](std::size_t variable) -> void* {
        if (variable == 0) return ThreadCanceller::install(nullptr);
        return CurrentScheduler::install(nullptr);
    };
    options.locals.place = [](std::size_t variable, void* value) {
        if (variable == 0) {
            ThreadCanceller::install(static_cast<ThreadCanceller*>(value));
        } else {
            CurrentScheduler::install(static_cast<Scheduler*>(value));
        }
    };
    return options;
}

void expect_right(const model::Result& result, std::size_t at_least) {
    EXPECT_EQ(result.failure, "");
    EXPECT_TRUE(result.complete) << "only " << result.schedules << " schedules were tried";
    EXPECT_GE(result.schedules, at_least);
    ::testing::Test::RecordProperty("schedules", static_cast<int>(result.schedules));
}

// A flag with waiters, as an Event has it.
struct Flag {
    WaitQueue queue;
    Atomic<bool> set{false};
    bool wait(TimePoint deadline = kNever) {
        ThreadWaiter waiter;
        if (!queue.push_unless(waiter, [this] { return set.load(); })) return true;
        return waiter.park(deadline) == WaitOutcome::woken;
    }
    void raise() {
        WaitQueue::Popped waiters;
        {
            WaitQueue::Lock lock(queue);
            set.store(true);
            waiters = lock.pop_all();
        }
        WaitQueue::wake_all(waiters);
    }
};

TEST(ModelChecker, FindsALostUpdate) {
    const auto result = model::explore([] {
        auto count = std::make_shared<model::Atomic<int>>(0);
        auto add = [count] { count->store(count->load() + 1); };
        return model::Run{{add, add}, [count] { return count->peek() == 2 ? "" : "an update was lost"; }};
    });
    EXPECT_NE(result.failure.find("an update was lost"), std::string::npos);
}

TEST(ModelChecker, FindsADeadlock) {
    const auto result = model::explore([] {
        struct Two {
            WaitQueue queue;
            ThreadWaiter waiter;
        };
        auto two = std::make_shared<Two>();
        return model::Run{{[two] {
                              two->queue.push_unless(two->waiter, [] { return false; });
                              two->waiter.park();
                          }},
                          [] { return ""; }};
    });
    EXPECT_NE(result.failure.find("deadlock"), std::string::npos);
}

TEST(WaitQueueModel, NoWakeUpIsLost) {
    const auto result = model::explore(
        [] {
            auto flag = std::make_shared<Flag>();
            auto woken = std::make_shared<int>(0);
            auto wait = [=] { *woken += flag->wait(); };
            return model::Run{{wait, wait, [=] { flag->raise(); }},
                              [=] { return *woken == 2 ? "" : "a waiter was not woken"; }};
        },
        options(3));
    expect_right(result, 100);
}

// A wake-up that finds its waiter cancelled goes to the next one.
TEST(WaitQueueModel, AWakeUpIsNotGivenToTheCancelled) {
    const auto result = model::explore(
        [] {
            struct Shared {
                WaitQueue queue;
                ThreadCanceller canceller;
                int permits = 0;
                int taken = 0;
                int cancelled = 0;
                bool done = false;
            };
            auto shared = std::make_shared<Shared>();
            auto wait = [=](bool cancellable) {
                if (cancellable) ThreadCanceller::install(&shared->canceller);
                ThreadWaiter waiter;
                const bool queued = shared->queue.push_unless(waiter, [&] {
                    if (shared->permits == 0) return false;
                    --shared->permits;
                    return true;
                });
                if (queued && waiter.park() == WaitOutcome::cancelled) {
                    ++shared->cancelled;
                } else {
                    ++shared->taken;
                }
            };
            auto release = [=] {
                Waiter* next = nullptr;
                {
                    WaitQueue::Lock lock(shared->queue);
                    next = lock.pop();
                    if (!next) ++shared->permits;
                }
                if (next) next->wake();
            };
            // One permit for two waiters, one of whom is cancelled: the other must get it, or the first did in time and
            // a second release serves the other.
            return model::Run{{[=] { wait(true); }, [=] { wait(false); },
                               [=] {
                                   release();
                                   shared->canceller.cancel();
                                   release();
                               }},
                              [=]() -> std::string {
                                  if (shared->taken + shared->cancelled != 2) return "a waiter is missing";
                                  if (shared->taken + shared->permits != 2) return "a permit was lost or doubled";
                                  return "";
                              }};
        },
        options(3));
    expect_right(result, 1000);
}

// wake() is the last touch: the woken thread may destroy the queue and its waiter at once.
TEST(WaitQueueModel, OneOfWokenAndInterruptedWins) {
    const auto result = model::explore(
        [] {
            struct Shared {
                WaitQueue queue;
                ThreadWaiter waiter;
                int wakers = 0;
                WaitOutcome outcome{};
            };
            auto shared = std::make_shared<Shared>();
            shared->queue.push_unless(shared->waiter, [] { return false; });
            return model::Run{{[=] { shared->outcome = shared->waiter.park(); },
                               [=] { shared->wakers += shared->queue.wake_one() ? 1 : 0; },
                               [=] { shared->waiter.interrupt(WaitOutcome::cancelled); }},
                              [=]() -> std::string {
                                  const bool woken = shared->outcome == WaitOutcome::woken;
                                  if (woken != (shared->wakers == 1)) return "both or neither ended the wait";
                                  return shared->queue.has_waiters() ? "a node stayed in the queue" : "";
                              }};
        },
        options(4));
    expect_right(result, 100);
}

// A loop wakes its tasks by linking them into its run queue as they lie in the queue, unless somebody else is among
// them: here a thread, which is cancelled meanwhile, and somebody else who wakes one.
TEST(WaitQueueModel, ALoopWakesItsTasksAndThreadsAmongThemOnce) {
    struct Counted final : Waiter {
        Counted() noexcept : Waiter(Kind::relays) {}
        void run() noexcept override { ++runs; }
        int runs = 0;
    };
    struct Shared {
        test::TestLoop loop;
        WaitQueue queue;
        ThreadWaiter waiter;
        Counted relay;
        WaitOutcome of_thread{};
        std::vector<int> tasks;
    };
    const auto waits = [](Shared& shared, int number) -> test::Job {
        test::QueueWait wait(shared.queue, [] { return false; });
        const WaitOutcome outcome = co_await wait;
        if (outcome == WaitOutcome::woken) shared.tasks.push_back(number);
    };
    const auto wakes = [](Shared& shared) -> test::Job {
        shared.queue.wake_all();
        co_return;
    };
    for (const bool with_other : {false, true}) {
        const auto result = model::explore(
            [=] {
                auto shared = std::make_shared<Shared>();
                shared->loop.spawn(waits(*shared, 1));
                shared->loop.run_ready();
                shared->queue.push_unless(shared->waiter, [] { return false; });
                shared->queue.push_unless(shared->relay, [] { return false; });
                shared->loop.spawn(waits(*shared, 2));
                shared->loop.spawn(waits(*shared, 3));
                shared->loop.run_ready();
                shared->loop.spawn(wakes(*shared));
                model::Run run;
                run.threads = {[=] { shared->of_thread = shared->waiter.park(); }, [=] { shared->loop.run_ready(); },
                               [=] {
                                   shared->waiter.interrupt(WaitOutcome::cancelled);
                                   shared->relay.interrupt(WaitOutcome::cancelled);
                               }};
                if (with_other) run.threads.emplace_back([=] { (void)shared->queue.wake_one(); });
                run.check = [=]() -> std::string {
                    shared->loop.run_ready();  // what came when the loop had ended its turn
                    if (shared->loop.jobs() != 0) return "a task was not woken";
                    if (shared->tasks.size() != 3) return "a task was cancelled";
                    if (shared->relay.runs != 1) return "a relay was not run once";
                    // One that another thread wakes comes by way of the mailbox, later or sooner.
                    if (!with_other && shared->tasks != std::vector{1, 2, 3}) return "out of order";
                    if (shared->of_thread != WaitOutcome::woken && shared->of_thread != WaitOutcome::cancelled)
                        return "the thread's wait has not ended";
                    return shared->queue.has_waiters() ? "a node stayed in the queue" : "";
                };
                return run;
            },
            options(with_other ? 1 : 2));
        expect_right(result, 100);
    }
}

// Nodes come out once and in the order of each pusher; a consumer that fell asleep is told exactly once.
TEST(RemoteQueueModel, LosesNothingAndWakesASleeper) {
    struct Node final : RunNode {
        explicit Node(int pusher, int number) : pusher(pusher), number(number) {}
        void run() noexcept override {}
        int pusher, number;
    };
    struct Shared {
        RemoteQueue remote;
        LocalQueue ready;
        Node nodes[4]{Node(0, 0), Node(0, 1), Node(1, 0), Node(1, 1)};
        Atomic<int> wakes{0};
        int wakes_seen = 0;
        int next[2]{0, 0};
        int taken = 0;
        std::string wrong;
    };
    const auto result = model::explore(
        [] {
            auto shared = std::make_shared<Shared>();
            auto push = [=](Node& node) {
                if (shared->remote.push(node)) shared->wakes.fetch_add(1);
            };
            auto consume = [=] {
                while (shared->taken < 4) {
                    if (shared->remote.fall_asleep()) {
                        while (shared->wakes.load() == shared->wakes_seen) model::spin();
                        ++shared->wakes_seen;
                    }
                    shared->remote.take_all(shared->ready);
                    while (!shared->ready.empty()) {
                        auto& node = static_cast<Node&>(shared->ready.pop());
                        if (shared->next[node.pusher]++ != node.number) shared->wrong = "out of order";
                        ++shared->taken;
                    }
                }
            };
            return model::Run{{[=] {
                                   push(shared->nodes[0]);
                                   push(shared->nodes[1]);
                               },
                               [=] {
                                   push(shared->nodes[2]);
                                   push(shared->nodes[3]);
                               },
                               consume},
                              [=]() -> std::string {
                                  if (shared->wakes.peek() != shared->wakes_seen) return "a wake-up too many";
                                  return shared->wrong;
                              }};
        },
        options(4));
    expect_right(result, 1000);
}

}  // namespace
}  // namespace hocket::detail
