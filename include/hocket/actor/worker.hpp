// Worker: one thread that does what it is given, one job after another.
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/futures/executor.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {

/// An executor of one thread: jobs are run in the order in which they were submitted, never two at the same time, and
/// always on that thread. So it suits what is not thread-safe, or must stay on one thread.
///
/// submit(function, arguments...) gives a Future; what the function throws is thrown by that, and the worker goes on.
/// Jobs submitted before start() wait for it. A job that waits for a later one of its own worker gets DeadlockError.
///
/// Shutdown: close() takes no more jobs, submit() then throws ActorExit; what was submitted is run. stop() cancels what
/// has not been run, and the job that runs. join() waits for the end of the thread. The destructor closes and joins; on
/// the worker's own thread, it leaves that to end by itself. A worker that was never started cancels its jobs.
///
/// Thread-safe, but for start(), join() and their like, which are for one thread at a time.
class Worker final : public Executor {
    using Where = std::source_location;

public:
    /// `name` of the thread, empty for a number; at most `max_pending` jobs wait, any number with 0, who submits one
    /// more waits for room.
    explicit Worker(std::string name = {}, std::size_t max_pending = 0);
    ~Worker() override;

    /// Throws InvalidStateError if it was started already, std::system_error if the system refuses a thread.
    void start();
    /// No more jobs.
    void close() noexcept;
    /// The same, and cancels the jobs that have not been run, with `reason`; that which runs gets CancelledError from
    /// its current or next wait.
    void stop(std::string_view reason = "the worker was stopped");
    /// Blocks until the thread has ended, which it does after close() or stop(). Throws InvalidStateError if it was
    /// never started, DeadlockError on the thread itself.
    void join(Where where = Where::current());
    /// Blocks for at most `limit`; whether the thread has ended.
    template <class Rep, class Period>
    [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit, Where where = Where::current()) {
        check_started();
        return thread_.join_for(limit, where);
    }
    /// `co_await worker.async_join()`
    detail::JoinThread async_join(Where where = Where::current()) {
        check_started();
        return thread_.async_join(where);
    }
    bool is_alive() const noexcept { return thread_.is_alive(); }

    /// close(), or stop() with `cancel_pending`, and join() with `wait`.
    void shutdown(ShutdownOptions options = ShutdownOptions(), Where where = Where::current()) override;
    std::size_t concurrency() const noexcept override { return 1; }

private:
    class Core;
    void execute(detail::Job& job) override;
    const std::shared_ptr<Semaphore>* room() noexcept override;
    void check_started() const;

    const std::string name_;
    std::shared_ptr<Core> core_;
    std::shared_ptr<Semaphore> room_;  // null: any number of jobs may wait
    Thread thread_;
};

}  // namespace hocket
