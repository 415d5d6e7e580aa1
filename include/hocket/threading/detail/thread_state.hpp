// What a Thread handle and its running thread share.
#pragma once
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/core/detail/context.hpp"
#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/thread_end.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

/// What a thread does: a function with its arguments.
class ThreadBody {
public:
    ThreadBody() noexcept = default;
    ThreadBody(const ThreadBody&) = delete;
    ThreadBody& operator=(const ThreadBody&) = delete;
    virtual ~ThreadBody() = default;
    virtual void run() = 0;
};

/// How a thread is to be started; the options of the public interface without their defaults.
struct ThreadSetup {
    ThreadSetup(std::string_view name, std::size_t stack_size, bool daemon) noexcept
        : name(name), stack_size(stack_size), daemon(daemon) {}
    std::string_view name;
    std::size_t stack_size;
    bool daemon;
};

/// Counted: one reference is the handle's, one the thread's.
///
/// Invariant: the thread writes `error_` before it sets `ended_` (release) under the lock of `waiters_`, so that a
/// waiter either sees it or is woken by it. That is the last thing that the thread does, after the destructors of its
/// thread-local objects.
class ThreadState final : AtThreadEnd {
public:
    /// Starts a thread. Throws std::invalid_argument for a stack that is too small, std::system_error if the system has
    /// no thread left.
    static ThreadState* start(const ThreadSetup& setup, std::unique_ptr<ThreadBody> body);
    ThreadState(const ThreadState&) = delete;
    ThreadState& operator=(const ThreadState&) = delete;

    const ThreadRecord& record() const noexcept { return record_; }
    bool is_alive() const noexcept { return !ended_.load(std::memory_order_acquire); }
    void cancel(std::string_view reason) noexcept { canceller_.cancel(reason); }

    /// Adds `waiter` unless the thread has ended.
    bool wait_with(Waiter& waiter) noexcept {
        return waiters_.push_unless(waiter, [this] { return !is_alive(); });
    }
    /// Blocks until the thread has ended or `deadline` has come; whether it has ended. Without a deadline it throws
    /// DeadlockError where that would never end.
    bool block_until(TimePoint deadline, std::source_location where);
    /// After the end: throws what the thread threw.
    void rethrow();
    /// The end of the handle: cancels the thread and waits for its end, unless it is a daemon or the caller; gives up
    /// the handle's reference.
    void let_go() noexcept;

    /// For a WaitEdge of who joins.
    static const OwnedKind kOwnedKind;

private:
    ThreadState(const ThreadSetup& setup, std::unique_ptr<ThreadBody> body);
    ~ThreadState();
    static void* main(void* state);
    void run();
    void thread_ended() noexcept override;
    void reap() noexcept;
    /// Whether it was the last, so that the caller must delete the state.
    bool drop_reference() noexcept { return references_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
    void report_lost() const noexcept;

    ThreadRecord record_;
    ThreadCanceller canceller_;
    std::unique_ptr<ThreadBody> body_;
    ContextRef context_;
    pthread_t handle_{};  // written by the one who starts the thread, and read by others only
    std::atomic<std::uint32_t> references_{2};
    std::atomic<bool> ended_{false};
    std::atomic<bool> reaped_{false};  // joined or detached, for the system
    std::atomic<bool> retrieved_{false};
    WaitQueue waiters_;
    std::exception_ptr error_;
};

/// Waits in a coroutine for the end of a thread.
class [[nodiscard]] JoinThreadAwaiter final : public QueueAwaiter<JoinThreadAwaiter> {
public:
    JoinThreadAwaiter(ThreadState& thread, std::source_location where) noexcept : thread_(thread), where_(where) {}
    bool try_now() const noexcept { return !thread_.is_alive(); }
    void limited_in_time() noexcept override { edge_.leave(); }
    std::string waits_for() const override { return "the end of thread '" + thread_.record().name() + "'"; }
    bool take_or_queue() {
        edge_.enter(*this, &thread_, ThreadState::kOwnedKind, where_);
        return !thread_.wait_with(*this);
    }
    void await_resume() {
        edge_.leave();
        check();
        thread_.rethrow();
    }

private:
    ThreadState& thread_;
    std::source_location where_;
    WaitEdge edge_;
};

/// What async_join() returns: `co_await` it.
class [[nodiscard("joining a thread does nothing until it is awaited: write co_await")]] JoinThread {
public:
    JoinThread(ThreadState & thread, std::source_location where) noexcept : thread_(thread), where_(where) {}
    JoinThreadAwaiter operator co_await() const noexcept { return JoinThreadAwaiter(thread_, where_); }

private:
    ThreadState& thread_;
    std::source_location where_;
};

}  // namespace hocket::detail
