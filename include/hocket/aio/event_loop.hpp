// EventLoop: one thread that runs tasks, callbacks and timers, and sleeps in the kernel when there is nothing to do.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/aio/detail/callback.hpp"
#include "hocket/aio/detail/io_backend.hpp"
#include "hocket/aio/detail/loop_entry.hpp"
#include "hocket/aio/detail/task_state.hpp"
#include "hocket/aio/detail/wake_rate.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/report.hpp"

namespace hocket {

class Executor;

/// Which kernel interface a loop uses. `automatic`: the environment's HOCKET_IO=epoll|io_uring, else epoll.
enum class Io { automatic, epoll, io_uring };

/// What Ctrl-C (SIGINT) does while the program's main thread is in run() or run_until_complete(), if the program has
/// not decided itself what becomes of that signal.
enum class Interrupts {
    /// The first one cancels the task that is being waited for, which may clean up, and ends in KeyboardInterrupt; the
    /// second one ends the program.
    cancel,
    /// What it does to any program: ends it.
    end_program,
};

/// How a loop is made.
struct LoopOptions {
    Io io = Io::automatic;
    /// The loop's time; null for the steady clock. Must outlive the loop.
    Clock* clock = nullptr;
    /// Runs what is ready in an order drawn from this seed instead of first come, first served: the same seed, the same
    /// order. Unset: the environment's HOCKET_SEED, if any.
    std::optional<std::uint64_t> seed = std::nullopt;
    Interrupts interrupts = Interrupts::cancel;
};

/// What run() throws when Ctrl-C has cancelled its task. A program that catches neither this nor CancelledError ends as
/// if by SIGINT, which is what a shell expects.
class KeyboardInterrupt : public CancelledError {
public:
    KeyboardInterrupt() : CancelledError("interrupted by Ctrl-C") {}
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
    /// What the innermost one waits for, in words, and since when (to some milliseconds).
    std::string waits_for;
    std::chrono::milliseconds waiting{0};
};

/// An event loop, run by one thread at a time and one per thread. Everything is for that thread, except
/// call_soon_threadsafe(), stop() and run_coroutine_threadsafe(). It may be run again and again.
///
/// Shutdown, by close() or the destructor: the tasks that are left are cancelled and run to their ends, with a report
/// of who is still alive when that takes long; then the default executor's jobs are awaited, and the callbacks that
/// never ran are dropped.
class EventLoop final : public detail::Scheduler {
public:
    /// Throws std::system_error if the kernel refuses the descriptors, std::invalid_argument for an unknown HOCKET_IO
    /// or HOCKET_SEED.
    explicit EventLoop(LoopOptions options = LoopOptions());
    ~EventLoop();

    /// The loop that runs on this thread. Throws InvalidStateError outside of one.
    static EventLoop& current();

    /// Runs `task` to its end, and returns its result or throws its exception. Throws KeyboardInterrupt if it was
    /// cancelled by Ctrl-C, see Interrupts; InvalidStateError on a thread that runs a loop. Cancellation of the thread
    /// cancels the task.
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
    /// Runs until stop(). Cancellation of the thread: throws CancelledError.
    void run_forever();
    /// Makes run_forever() return after the step that is being run; run_until_complete() takes no notice. Any thread.
    void stop();
    bool running() const noexcept { return running_; }
    /// Shuts the loop down, see above; it is not to be run again. Throws InvalidStateError while it runs.
    void close();
    bool closed() const noexcept { return phase_.load(std::memory_order_acquire) == Phase::closed; }

    /// Calls `function` from the loop after what is queued now. Its exceptions are reported.
    template <class F>
    void call_soon(F function) {
        ready_.push(*new detail::Callback<F>(std::move(function)));
    }
    /// The same from any thread; wakes the loop if it sleeps. Throws InvalidStateError if the loop is closed; the
    /// object must be alive.
    template <class F>
    void call_soon_threadsafe(F function) {
        check_open();
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
    /// How many of its sleeps were ended by another thread's post, which costs both threads a system call; a post to a
    /// loop that is awake, or spins for a moment because it was woken often lately, costs none. On the loop's thread.
    std::uint64_t wakes() const noexcept { return promised_wakes_; }
    /// Where to_thread() calls functions: a ThreadPool of the loop's own, made on first use. On the loop's thread, or
    /// while it does not run. Throws InvalidStateError if the loop is closed.
    Executor& default_executor();
    /// Replaces it for later calls; null for a ThreadPool again. The one before is let go.
    void set_default_executor(std::shared_ptr<Executor> executor);
    /// All tasks that have not ended, each before the tasks of its groups.
    std::vector<TaskInfo> all_tasks();
    /// Cancels all tasks and runs until they have ended: what run() does at its end.
    void cancel_all_tasks(std::string_view reason);

    detail::IoBackend& backend() noexcept { return *backend_; }
    /// For the library: posts `node`, which is run or dropped for certain. Throws InvalidStateError if the loop is
    /// closed. Any thread.
    void post_unless_closed(detail::RunNode& node);

private:
    enum class Phase : std::uint8_t { open, closing, closed };
    class Running;
    void check_may_run() const;
    void check_open() const;
    [[noreturn]] static void throw_closed();
    void run_until(detail::SharedStateBase& state);
    void shut_down() noexcept;
    void drop_ready() noexcept;
    void turn() noexcept;
    void sleep() noexcept;
    bool spin(TimePoint deadline) noexcept;
    void collect_remote() noexcept;
    void fire_timers() noexcept;
    void run_ready() noexcept;
    detail::RunNode& next_ready() noexcept;
    void run_step(detail::RunNode& node) noexcept;
    void wake() noexcept override;
    void report_stuck();
    std::uint32_t milliseconds_now() const noexcept;

    std::unique_ptr<detail::IoBackend> backend_;
    std::shared_ptr<Executor> default_executor_;
    const Interrupts interrupts_;
    detail::LoopEntry entry_;
    std::mutex closing_;  // held to post what must not be posted to a closed loop
    std::atomic<Phase> phase_{Phase::open};
    const bool debug_ = debug_enabled();
    bool running_ = false;
    bool stopping_ = false;
    std::uint32_t turns_ = 0;
    bool slept_ = false;                // the mailbox was told that we sleep
    std::uint64_t promised_wakes_ = 0;  // wake-ups that pushers owed us
    detail::WakeRate wakes_;
    bool seeded_ = false;
    std::uint64_t random_ = 0;
};

}  // namespace hocket
