// Deadlock detection under random load: never an alarm where there is no circle, and exactly one where there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/futures.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"
#include "stress_time.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using Random = std::minstd_rand;

// Threads, tasks and jobs that do random things, some of which start and await others of them. They cannot deadlock:
// who has locks waits without a limit only for higher ones, and for threads and tasks that keep to the same rule with
// the same floor; in any other order only for a while. For a job, which first needs a free worker, waits only who has
// no lock, and for whom nobody waits that has one.
class SafeMix {
public:
    enum class Holds : bool { nothing, something };

    void in_thread(unsigned seed, std::size_t floor, int depth, Holds holds) {
        ++done;
        if (depth == kDepth) return;
        Random random(seed);
        const unsigned next = static_cast<unsigned>(random());
        const std::size_t any = random() % kLocks;
        switch (random() % 7) {
            case 0:
            case 1:
                if (floor == kLocks) break;
                return with_lock(floor + any % (kLocks - floor), [&](auto& lock, std::size_t index) {
                    std::scoped_lock guard(lock);
                    in_thread(next, index + 1, depth + 1, Holds::something);
                });
            case 2:
                return with_lock(any, [&](auto& lock, std::size_t index) {
                    std::unique_lock guard(lock, std::chrono::microseconds(random() % 80));
                    if (guard) in_thread(next, std::max(floor, index + 1), depth + 1, Holds::something);
                });
            case 3: {
                RLock& lock = rlocks_[any / 2];
                if (!lock.owned()) break;
                std::scoped_lock again(lock);
                return in_thread(next, floor, depth + 1, holds);
            }
            case 4: {
                Thread child([=, this] { guarded([&] { in_thread(next, floor, depth + 1, holds); }); });
                if (any % 3 == 0) child.cancel();
                if (any % 2 == 0 && child.join_for(std::chrono::microseconds(any * 10))) return;
                return child.join();
            }
            case 5:
                return run(in_task(next, floor, depth + 1, holds));
            case 6: {
                if (holds == Holds::something) break;
                auto job =
                    pool_.submit([=, this] { guarded([&] { in_thread(next, 0, depth + 1, Holds::something); }); });
                if (any % 3 == 0) job.cancel();
                if (any % 2) return job.result();
                try {
                    return job.result_for(std::chrono::microseconds(any * 10));
                } catch (const TimeoutError&) {
                    return;  // it goes on alone
                }
            }
        }
        in_thread(next, floor, depth + 1, holds);
    }

    Task<void> in_task(unsigned seed, std::size_t floor, int depth, Holds holds) {
        ++done;
        if (depth == kDepth) co_return;
        Random random(seed);
        const unsigned next = static_cast<unsigned>(random());
        const std::size_t any = random() % kLocks;
        switch (random() % 7) {
            case 0:
            case 1:
                if (floor == kLocks) break;
                co_await hold(floor + any % (kLocks - floor), next, floor, depth);
                co_return;
            case 2:
                co_await hold_if_in_time(any, std::chrono::microseconds(random() % 80), next, floor, depth);
                co_return;
            case 3: {
                RLock& lock = rlocks_[any / 2];
                if (!lock.owned()) break;
                auto again = co_await lock.async_lock();
                co_await in_task(next, floor, depth + 1, holds);
                co_return;
            }
            case 4: {
                auto child = create_task(in_task(next, floor, depth + 1, holds));
                if (any % 2) co_await yield_now();
                if (any % 3 == 0) child.cancel();
                co_await child;
                co_return;
            }
            case 5: {
                const auto body = [=, this] { guarded([&] { in_thread(next, floor, depth + 1, holds); }); };
                Thread child(body);
                if (any % 3 == 0) child.cancel();
                co_await child.async_join();
                co_return;
            }
            case 6: {
                if (holds == Holds::something) break;
                const auto body = [=, this] { guarded([&] { in_thread(next, 0, depth + 1, Holds::something); }); };
                auto job = pool_.submit(body);
                if (any % 3 == 0) job.cancel();
                co_await job;
                co_return;
            }
        }
        co_await yield_now();
        co_await in_task(next, floor, depth + 1, holds);
    }

    // Ends well, or by being cancelled.
    template <class Body>
    void guarded(Body body) {
        try {
            body();
        } catch (const CancelledError&) {
            ++cancelled;
        } catch (const DeadlockError& error) {
            ++alarms;
            ADD_FAILURE() << error.what();
        }
    }

    std::atomic<long> done{0}, alarms{0}, cancelled{0};

private:
    static constexpr std::size_t kLocks = 6;
    static constexpr int kDepth = 6;

    template <class Use>
    void with_lock(std::size_t index, Use use) {
        index % 2 ? use(rlocks_[index / 2], index) : use(locks_[index / 2], index);
    }
    Task<void> hold(std::size_t index, unsigned next, std::size_t floor, int depth) {
        auto guard = std::unique_lock<Lock>();
        auto rguard = std::unique_lock<RLock>();
        if (index % 2) {
            rguard = co_await rlocks_[index / 2].async_lock();
        } else {
            guard = co_await locks_[index / 2].async_lock();
        }
        if (next % 2) co_await yield_now();
        co_await in_task(next, std::max(floor, index + 1), depth + 1, Holds::something);
    }
    Task<void> hold_if_in_time(std::size_t index, std::chrono::microseconds limit, unsigned next, std::size_t floor,
                               int depth) {
        auto guard = std::unique_lock<Lock>();
        auto rguard = std::unique_lock<RLock>();
        try {
            if (index % 2) {
                rguard = co_await timeout(limit, rlocks_[index / 2].async_lock());
            } else {
                guard = co_await timeout(limit, locks_[index / 2].async_lock());
            }
        } catch (const TimeoutError&) {
            co_return;
        }
        co_await in_task(next, std::max(floor, index + 1), depth + 1, Holds::something);
    }

