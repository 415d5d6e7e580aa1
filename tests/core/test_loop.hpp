// A bare scheduler with bare coroutines: for tests of what lies below the event loop.
#pragma once
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <coroutine>
#include <cstdint>
#include <ctime>
#include <exception>
#include <source_location>
#include <utility>

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket::test {

/// A coroutine for TestLoop::spawn(). Its exceptions end the program.
class Job {
public:
    class promise_type : public detail::PromiseBase {
    public:
        class FinalAwaiter {
        public:
            FinalAwaiter() noexcept = default;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<promise_type> job) const noexcept {
                job.promise().task()->root_finished();
            }
            void await_resume() const noexcept {}
        };
        Job get_return_object() noexcept { return Job(*this); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        FinalAwaiter final_suspend() const noexcept { return FinalAwaiter(); }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };

    promise_type& promise() const noexcept { return *promise_; }

private:
    explicit Job(promise_type& promise) noexcept : promise_(&promise) {}
    promise_type* promise_;
};

/// Runs jobs and timers on the thread that calls run() or run_ready().
class TestLoop final : public detail::Scheduler {
public:
    explicit TestLoop(Clock* clock = nullptr) : Scheduler(clock), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~TestLoop() { ::close(wake_); }

    /// Queues a job's first step. Before or while the loop runs, on its thread; returns its task, which lives as long
    /// as the job.
    detail::TaskContext& spawn(Job job) {
        ++jobs_;
        auto* task = new JobTask(*this, job);
        post(*task);
        return *task;
    }
    /// Runs until every job has ended, and sleeps when there is nothing to do.
    void run() {
        while (jobs_ > 0) {
            run_ready();
            if (jobs_ > 0 && remote_.fall_asleep()) sleep();
        }
    }
    /// Runs what is ready, and what that makes ready.
    void run_ready() {
        Scheduler* before = std::exchange(current_, this);
        for (;;) {
            remote_.take_all(ready_);
            while (detail::Timer* timer = timers_.pop_due(now())) timer->expired();
            if (ready_.empty()) break;
            ready_.pop().run();
            current_task_ = nullptr;
        }
        current_ = before;
    }
    std::size_t jobs() const noexcept { return jobs_; }

private:
    class JobTask final : public detail::TaskContext {
    public:
        JobTask(TestLoop& loop, Job job)
            : TaskContext(job.promise(), loop, {loop.root_scope(), nullptr, "", std::source_location::current()}),
              loop_(loop),
              job_(job) {}
        void root_finished() noexcept override {
            job_.promise().handle().destroy();
            ended(nullptr);
            --loop_.jobs_;
            delete this;
        }

    private:
        TestLoop& loop_;
        Job job_;
    };

    void wake() noexcept override {
        const std::uint64_t one = 1;
        (void)!::write(wake_, &one, sizeof one);
    }
    void sleep() noexcept {
        const TimePoint deadline = timers_.next_deadline();
        timespec limit{};
        if (deadline != kNever && deadline > now()) {
            const auto nanoseconds = (deadline - now()).count();
            limit.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000);
            limit.tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000);
        }
        pollfd descriptor{wake_, POLLIN, 0};
        ::ppoll(&descriptor, 1, deadline == kNever ? nullptr : &limit, nullptr);
        std::uint64_t count = 0;
        (void)!::read(wake_, &count, sizeof count);
    }

    int wake_;
    std::size_t jobs_ = 0;
};

/// `co_await` a named one: lets everything else that is ready run once.
class YieldWait final : public detail::Suspension {
public:
    YieldWait() noexcept = default;
    ~YieldWait() = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> caller) noexcept {
        set_promise(caller.promise());
        suspend();
        post();
    }
    void await_resume() const noexcept {}
    void cancel() noexcept override {}
};

/// `co_await` a named one: a coroutine's wait in a queue unless `ready()`; gives `woken` also when it was ready.
template <class Ready>
class QueueWait final : public detail::Waiter, private detail::Timer {
public:
    QueueWait(detail::WaitQueue& queue, Ready ready, TimePoint deadline = kNever)
        : wait_queue_(queue), ready_(std::move(ready)), deadline_(deadline) {}
    ~QueueWait() = default;

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        set_promise(caller.promise());
        if (task().cancel_pending()) {
            refused_ = true;
            return false;
        }
        suspend();
        waits_ = wait_queue_.push_unless(*this, ready_);
        if (waits_ && deadline_ != kNever) task().home().timers().arm(*this, deadline_);
        if (!waits_) unsuspend();
        return waits_;
    }
    detail::WaitOutcome await_resume() noexcept {
        task().home().timers().cancel(*this);
        if (refused_) return detail::WaitOutcome::cancelled;
        return waits_ ? outcome() : detail::WaitOutcome::woken;
    }

private:
    detail::TaskContext& task() const noexcept { return *promise()->task(); }
    void expired() noexcept override { interrupt(detail::WaitOutcome::timed_out); }

    detail::WaitQueue& wait_queue_;
    Ready ready_;
    TimePoint deadline_;
    bool refused_ = false;
    bool waits_ = false;
};

}  // namespace hocket::test
