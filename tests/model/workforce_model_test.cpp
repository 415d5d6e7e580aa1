// How a pool's workers sleep, are called, block and end, under every interleaving of few threads: no work is
// overlooked.
#include "hocket/futures/detail/workforce.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/model.hpp"

namespace hocket::detail {
namespace {

// A pool whose jobs are all alike. Its threads exist from the beginning, and begin when they are started.
class Pool final : public Workforce {
public:
    Pool(int most, int jobs) : most_(most), left_(jobs) {}

    std::function<void()> job;  // besides counting itself as done
    Atomic<int> queued{0};
    Atomic<int> done{0};

    void submit() {
        queued.fetch_add(1);
        notify();
    }
    bool take() {
        int before = queued.load();
        while (before > 0) {
            if (queued.compare_exchange_strong(before, before - 1)) return true;
        }
        return false;
    }
    // Blocks the worker until `count` jobs are done.
    void wait_for(int count) {
        worker_blocks();
        while (done.load() < count) model::spin();
        worker_goes_on();
    }
    void close() {
        stop();
        wake_all();
    }
    // One of its threads.
    void thread(std::size_t index) {
        while (state_[index].load() == kWaiting) model::spin();
        if (state_[index].load() == kUnneeded) return;
        bool found = search();
        while (found) {
            if (job) job();
            if (done.fetch_add(1) + 1 == left_) end();
            found = take();
            if (found) continue;
            (void)park_surplus(most_);
            begin_search();
            found = search();
        }
        worker_ended();
    }
    std::string check() { return done.peek() == left_ && queued.peek() == 0 ? "" : "a job was overlooked"; }

private:
    static constexpr int kThreads = 3;
    static constexpr int kWaiting = 0, kStarted = 1, kUnneeded = 2;

    bool has_work() const noexcept override { return queued.load() > 0; }
    bool start_thread(Start start) override {
        while (locked_.exchange(true)) model::spin();
        const bool starts = start == Start::spare || (started_ < most_ && !stopping());
        if (starts) {
            thread_started();
            if (started_ < kThreads) state_[static_cast<std::size_t>(started_)].store(kStarted);
            if (++started_ >= most_) starts_no_more();
        }
        locked_.store(false);
        return starts;
    }
    bool search() {
        for (;;) {
            if (take()) {
                search_ended();
                return true;
            }
            if (!sleep() && stopping() && !has_work()) return false;
        }
    }
    // All is done.
    void end() {
        close();
        for (auto& state : state_) {
            int waiting = kWaiting;
            (void)state.compare_exchange_strong(waiting, kUnneeded);
        }
    }

    const int most_;
    const int left_;
    Atomic<bool> locked_{false};
    int started_ = 0;
    std::array<Atomic<int>, kThreads> state_{};
};

model::Result explore(const std::function<model::Run()>& make, int preemptions) {
    model::Options options;
    options.preemptions = preemptions;
    options.most_schedules = 5'000'000;
    return model::explore(make, options);
}

void expect_right(const model::Result& result) {
    EXPECT_EQ(result.failure, "");
    EXPECT_TRUE(result.complete) << "only " << result.schedules << " schedules were tried";
    EXPECT_GE(result.schedules, 1000u);
    ::testing::Test::RecordProperty("schedules", static_cast<int>(result.schedules));
}

// `outside`, and as many of the pool's threads.
model::Run run_of(const std::shared_ptr<Pool>& pool, std::vector<std::function<void()>> outside, std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) outside.push_back([pool, i] { pool->thread(i); });
    return model::Run{std::move(outside), [pool] { return pool->check(); }};
}

TEST(WorkforceModel, WhatTwoSubmitIsRun) {
    expect_right(explore(
        [] {
            auto pool = std::make_shared<Pool>(2, 3);
            const auto submit = [pool] { pool->submit(); };
            const auto submit_two = [pool] {
                pool->submit();
                pool->submit();
            };
            return run_of(pool, {submit, submit_two}, 2);
        },
        2));
}

// Whichever job comes first waits for the other, on the only thread: a spare one runs that.
TEST(WorkforceModel, ASpareThreadRunsWhatTheBlockedOneWaitsFor) {
    expect_right(explore(
        [] {
            auto pool = std::make_shared<Pool>(1, 2);
            auto first = std::make_shared<bool>(true);
            pool->job = [pool = &*pool, first] {
                if (std::exchange(*first, false)) pool->wait_for(1);
            };
            const auto submit = [pool] { pool->submit(); };
            return run_of(pool, {submit, submit}, 2);
        },
        2));
}

// A job queues another, and waits for it, while the pool is shut down and the second thread ends.
TEST(WorkforceModel, WhatAJobQueuesDuringShutdownIsRun) {
    expect_right(explore(
        [] {
            auto pool = std::make_shared<Pool>(2, 3);
            auto first = std::make_shared<bool>(true);
            pool->job = [pool = &*pool, first] {
                if (!std::exchange(*first, false)) return;
                pool->submit();
                pool->wait_for(2);
            };
            const auto outside = [pool] {
                pool->submit();
                pool->submit();
                pool->close();
            };
            return run_of(pool, {outside}, 3);
        },
        2));
}

// Who shuts the pool down takes what a job has queued, and puts it back, since it must be run.
TEST(WorkforceModel, WhatIsPutBackDuringShutdownIsRun) {
    expect_right(explore(
        [] {
            auto pool = std::make_shared<Pool>(1, 2);
            auto first = std::make_shared<bool>(true);
            pool->job = [pool = &*pool, first] {
                if (!std::exchange(*first, false)) return;
                pool->queued.fetch_add(1);
                pool->notify_soon();
                pool->wait_for(1);
            };
            const auto outside = [pool] {
                pool->submit();
                const bool taken = pool->take();
                pool->close();
                if (taken) pool->submit();
            };
            return run_of(pool, {outside}, 3);
        },
        2));
}

}  // namespace
}  // namespace hocket::detail
