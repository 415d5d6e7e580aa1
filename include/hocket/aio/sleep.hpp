// Waiting for time to pass, and letting others run.
#pragma once
#include <coroutine>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket {
namespace detail {

class [[nodiscard]] SleepAwaiter final : public Suspension, public Timer {
public:
    explicit SleepAwaiter(Duration duration) noexcept : duration_(duration) {}
    ~SleepAwaiter() = default;

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        set_promise(caller.promise());
        return begin();
    }
    void await_resume() const {
        if (cancelled_) promise()->task()->throw_cancelled();
    }
    void cancel() noexcept override;
    void expired() noexcept override { post(); }
    std::string waits_for() const override { return "time to pass"; }

private:
    bool begin();
    bool cancelled_ = false;  // first, in the padding of Timer
    Duration duration_;
};

}  // namespace detail

/// What sleep() returns: `co_await` it.
class [[nodiscard("a sleep does nothing until it is awaited: write co_await")]] Sleep {
public:
    explicit Sleep(Duration duration) noexcept : duration_(duration) {}
    detail::SleepAwaiter operator co_await() const noexcept { return detail::SleepAwaiter(duration_); }

private:
    Duration duration_;
};

/// Suspends the task for at least `duration` on the loop's clock; for zero or less it lets the others run once, as
/// yield_now() does. Cancellation: throws CancelledError at once.
template <class Rep, class Period>
Sleep sleep(std::chrono::duration<Rep, Period> duration) {
    return Sleep(detail::to_nanoseconds(duration));
}

namespace detail {

class [[nodiscard]] YieldAwaiter final : public Suspension {
public:
    YieldAwaiter() noexcept = default;
    ~YieldAwaiter() = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> caller) noexcept {
        set_promise(caller.promise());
        suspend();
        post();
    }
    void await_resume() const {
        if (promise()->task()->cancel_pending()) promise()->task()->throw_cancelled();
    }
    void cancel() noexcept override {}  // about to run anyway, and finds the cancellation then
    std::string waits_for() const override { return "its turn"; }
};

}  // namespace detail

/// What yield_now() returns: `co_await` it.
class [[nodiscard("a yield does nothing until it is awaited: write co_await")]] Yield {
public:
    Yield() noexcept = default;
    detail::YieldAwaiter operator co_await() const noexcept { return detail::YieldAwaiter(); }
};

/// Lets everything that is ready on this loop run once before the task goes on. Throws CancelledError in a cancelled
/// scope.
inline Yield yield_now() noexcept { return Yield(); }

}  // namespace hocket
