// Two primitives built on WaitQueue as the library's own are, used by threads and by coroutines of several loops, while
// cancellations and time-outs race with wake-ups.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "core/test_loop.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "stress_time.hpp"

namespace hocket::detail {
namespace {

using test::Job;
using test::QueueWait;
using test::StressTime;
using test::TestLoop;
using test::YieldWait;

constexpr int kThreads = 3;
constexpr int kLoops = 2;
constexpr int kJobs = 6;  // on each loop

using Random = std::minstd_rand;

// Now or never, or within some microseconds.
TimePoint random_deadline(Random& random) {
    if (random() % 2) return kNever;
    return std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 40);
}

// A semaphore: a permit is free, or belongs to exactly one who was woken.
class Permits {
public:
    explicit Permits(int permits) : free_(permits) {}
    WaitQueue& queue() noexcept { return queue_; }
    /// Under the queue's lock: takes a free permit.
    bool take() noexcept { return free_ > 0 && free_-- > 0; }
    void release() noexcept {
        Waiter* next = nullptr;
        {
            WaitQueue::Lock lock(queue_);
            next = lock.pop();
            if (!next) ++free_;
            EXPECT_TRUE(next || lock.empty()) << "a permit is free, and somebody waits for it";
        }
        if (next) next->wake();
    }
    int free() const noexcept { return free_; }

private:
    WaitQueue queue_;
    int free_;
};

// An event: waiters pass while it is open.
class Gate {
public:
    WaitQueue& queue() noexcept { return queue_; }
    /// Under the queue's lock.
    bool is_open() const noexcept { return open_; }
    std::uint64_t openings() const noexcept { return openings_.load(); }
    void open() noexcept {
        WaitQueue::Popped waiters;
        {
            WaitQueue::Lock lock(queue_);
            open_ = true;
            openings_.fetch_add(1);
            waiters = lock.pop_all();
        }
        WaitQueue::wake_all(waiters);
    }
    void close() noexcept {
        WaitQueue::Lock lock(queue_);
        open_ = false;
    }

private:
    WaitQueue queue_;
    bool open_ = false;
    std::atomic<std::uint64_t> openings_{0};
};

struct Tally {
    std::atomic<std::uint64_t> woken{0}, cancelled{0}, timed_out{0};
    void count(WaitOutcome outcome) {
        switch (outcome) {
            case WaitOutcome::woken:
                ++woken;
                break;
            case WaitOutcome::cancelled:
                ++cancelled;
                break;
            case WaitOutcome::timed_out:
                ++timed_out;
                break;
            default:
                ADD_FAILURE() << "a wait has not ended";
        }
    }
};

// Threads that run `step(random)` again and again; another one cancels them at random.
template <class Step>
class CancelledThreads {
public:
    CancelledThreads(const std::atomic<bool>& stop, Step step) : stop_(stop), step_(std::move(step)) {
        for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this, i] { work(i); });
        canceller_ = std::thread([this] {
            Random random(99);
            while (!stop_) {
                cancellers_[random() % kThreads].cancel();
                std::this_thread::yield();
            }
        });
    }
    void join() {
        for (auto& thread : threads_) thread.join();
        canceller_.join();
    }

private:
    void work(std::size_t i) {
        ThreadCanceller::install(&cancellers_[i]);
        Random random(static_cast<unsigned>(i) + 1);
        while (!stop_) {
            if (step_(random) == WaitOutcome::cancelled) cancellers_[i].clear();
        }
        ThreadCanceller::install(nullptr);
    }
    const std::atomic<bool>& stop_;
    Step step_;
    std::array<ThreadCanceller, kThreads> cancellers_;
    std::vector<std::thread> threads_;
    std::thread canceller_;
};

// The scopes that the jobs of one loop wait in, for a job that cancels them.
using Scopes = std::array<ScopeNode*, kJobs>;

Job cancels_jobs(const std::atomic<bool>& stop, Scopes& scopes) {
    Random random(7);
    while (!stop) {
        if (ScopeNode* scope = scopes[random() % kJobs]) scope->cancel("stress");
        YieldWait yield;
        co_await yield;
    }
}

// Enters a scope of its own for as long as it lives.
class Inside {
public:
    explicit Inside(ScopeNode*& place)
        : place_(place), task_(*Scheduler::current()->current_task()), outer_(task_.scope()), scope_(outer_, &task_) {
        task_.set_scope(scope_);
        place_ = &scope_;
    }
    ~Inside() {
        place_ = nullptr;
        task_.set_scope(outer_);
    }

private:
    ScopeNode*& place_;
    TaskContext& task_;
    ScopeNode& outer_;
    ScopeNode scope_;
};

class PermitsStress : public ::testing::TestWithParam<int> {
protected:
    void entered() {
        EXPECT_LT(inside_.fetch_add(1), GetParam()) << "more are inside than there are permits";
        if (GetParam() == 1) ++guarded_;  // a data race unless each permit hands over what its last owner wrote
    }
    void leaves() {
        inside_.fetch_sub(1);
        permits_.release();
    }
    Job acquires(int number, ScopeNode*& scope) {
        Random random(static_cast<unsigned>(number) + 1);
        while (!stop_) {
            WaitOutcome outcome = WaitOutcome::waiting;
            {
                Inside inside(scope);
                const auto take = [this] { return permits_.take(); };
                QueueWait wait(permits_.queue(), take, random_deadline(random));
                outcome = co_await wait;
            }
            tally_.count(outcome);
            if (outcome == WaitOutcome::woken) entered();
            YieldWait yield;
            co_await yield;
            if (outcome == WaitOutcome::woken) leaves();
        }
    }

