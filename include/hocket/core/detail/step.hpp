// Step: a part of a wait that is itself written as a coroutine, for the primitives below the part that has tasks.
#pragma once
#include <coroutine>
#include <exception>
#include <utility>

#include "hocket/core/detail/task_context.hpp"

namespace hocket::detail {

/// A lazy coroutine without result that runs in the task that awaits it. Its promise notes no places: the task's own
/// coroutine, which does, shows where it waits.
class [[nodiscard("a wait does nothing until it is awaited: write co_await")]] Step {
public:
    class promise_type final : public PromiseBase {
    public:
        Step get_return_object() noexcept { return Step(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        class Final {
        public:
            Final() noexcept = default;
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> finished) const noexcept {
                return transfer_to(finished.promise().awaited_by()->handle());
            }
            void await_resume() const noexcept {}
        };
        Final final_suspend() const noexcept { return Final(); }
        void return_void() const noexcept {}
        void unhandled_exception() noexcept { error_ = std::current_exception(); }
        void rethrow_error() {
            if (error_) std::rethrow_exception(std::move(error_));
        }

    private:
        std::exception_ptr error_;
    };

    Step(Step && other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Step& operator=(Step&&) = delete;
    ~Step() {
        if (coroutine_) coroutine_.destroy();
    }

    class [[nodiscard]] Awaiter {
    public:
        explicit Awaiter(std::coroutine_handle<promise_type> step) noexcept : step_(step) {}
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
            step_.promise().start_awaited_by(caller.promise());
            return transfer_to(step_);
        }
        void await_resume() const { step_.promise().rethrow_error(); }

    private:
        std::coroutine_handle<promise_type> step_;
    };
    /// Once.
    Awaiter operator co_await() const noexcept { return Awaiter(coroutine_); }

private:
    explicit Step(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
    std::coroutine_handle<promise_type> coroutine_;
};

/// Shields the waits of the current task from cancellation for a scope.
class ShieldedWaits {
public:
    explicit ShieldedWaits(TaskContext& task) noexcept
        : task_(task), outer_(task.scope()), shield_(outer_, &task, true) {
        task.set_scope(shield_);
    }
    ShieldedWaits(const ShieldedWaits&) = delete;
    ShieldedWaits& operator=(const ShieldedWaits&) = delete;
    ~ShieldedWaits() { task_.set_scope(outer_); }

private:
    TaskContext& task_;
    ScopeNode& outer_;
    ScopeNode shield_;
};

}  // namespace hocket::detail
