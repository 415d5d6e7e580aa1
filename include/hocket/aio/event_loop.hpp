// EventLoop: one thread that runs tasks, callbacks and timers, and sleeps in the kernel when there is nothing to do.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/aio/detail/callback.hpp"
#include "hocket/aio/detail/io_backend.hpp"
#include "hocket/aio/detail/task_state.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/core/detail/scheduler.hpp"

namespace hocket {

/// Which kernel interface a loop uses. `automatic`: the environment's HOCKET_IO=epoll|io_uring, else epoll.
enum class Io { automatic, epoll, io_uring };

/// How a loop is made.
struct LoopOptions {
    Io io = Io::automatic;
    /// The loop's time; null for the steady clock. Must outlive the loop.
    Clock* clock = nullptr;
    /// Runs what is ready in an order drawn from this seed instead of first come, first served: the same seed, the same
    /// order. Unset: the environment's HOCKET_SEED, if any.
    std::optional<std::uint64_t> seed = std::nullopt;
};

/// What can be told about a live task.
struct TaskInfo {
    std::uint64_t id = 0;
    std::uint64_t parent_id = 0;  ///< of the task that spawned it; 0 for none
    std::string name;
    std::source_location spawned_at;
    bool suspended = false;
    /// Where each coroutine of the task awaits the next inner one, innermost first; empty while it runs or is ready to
    /// run.
    std::vector<std::source_location> awaits;
};

/// An event loop, run by one thread at a time and one per thread. Everything is for that thread, except
/// call_soon_threadsafe() and stop().
///
/// Shutdown: the destructor cancels the tasks that are left and runs them to their ends, reporting who is still alive
/// when that takes long; then the callbacks that never ran are dropped.
class EventLoop final : public detail::Scheduler {
public:
    /// Throws std::system_error if the kernel refuses the descriptors, std::invalid_argument for an unknown HOCKET_IO
    /// or HOCKET_SEED.
    explicit EventLoop(LoopOptions options = LoopOptions());
    ~EventLoop();

    /// The loop that runs on this thread. Throws InvalidStateError outside of one.
    static EventLoop& current();

    /// Runs `task` to its end, and returns its result or throws its exception. Throws InvalidStateError on a thread
    /// that runs a loop.
    template <class T>
    T run_until_complete(Task<T> task, std::string_view name = {},
                         std::source_location where = std::source_location::current()) {
        check_may_run();  // before it becomes a task that must be run to its end
        auto state = detail::spawn(std::move(task), *this, {root_scope(), nullptr, name, where});
        Future<T> future = detail::future_of(std::move(state));
        run_until(*future.checked());
        return std::move(future).result();
    }
    /// The same for a task of this loop that was spawned before, or any other result that its tasks lead to.
    template <class T>
    T run_until_complete(Future<T> future) {
        return run_until_complete(
            [](Future<T> awaited) -> Task<T> { co_return co_await std::move(awaited); }(std::move(future)));
    }
    /// Runs until stop().
    void run_forever();
    /// Makes run_forever() return after the step that is being run; run_until_complete() takes no notice. Any thread.
    void stop();
    bool running() const noexcept { return running_; }

    /// Calls `function` from the loop after what is queued now. Its exceptions are reported.
    template <class F>
    void call_soon(F function) {
        ready_.push(*new detail::Callback<F>(std::move(function)));
    }
    /// The same from any thread; wakes the loop if it sleeps. The loop must be alive.
    template <class F>
    void call_soon_threadsafe(F function) {
        post(*new detail::Callback<F>(std::move(function)));
    }
    /// Calls `function` after `delay` on the loop's clock. The handle cancels it; dropping the handle does not.
    template <class Rep, class Period, class F>
    TimerHandle call_later(std::chrono::duration<Rep, Period> delay, F function) {
        return call_at(detail::saturating_add(now(), detail::to_nanoseconds(delay)), std::move(function));
    }
    /// Calls `function` at `when` on the loop's clock.
    template <class F>
    TimerHandle call_at(TimePoint when, F function) {
        return TimerHandle::arm(*this, when, std::move(function));
    }

    /// The present on the loop's clock.
    TimePoint time() const noexcept { return now(); }
    /// "epoll" or "io_uring".
    std::string_view io_name() const noexcept { return backend_->name(); }
    /// All tasks that have not ended, each before the tasks of its groups.
    std::vector<TaskInfo> all_tasks();
    /// Cancels all tasks and runs until they have ended: what run() does at its end.
    void cancel_all_tasks(std::string_view reason);

    detail::IoBackend& backend() noexcept { return *backend_; }

private:
    class Running;
    void check_may_run() const;
    void run_until(detail::SharedStateBase& state);
    void turn() noexcept;
    void sleep() noexcept;
    void collect_remote() noexcept;
    void fire_timers() noexcept;
    void run_ready() noexcept;
    detail::RunNode& next_ready() noexcept;
    void wake() noexcept override;
    void report_stuck();

    std::unique_ptr<detail::IoBackend> backend_;
    bool running_ = false;
    bool stopping_ = false;
    bool slept_ = false;                // the mailbox was told that we sleep
    std::uint64_t promised_wakes_ = 0;  // wake-ups that pushers owed us
    bool seeded_ = false;
    std::uint64_t random_ = 0;
};

}  // namespace hocket
