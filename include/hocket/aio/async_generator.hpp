// AsyncGenerator<T>: a coroutine that yields values and may wait between them.
#pragma once
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "hocket/aio/task.hpp"

namespace hocket {

/// What `co_yield` throws in an AsyncGenerator that is being closed early. Not a std::exception, like CancelledError:
/// pass it on when you have cleaned up.
class GeneratorExit {
public:
    GeneratorExit() noexcept = default;
};

template <class T>
class AsyncGenerator;

namespace detail {

/// A scope that was opened since the last value would be open in the consumer.
[[noreturn]] void throw_yield_inside_scope();
/// The generator is in the middle of a step for somebody else, or for itself.
[[noreturn]] void throw_generator_busy();
/// The generator went on after GeneratorExit.
[[noreturn]] void throw_generator_ignored_exit();

template <class T>
class AsyncGeneratorPromise final : public AwaitingPromise {
public:
    AsyncGenerator<T> get_return_object() noexcept;
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() noexcept {
        running_ = false;
        return FinalAwaiter();
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }

    class Yielded {
    public:
        explicit Yielded(AsyncGeneratorPromise& promise) noexcept : promise_(promise) {}
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const {
            // A time-out or group around the co_yield would reach into whatever the consumer does until it comes back.
            if (&promise_.task()->scope() != promise_.scope_) throw_yield_inside_scope();
            promise_.running_ = false;
            return transfer_to(promise_.awaited_by()->handle());
        }
        void await_resume() const {
            if (promise_.closing_) throw GeneratorExit();
        }

    private:
        AsyncGeneratorPromise& promise_;
    };
    Yielded yield_value(T&& value) noexcept {
        value_ = std::addressof(value);
        return Yielded(*this);
    }
    Yielded yield_value(const T& value) requires std::is_copy_constructible_v<T> {
        copy_.emplace(value);
        value_ = std::addressof(*copy_);
        return Yielded(*this);
    }

    /// Begins a step for `consumer`.
    void go_on_for(PromiseBase& consumer, bool closing) {
        if (running_) throw_generator_busy();
        running_ = true;
        closing_ = closing;
        value_ = nullptr;
        start_awaited_by(consumer);
        scope_ = &task()->scope();
    }
    bool running() const noexcept { return running_; }
    /// The yielded object; null at the end. Throws what the body threw.
    T* take_value() {
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
        return std::exchange(value_, nullptr);
    }

private:
    struct NoCopy {};
    T* value_ = nullptr;
    const ScopeNode* scope_ = nullptr;
    std::exception_ptr error_;
    bool running_ = false;
    bool closing_ = false;
    [[no_unique_address]] std::conditional_t<std::is_copy_constructible_v<T>, std::optional<T>, NoCopy> copy_;
};

template <class T>
class [[nodiscard]] AsyncGeneratorStep {
    using Handle = std::coroutine_handle<AsyncGeneratorPromise<T>>;

public:
    AsyncGeneratorStep(Handle generator, bool closing) noexcept : generator_(generator), closing_(closing) {}
    bool await_ready() const noexcept { return !generator_ || generator_.done(); }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) const {
        generator_.promise().go_on_for(caller.promise(), closing_);
        return transfer_to(generator_);
    }
    std::optional<T> await_resume() const {
        if (generator_) {
            if (T* value = generator_.promise().take_value()) return std::optional<T>(std::move(*value));
        }
        return std::nullopt;
    }

private:
    Handle generator_;
    bool closing_;
};

}  // namespace detail

/// A lazy sequence whose body may await: `while (auto value = co_await generator.next()) ...`. Its body runs in the
/// task that asks for the next value, whose cancellation it feels; an exception comes out of next() and ends it.
///
/// Leaving early: destroying it destroys the local objects of its body. If its clean-up must wait, close it first, best
/// by with(generator, body): the `co_yield` where it stands throws GeneratorExit, and the body may await its clean-up
/// before it passes that on. It must not yield inside a CancelScope, timeout() or task group of its own, which would
/// reach into its consumer: that `co_yield` throws InvalidStateError.
///
/// Move-only. One task at a time: next() by a second one throws InvalidStateError. T is an object type; an lvalue is
/// copied by `co_yield`.
template <class T>
class [[nodiscard("an AsyncGenerator does nothing until next() is awaited")]] AsyncGenerator {
    static_assert(std::is_object_v<T>, "an AsyncGenerator yields objects; use a pointer or std::reference_wrapper");

public:
    using promise_type = detail::AsyncGeneratorPromise<T>;

    AsyncGenerator(AsyncGenerator && other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
        AsyncGenerator moved(std::move(other));
        std::swap(coroutine_, moved.coroutine_);
        return *this;
    }
    /// It must not be in the middle of a step.
    ~AsyncGenerator() {
        if (coroutine_) coroutine_.destroy();
    }

    /// What next() returns: `co_await` it.
    class [[nodiscard("asking for the next value does nothing until it is awaited: write co_await")]] Next {
    public:
        explicit Next(std::coroutine_handle<promise_type> generator) noexcept : generator_(generator) {}
        detail::AsyncGeneratorStep<T> operator co_await() const noexcept {
            return detail::AsyncGeneratorStep<T>(generator_, false);
        }

    private:
        std::coroutine_handle<promise_type> generator_;
    };
    /// `co_await next()` runs the body to its next value and gives it; nothing at its end, again and again.
    Next next() noexcept { return Next(coroutine_); }

    /// Ends it: makes the `co_yield` where it stands throw GeneratorExit and awaits the rest of the body. Throws what
    /// the body throws instead, and InvalidStateError if it yields again. Nothing happens to one that has not begun or
    /// has ended.
    Task<void> async_close() { return close(std::exchange(coroutine_, {})); }

    /// For with().
    Task<void> async_enter() { co_return; }
    Task<void> async_exit() { return async_close(); }

private:
    friend promise_type;
    explicit AsyncGenerator(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
    static Task<void> close(std::coroutine_handle<promise_type> generator);

    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
AsyncGenerator<T> AsyncGeneratorPromise<T>::get_return_object() noexcept {
    static_assert(alignof(AsyncGeneratorPromise) <= 16, "coroutine frames are aligned to 16 bytes");
    return AsyncGenerator<T>(std::coroutine_handle<AsyncGeneratorPromise>::from_promise(*this));
}

}  // namespace detail

template <class T>
Task<void> AsyncGenerator<T>::close(std::coroutine_handle<promise_type> coroutine) {
    AsyncGenerator owner(coroutine);
    if (!coroutine || coroutine.done() || !coroutine.promise().task()) co_return;
    if (coroutine.promise().running()) {
        owner.coroutine_ = {};
        detail::throw_generator_busy();
    }
    bool went_on = false;
    try {
        detail::AsyncGeneratorStep<T> step(coroutine, true);
        const std::optional<T> value = co_await step;
        went_on = value.has_value();
    } catch (const GeneratorExit&) {
    }
    if (went_on) detail::throw_generator_ignored_exit();
}

}  // namespace hocket