    std::array<Lock, kLocks / 2> locks_;
    std::array<RLock, kLocks / 2> rlocks_;
    ThreadPool pool_{2};
};

TEST(DeadlockStress, NoAlarmWhileThreadsTasksAndJobsWaitInASafeOrder) {
    SafeMix mix;
    const test::StressTime time;
    std::vector<Thread> threads;
    for (unsigned i = 0; i < 2; ++i) {
        threads.emplace_back([&, i] {
            Random random(i + 1);
            while (time.left()) {
                const unsigned seed = static_cast<unsigned>(random());
                mix.guarded([&] { mix.in_thread(seed, 0, 0, SafeMix::Holds::nothing); });
            }
        });
        threads.emplace_back([&, i] {
            Random random(i + 100);
            while (time.left()) {
                const auto main = [&]() -> Task<void> {
                    std::vector<Future<void>> tasks;
                    for (int k = 0; k < 4; ++k) {
                        const unsigned seed = static_cast<unsigned>(random());
                        tasks.push_back(create_task(mix.in_task(seed, 0, 0, SafeMix::Holds::nothing)));
                    }
                    for (auto& task : tasks) {
                        try {
                            co_await task;
                        } catch (const CancelledError&) {
                            ++mix.cancelled;
                        }
                    }
                };
                mix.guarded([&] { run(main()); });
            }
        });
    }
    for (Thread& thread : threads) thread.join();
    EXPECT_EQ(mix.alarms, 0);
    EXPECT_GT(mix.done, 100);
    EXPECT_GT(mix.cancelled, 0);
}

// Each party takes its own lock, meets the others, and then wants the lock of the next: by itself, or by a thread that
// it joins. Some are threads, some tasks of one loop.
class Circle {
public:
    Circle(unsigned seed, std::size_t size) : random_(seed), locks_(size), rlocks_(size), all_have_theirs_(size) {
        for (std::size_t i = 0; i < size; ++i) kinds_.push_back(static_cast<unsigned>(random_()));
    }
    void run_all() {
        std::vector<std::size_t> in_loop;
        std::vector<Thread> threads;
        for (std::size_t i = 0; i < kinds_.size(); ++i) {
            if (kinds_[i] % 2) {
                in_loop.push_back(i);
            } else {
                threads.emplace_back([this, i] { thread(i); });
            }
        }
        const auto body = [&](TaskGroup& group) -> Task<void> {
            for (const std::size_t i : in_loop) group.create_task(task(i));
            co_return;
        };
        const auto main = [&]() -> Task<void> { co_await task_group(body); };
        run(main());
        for (Thread& thread : threads) thread.join();
    }
    std::atomic<int> told{0};
    std::atomic<std::size_t> went_on{0};

private:
    bool is_rlock(std::size_t i) const { return kinds_[i] / 2 % 2; }
    void thread(std::size_t i) { is_rlock(i) ? holds(rlocks_[i], i) : holds(locks_[i], i); }
    template <class L>
    void holds(L& lock, std::size_t i) {
        std::scoped_lock guard(lock);
        (void)all_have_theirs_.wait();
        const std::size_t next = (i + 1) % kinds_.size();
        if (kinds_[i] / 4 % 3 == 0) {
            try {
                Thread([this, next] { wants(next); }).join();
            } catch (const DeadlockError&) {
                ++told;
            }
        } else {
            wants(next);
        }
        ++went_on;
    }
    void wants(std::size_t i) {
        try {
            if (is_rlock(i)) {
                std::scoped_lock guard(rlocks_[i]);
            } else {
                std::scoped_lock guard(locks_[i]);
            }
        } catch (const DeadlockError&) {
            ++told;
        }
    }
    Task<void> task(std::size_t i) {
        auto guard = std::unique_lock<Lock>();
        auto rguard = std::unique_lock<RLock>();
        if (is_rlock(i)) {
            rguard = co_await rlocks_[i].async_lock();
        } else {
            guard = co_await locks_[i].async_lock();
        }
        (void)co_await all_have_theirs_.async_wait();
        const std::size_t next = (i + 1) % kinds_.size();
        try {
            if (is_rlock(next)) {
                auto wanted = co_await rlocks_[next].async_lock();
            } else {
                auto wanted = co_await locks_[next].async_lock();
            }
        } catch (const DeadlockError&) {
            ++told;
        }
        ++went_on;
    }

    Random random_;
    std::vector<unsigned> kinds_;
    std::vector<Lock> locks_;
    std::vector<RLock> rlocks_;
    Barrier all_have_theirs_;
};

TEST(DeadlockStress, OfEachRandomCircleExactlyOneIsToldAndAllGoOn) {
    Random random(7);
    for (const test::StressTime time; time.left();) {
        const unsigned seed = static_cast<unsigned>(random());
        const std::size_t size = 2 + seed % 5;
        Circle circle(seed, size);
        circle.run_all();
        ASSERT_EQ(circle.told, 1) << "seed " << seed;
        ASSERT_EQ(circle.went_on, size) << "seed " << seed;
    }
}

}  // namespace
}  // namespace hocket
