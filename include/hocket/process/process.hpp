// Process: a function in a process of its own.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "hocket/core/clock.hpp"
#include "hocket/process/detail/process_setup.hpp"
#include "hocket/process/detail/remote_call.hpp"

namespace hocket {

/// How a Process is to be.
class ProcessOptions {
public:
    ProcessOptions() = default;
    /// Shown in `ps`, cut to 15 characters in some places; empty: "process-N".
    std::string name;
    /// How long the destructor waits after terminate() before it kills the process.
    Duration grace = std::chrono::seconds(5);
};

/// Runs a function in a new process of the same program: see hocket::init(). The function is a plain one, a lambda
/// without captures, a member function, or a function object with serialize(); its arguments travel by value, see
/// archive.hpp. Its result is dropped: for results there are ProcessPool and Pipe.
///
/// The process ends when the function returns: with exit code 0. An exception is printed to its standard error, and the
/// exit code is 1. Neither destructors of static objects nor functions of atexit() run then, since they would undo what
/// is the program's own; output streams are flushed. Ctrl-C at the terminal goes to it as to the program.
///
/// Shutdown: the destructor ends the process if it runs, by terminate() and after a grace by kill(), and waits for it.
/// If the program ends in another way, by SIGKILL too, so do its processes.
///
/// A handle: move-only; the const functions may be called by several threads.
class Process {
public:
    /// No process.
    Process() noexcept = default;
    /// Starts it. Throws InvalidStateError if hocket::init() was not called, std::system_error if the system has no
    /// process left, and what writing an argument throws.
    template <class F, class... Arguments>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Process> &&
             !std::is_same_v<std::remove_cvref_t<F>, ProcessOptions>) explicit Process(F&& function,
                                                                                       Arguments&&... arguments)
        : Process(ProcessOptions(), std::forward<F>(function), std::forward<Arguments>(arguments)...) {}
    template <class F, class... Arguments>
    Process(const ProcessOptions& options, F&& function, Arguments&&... arguments) : grace_(options.grace) {
        using Function = std::decay_t<F>;
        detail::require_sendable_call<Function, detail::ArrivesAs<Arguments>...>();
        detail::require_given_well<Arguments...>();
        detail::require_init("start a Process");
        detail::ProcessSetup setup;
        setup.name = options.name;
        static const detail::FunctionName entry = detail::name_of(&run<Function, detail::ArrivesAs<Arguments>...>);
        setup.entry = entry;
        detail::write_function<Function>(setup.payload, function);
        (detail::write_argument<detail::ArrivesAs<Arguments>>(setup.payload, arguments), ...);
        start(std::move(setup));
    }
    Process(Process&&) noexcept = default;
    /// Ends the process that the handle had before, as the destructor does.
    Process& operator=(Process&& other) noexcept {
        Process moved(std::move(other));
        std::swap(state_, moved.state_);
        std::swap(grace_, moved.grace_);
        return *this;
    }
    ~Process();

    /// Blocks until the process has ended. Cancellation: throws CancelledError, the process runs on.
    void join(std::source_location where = std::source_location::current()) const {
        (void)state().block_until(kNever, where);
    }
    /// Blocks for at most `limit`; whether the process has ended.
    template <class Rep, class Period>
    [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit,
                                std::source_location where = std::source_location::current()) const {
        return state().block_until(detail::deadline_after(limit), where);
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool join_until(std::chrono::time_point<Clock, Duration> deadline,
                                  std::source_location where = std::source_location::current()) const {
        return state().block_until(detail::deadline_at(deadline), where);
    }
    /// `co_await process.async_join()` suspends the task until the process has ended.
    detail::JoinProcess async_join() const {
        (void)state();
        return detail::JoinProcess(state_);
    }

    /// Whether the handle has a process, ended or not.
    explicit operator bool() const noexcept { return state_ != nullptr; }
    bool is_alive() const noexcept { return state_ && !state_->ended(); }
    /// How it ended: its exit code, or -N if the signal N has ended it. Nothing while it runs.
    std::optional<int> exit_code() const { return state().ended() ? std::optional(state_->end().code) : std::nullopt; }
    int pid() const { return state().pid(); }
    const std::string& name() const { return state().name(); }

    /// Sends a signal, if the process has not ended: never to another one that has got its pid.
    void send_signal(int signal) const { state().send_signal(signal); }
    /// Asks it to end: SIGTERM, which ends a process that has not asked for something else. Does not wait.
    void terminate() const;
    /// Ends it: SIGKILL. Does not wait.
    void kill() const;

private:
    template <class F, class... Arguments>
    static int run(detail::PayloadReader& payload) {
        (void)detail::call_from<F, Arguments...>(payload);
        return 0;
    }
    void start(detail::ProcessSetup setup);
    detail::ProcessState& state() const {
        if (!state_) throw_no_process();
        return *state_;
    }
    [[noreturn]] static void throw_no_process();

    std::shared_ptr<detail::ProcessState> state_;
    Duration grace_{};
};

}  // namespace hocket
