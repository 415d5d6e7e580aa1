// LockCore under every interleaving: one owner at a time, nobody waits for ever, also when waits are cancelled, and
// whether a thread in line is handed the lock or only woken.
#include <gtest/gtest.h>

#include <memory>

#include "hocket/core/errors.hpp"
#include "hocket/sync/detail/lock_core.hpp"
#include "model/model.hpp"

namespace hocket::detail {
namespace {

model::Options options(int preemptions) {
    model::Options options;
    options.preemptions = preemptions;
    options.most_schedules = 5'000'000;
    options.locals = {[](std::size_t i) -> void* {
                          if (i == 0) return ThreadCanceller::install(nullptr);
                          return reinterpret_cast<void*>(static_cast<std::uintptr_t>(thread_party));
                      },
                      [](std::size_t i, void* value) {
                          if (i == 0) {
                              ThreadCanceller::install(static_cast<ThreadCanceller*>(value));
                          } else {
                              thread_party = reinterpret_cast<std::uintptr_t>(value);
                          }
                      },
                      2};
    return options;
}

struct Shared {
    explicit Shared(LockCore::Reentry reentry = LockCore::Reentry::forbidden) : lock("lock", {}, reentry) {}
    LockCore lock;
    ThreadCanceller canceller;
    model::Atomic<int> inside{0};
    int entered = 0;
    int cancelled = 0;
    std::string wrong;

    void enter_as(PartyId me) {
        thread_party = me;
        lock.lock(me, std::source_location::current());
        if (inside.fetch_add(1) != 0) wrong = "two owners";
        ++entered;
        inside.fetch_sub(1);
        lock.unlock(me);
    }
    // Takes the lock again and gives it back as often, while others queue.
    void enter_twice_as(PartyId me) {
        thread_party = me;
        lock.lock(me, std::source_location::current());
        lock.lock(me, std::source_location::current());
        if (inside.fetch_add(1) != 0) wrong = "two owners";
        lock.unlock(me);
        if (lock.owner() != me) wrong = "given back too early";
        inside.fetch_sub(1);
        ++entered;
        lock.unlock(me);
    }
    // Gives it back wholly, as a Condition does, and takes it again as often.
    void leave_and_return_as(PartyId me) {
        thread_party = me;
        lock.lock(me, std::source_location::current());
        lock.lock(me, std::source_location::current());
        const std::uint32_t depth = lock.unlock_wholly(me);
        lock.lock_again(me, depth, std::source_location::current());
        lock.unlock(me);
        if (lock.owner() != me) wrong = "taken again less often than before";
        ++entered;
        lock.unlock(me);
    }
    std::string check(int threads) {
        if (!wrong.empty()) return wrong;
        if (entered + cancelled != threads) return "a thread is missing";
        return lock.try_lock(99, std::source_location::current()) ? "" : "nobody holds the lock and it cannot be taken";
    }
};

void expect_right(const model::Result& result) {
    EXPECT_EQ(result.failure, "");
    EXPECT_TRUE(result.complete) << "only " << result.schedules << " schedules were tried";
    EXPECT_GE(result.schedules, 1000u);
}

TEST(LockCoreModel, HasOneOwnerAndServesAll) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>();
            return model::Run{
                {[=] { shared->enter_as(1); }, [=] { shared->enter_as(2); }, [=] { shared->enter_as(3); }},
                [=] { return shared->check(3); }};
        },
        options(3)));
}

TEST(LockCoreModel, LosesNoTurnToACancelledThread) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>();
            auto cancellable = [=] {
                ThreadCanceller::install(&shared->canceller);
                try {
                    shared->enter_as(1);
                } catch (const CancelledError&) {
                    ++shared->cancelled;
                }
            };
            return model::Run{{cancellable, [=] { shared->enter_as(2); },
                               [=] {
                                   shared->enter_as(3);
                                   shared->canceller.cancel();
                               }},
                              [=] { return shared->check(3); }};
        },
        options(3)));
}

TEST(LockCoreModel, OfAnRLockOwnersNestWhileOthersQueueAndGiveUp) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(LockCore::Reentry::allowed);
            auto impatient = [=] {
                thread_party = 2;
                if (!shared->lock.lock_until(2, TimePoint(), std::source_location::current())) {
                    ++shared->cancelled;
                    return;
                }
                ++shared->entered;
                shared->lock.unlock(2);
            };
            return model::Run{{[=] { shared->enter_twice_as(1); }, impatient, [=] { shared->enter_twice_as(3); }},
                              [=] { return shared->check(3); }};
        },
        options(3)));
}

TEST(LockCoreModel, OfAnRLockIsGivenBackWhollyAndTakenAgain) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(LockCore::Reentry::allowed);
            return model::Run{{[=] { shared->leave_and_return_as(1); }, [=] { shared->enter_twice_as(2); }},
                              [=] { return shared->check(2); }};
        },
        options(4)));
}

}  // namespace
}  // namespace hocket::detail
