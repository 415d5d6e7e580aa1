// Semaphore under every interleaving: no permit is lost or made, and nobody waits while one is free.
#include "hocket/sync/semaphore.hpp"

#include <gtest/gtest.h>

#include <memory>

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
    EXPECT_GE(result.schedules, 1000u);
}

struct Shared {
    explicit Shared(std::ptrdiff_t permits) : semaphore(permits) {}
    Semaphore semaphore;
    ThreadCanceller canceller;
    model::Atomic<int> held{0};
    int taken = 0, late = 0, cancelled = 0;
    std::string wrong;

    void use(int most) {
        if (held.fetch_add(1) >= most) wrong = "more permits than there are";
        ++taken;
        held.fetch_sub(1);
        semaphore.release();
    }
    std::string check(int parties, std::ptrdiff_t permits) {
        if (!wrong.empty()) return wrong;
        if (taken + late + cancelled != parties) return "a party is missing";
        return semaphore.value() == permits ? "" : "a permit was lost or made";
    }
};

TEST(SemaphoreModel, ServesAllWithOnePermit) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(1);
            auto party = [=] {
                shared->semaphore.acquire();
                shared->use(1);
            };
            return model::Run{{party, party, party}, [=] { return shared->check(3, 1); }};
        },
        options(3)));
}

TEST(SemaphoreModel, AReleaseOfSeveralServesThoseWhoWaitAndKeepsTheRest) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(0);
            auto party = [=] {
                shared->semaphore.acquire();
                ++shared->taken;
            };
            return model::Run{{party, party, [=] { shared->semaphore.release(3); }},
                              [=] { return shared->check(2, 1); }};
        },
        options(3)));
}

TEST(SemaphoreModel, ThoseThatGiveBackAtTheSameTimeLoseNoPermit) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(0);
            auto takes = [=] {
                shared->semaphore.acquire();
                ++shared->taken;
            };
            auto gives_two = [=] {
                shared->semaphore.release();
                shared->semaphore.release();
            };
            return model::Run{{takes, gives_two, [=] { shared->semaphore.release(); }},
                              [=] { return shared->check(1, 2); }};
        },
        options(3)));
}

TEST(SemaphoreModel, ATimeOutOrACancellationLosesNoPermit) {
    expect_right(model::explore(
        [] {
            auto shared = std::make_shared<Shared>(1);
            auto cancellable = [=] {
                ThreadCanceller::install(&shared->canceller);
                try {
                    shared->semaphore.acquire();
                    shared->use(1);
                } catch (const CancelledError&) {
                    ++shared->cancelled;
                }
            };
            auto impatient = [=] {
                if (shared->semaphore.try_acquire_until(TimePoint())) return shared->use(1);
                ++shared->late;
            };
            auto cancels = [=] {
                shared->semaphore.acquire();
                shared->canceller.cancel();
                shared->use(1);
            };
            return model::Run{{cancellable, impatient, cancels}, [=] { return shared->check(3, 1); }};
        },
        options(3)));
}

}  // namespace
}  // namespace hocket
