// Thread: a thread that starts when it is made, can be cancelled, and loses no exception.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/threading/detail/thread_state.hpp"

namespace hocket {

/// How a thread is started.
struct ThreadOptions {
    /// Shows in reports, in threads() and (its first 15 bytes) in /proc; empty for "Thread-<number>".
    std::string name = {};
    /// Bytes for the stack, to which the thread-local storage of the program is added; 0 for the system's default.
    std::size_t stack_size = 0;
    /// Neither its handle's destructor nor the end of the program waits for it. See Thread.
    bool daemon = false;
};

/// A thread, which runs from the construction of its handle on.
///
/// Its end: join() waits for it and throws what the thread threw. The destructor cancels the thread and waits; an
/// exception that nobody got by join() is reported then (ReportKind::lost_exception), except the CancelledError of a
/// thread that was cancelled. Whoever has joined finds the thread's thread-local objects destroyed.
///
/// A daemon is let go by its handle instead, neither cancelled nor waited for, and ends with the program: exit() does
/// not wait for it. It may use the library until the very end, because no static state of the library is ever
/// destroyed; it must own what else it uses.
///
/// Cancellation is level-triggered: from cancel() on, each blocking call of this library in the thread throws
/// CancelledError, also after one was caught and whether or not it would have to wait, except inside a CancelShield.
/// (But a lock that is free is taken nevertheless: much clean-up needs one.)
///
/// The handle may be moved; its functions but cancel() and the questions are for one thread at a time.
class Thread {
public:
    /// No thread.
    Thread() noexcept = default;
    /// Calls `function(arguments...)` in a new thread, with decayed copies as std::thread makes them (std::ref passes a
    /// reference). Throws std::system_error if the system refuses another thread.
    template <class F, class... Arguments>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Thread> &&
             !std::is_same_v<std::remove_cvref_t<F>, ThreadOptions> &&
             std::is_invocable_v<std::decay_t<F>, std::decay_t<Arguments>...>) explicit Thread(F&& function,
                                                                                               Arguments&&... arguments)
        : Thread(ThreadOptions(), std::forward<F>(function), std::forward<Arguments>(arguments)...) {}
    /// Throws std::invalid_argument also if the stack is smaller than the system's minimum.
    template <class F, class... Arguments>
    requires std::is_invocable_v<std::decay_t<F>, std::decay_t<Arguments>...> Thread(const ThreadOptions& options,
                                                                                     F&& function,
                                                                                     Arguments&&... arguments)
        : state_(detail::ThreadState::start(detail::ThreadSetup(options.name, options.stack_size, options.daemon),
                                            std::make_unique<Body<std::decay_t<F>, std::decay_t<Arguments>...>>(
                                                std::forward<F>(function), std::forward<Arguments>(arguments)...))) {}
    Thread(Thread&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    /// Ends the thread that the handle had before, as the destructor does.
    Thread& operator=(Thread&& other) noexcept {
        Thread moved(std::move(other));
        std::swap(state_, moved.state_);
        return *this;
    }
    /// Cancels the thread and waits for its end.
    ~Thread() {
        if (state_) state_->let_go();
    }

    /// Makes the current or next blocking call of the thread throw CancelledError with this reason. Does not wait.
    void cancel(std::string_view reason = {}) { state().cancel(detail::CancelNote(reason)); }

    /// Blocks until the thread has ended, and throws what it threw. A join of oneself, or in a circle of waiting
    /// owners, throws DeadlockError. Cancellation of the caller: throws CancelledError, the thread runs on.
    void join(std::source_location where = std::source_location::current()) {
        state().block_until(kNever, where);
        state_->rethrow();
    }
    /// Blocks for at most `limit`; whether the thread has ended. Throws what it threw.
    template <class Rep, class Period>
    [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit,
                                std::source_location where = std::source_location::current()) {
        return join_before(detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the thread has ended. Throws what it threw.
    template <class Clock, class Duration>
    [[nodiscard]] bool join_until(std::chrono::time_point<Clock, Duration> deadline,
                                  std::source_location where = std::source_location::current()) {
        return join_before(detail::deadline_at(deadline), where);
    }
    /// `co_await thread.async_join()` suspends the task until the thread has ended, and throws as join() does. The
    /// handle must stay where it is meanwhile.
    detail::JoinThread async_join(std::source_location where = std::source_location::current()) {
        return {state(), where};
    }

    /// Whether the handle has a thread, ended or not.
    explicit operator bool() const noexcept { return state_ != nullptr; }
    /// True until the thread has ended.
    bool is_alive() const noexcept { return state_ && state_->is_alive(); }
    std::string name() const { return state().record().name(); }
    /// Unique in this process and never used again.
    std::uint64_t id() const { return state().record().id(); }
    /// The kernel's id, as in /proc/self/task; it may be used again after the thread has ended.
    pid_t native_id() const { return state().record().native_id(); }
    bool daemon() const { return state().record().daemon(); }

private:
    template <class F, class... Arguments>
    class Body final : public detail::ThreadBody {
    public:
        template <class... Given>
        explicit Body(Given&&... given) : call_(std::forward<Given>(given)...) {}
        void run() override {
            std::apply(
                [](F& function, Arguments&... arguments) { std::invoke(std::move(function), std::move(arguments)...); },
                call_);
        }

    private:
        std::tuple<F, Arguments...> call_;
    };

    detail::ThreadState& state() const;
    bool join_before(TimePoint deadline, std::source_location where);

    detail::ThreadState* state_ = nullptr;
};

/// What can be told about a live thread.
struct ThreadInfo {
    std::uint64_t id = 0;
    std::string name;
    pid_t native_id = 0;
    bool daemon = false;
};

/// The live threads: those that a Thread started, and the others that have used the library; oldest first.
std::vector<ThreadInfo> threads();

}  // namespace hocket