    Permits permits_{GetParam()};
    std::atomic<int> inside_{0};
    std::uint64_t guarded_ = 0;
    std::atomic<bool> stop_{false};
    Tally tally_;
};

TEST_P(PermitsStress, LosesNoPermitAndGivesNoneTwice) {
    const auto step = [this](Random& random) {
        ThreadWaiter waiter;
        WaitOutcome outcome = WaitOutcome::woken;
        if (permits_.queue().push_unless(waiter, [this] { return permits_.take(); }))
            outcome = waiter.park(random_deadline(random));
        tally_.count(outcome);
        if (outcome == WaitOutcome::woken) {
            entered();
            if (random() % 4 == 0) std::this_thread::yield();
            leaves();
        }
        return outcome;
    };
    CancelledThreads threads(stop_, step);
    std::vector<std::thread> loops;
    for (int i = 0; i < kLoops; ++i) {
        loops.emplace_back([this, i] {
            TestLoop loop;
            Scopes scopes{};
            for (int job = 0; job < kJobs; ++job) loop.spawn(acquires(i * kJobs + job, scopes[job]));
            loop.spawn(cancels_jobs(stop_, scopes));
            loop.run();
        });
    }
    const StressTime time;
    while (time.left()) std::this_thread::yield();
    stop_ = true;
    threads.join();
    for (auto& loop : loops) loop.join();

    EXPECT_EQ(permits_.free(), GetParam());
    EXPECT_FALSE(permits_.queue().has_waiters());
    EXPECT_EQ(guarded_, GetParam() == 1 ? tally_.woken.load() : 0u);
    EXPECT_GT(tally_.woken, 0u);
    EXPECT_GT(tally_.cancelled, 0u);
    EXPECT_GT(tally_.timed_out, 0u);
}

INSTANTIATE_TEST_SUITE_P(Of, PermitsStress, ::testing::Values(1, 3));

class GateStress : public ::testing::Test {
protected:
    // What a waiter that passed the gate must find.
    void passed(WaitOutcome outcome, std::uint64_t openings_before) {
        tally_.count(outcome);
        if (outcome != WaitOutcome::woken) return;
        EXPECT_GT(gate_.openings(), openings_before) << "passed a closed gate";
    }
    Job passes(int number, ScopeNode*& scope) {
        Random random(static_cast<unsigned>(number) + 1);
        while (!stop_) {
            std::uint64_t before = 0;
            WaitOutcome outcome = WaitOutcome::waiting;
            {
                Inside inside(scope);
                const auto closed = [&] { return finds_open(before); };
                QueueWait wait(gate_.queue(), closed, random_deadline(random));
                outcome = co_await wait;
            }
            passed(outcome, before);
            YieldWait yield;
            co_await yield;
        }
    }
    // A loop whose own tasks wait there, often nobody else.
    Job opens() {
        while (!stays_open_) {
            gate_.open();
            gate_.close();
            for (int turn = 0; turn < 3; ++turn) {
                YieldWait yield;
                co_await yield;
            }
        }
        --openers_;
    }
    bool finds_open(std::uint64_t& before) {
        const bool open = gate_.is_open();
        before = gate_.openings() - open;
        return open;
    }

    Gate gate_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> stays_open_{false};
    std::atomic<int> openers_{kLoops};
    Tally tally_;
};

TEST_F(GateStress, LetsAllPassWhenItOpens) {
    const auto step = [this](Random& random) {
        ThreadWaiter waiter;
        std::uint64_t before = 0;
        WaitOutcome outcome = WaitOutcome::woken;
        if (gate_.queue().push_unless(waiter, [&] { return finds_open(before); }))
            outcome = waiter.park(random_deadline(random));
        passed(outcome, before);
        return outcome;
    };
    CancelledThreads threads(stop_, step);
    std::vector<std::thread> loops;
    for (int i = 0; i < kLoops; ++i) {
        loops.emplace_back([this, i] {
            TestLoop loop;
            Scopes scopes{};
            for (int job = 0; job < kJobs; ++job) loop.spawn(passes(i * kJobs + job, scopes[job]));
            loop.spawn(opens());
            loop.spawn(cancels_jobs(stop_, scopes));
            loop.run();
        });
    }
    const StressTime time;
    while (time.left()) {
        gate_.open();
        gate_.close();
        std::this_thread::yield();
    }
    stays_open_ = true;
    while (openers_ > 0) {  // nobody closes it any more after that; meanwhile their loops may need an opening to go on
        gate_.open();
        gate_.close();
        std::this_thread::yield();
    }
    stop_ = true;
    gate_.open();  // whoever was not told hangs here
    threads.join();
    for (auto& loop : loops) loop.join();

    EXPECT_FALSE(gate_.queue().has_waiters());
    EXPECT_GT(tally_.woken, 0u);
    EXPECT_GT(tally_.cancelled, 0u);
    EXPECT_GT(tally_.timed_out, 0u);
}

}  // namespace
}  // namespace hocket::detail
