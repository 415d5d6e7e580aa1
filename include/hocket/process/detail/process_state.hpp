// What a handle to another process, and whoever waits for its end, share.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket::detail {

/// How a process ended.
struct ProcessEnd {
    /// Its exit status, or -N if signal N has ended it.
    int code = 0;
    bool dumped_core = false;
    /// The helper that would know is gone; the process is gone with it.
    bool unknown = false;
    /// "ended with exit code 3", "was killed by signal 9 (Killed)", with advice where there is some.
    std::string text() const;
};

/// Invariant: `end_` is written before `ended_` is set (release) under the lock of `waiters_`, so that a waiter either
/// sees it or is woken by it.
class ProcessState {
public:
    /// Told of the end on the library's own thread, once, before those who wait.
    class Listener {
    public:
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;
        virtual void process_ended(ProcessState& process) noexcept = 0;

    protected:
        Listener() noexcept = default;
        ~Listener() = default;
    };

    ProcessState(std::string name, std::weak_ptr<Listener> listener) noexcept
        : name_(std::move(name)), listener_(std::move(listener)) {}
    ProcessState(const ProcessState&) = delete;
    ProcessState& operator=(const ProcessState&) = delete;

    const std::string& name() const noexcept { return name_; }
    int pid() const noexcept { return pid_; }
    bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
    /// After ended().
    const ProcessEnd& end() const noexcept { return end_; }
    /// Sends it a signal, unless it has ended: never to a stranger that has got its pid. Throws std::system_error.
    void send_signal(int signal);
    bool wait_with(Waiter& waiter) noexcept {
        return waiters_.push_unless(waiter, [this] { return ended(); });
    }
    /// Blocks until it has ended or `deadline` has come; whether it has ended. Throws CancelledError.
    bool block_until(TimePoint deadline, std::source_location where);

    /// For the helper's client: it has begun; before anybody else knows of it.
    void begin(int pid, OwnedDescriptor pidfd) noexcept {
        pid_ = pid;
        pidfd_ = std::move(pidfd);
    }
    void finish(const ProcessEnd& end) noexcept;

private:
    const std::string name_;
    std::weak_ptr<Listener> listener_;
    int pid_ = 0;
    std::mutex pidfd_mutex_;
    OwnedDescriptor pidfd_;  // closed when it has ended
    ProcessEnd end_;
    std::atomic<bool> ended_{false};
    WaitQueue waiters_;
};

/// Waits in a coroutine for the end of a process.
class [[nodiscard]] JoinProcessAwaiter final : public QueueAwaiter<JoinProcessAwaiter> {
public:
    explicit JoinProcessAwaiter(std::shared_ptr<ProcessState> process) noexcept : process_(std::move(process)) {}
    bool try_now() const noexcept { return process_->ended(); }
    bool take_or_queue() { return !process_->wait_with(*this); }
    std::string waits_for() const override { return "the end of process '" + process_->name() + "'"; }
    void await_resume() { check(); }

private:
    std::shared_ptr<ProcessState> process_;
};

/// What Process::async_join() returns: `co_await` it.
class [[nodiscard("joining a process does nothing until it is awaited: write co_await")]] JoinProcess {
public:
    explicit JoinProcess(std::shared_ptr<ProcessState> process) noexcept : process_(std::move(process)) {}
    JoinProcessAwaiter operator co_await() const { return JoinProcessAwaiter(process_); }

private:
    std::shared_ptr<ProcessState> process_;
};

}  // namespace hocket::detail
