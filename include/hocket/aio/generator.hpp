// Generator<T>: a coroutine that yields values one by one to a loop, and may be sent others in return.
#pragma once
#include <coroutine>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "hocket/core/detail/frame_allocator.hpp"
#include "hocket/core/errors.hpp"

namespace hocket {

template <class T, class Sent = void>
class Generator;

namespace detail {

// What co_yield waits by, and gives.
template <class Sent>
class YieldPoint {
public:
    explicit YieldPoint(std::optional<Sent>& sent, std::exception_ptr& thrown) noexcept
        : sent_(sent), thrown_(thrown) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    std::optional<Sent> await_resume() const {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
        return std::exchange(sent_, std::nullopt);
    }

private:
    std::optional<Sent>& sent_;
    std::exception_ptr& thrown_;
};

template <>
class YieldPoint<void> {
public:
    explicit YieldPoint(std::exception_ptr& thrown) noexcept : thrown_(thrown) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }

private:
    std::exception_ptr& thrown_;
};

template <class Sent>
struct SentStorage {
    std::optional<Sent> sent;
};
template <>
struct SentStorage<void> {};

template <class T, class Sent>
class GeneratorPromise {
    using Value = std::remove_reference_t<T>;

public:
    Generator<T, Sent> get_return_object() noexcept;
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

    YieldPoint<Sent> yield_value(Value& value) noexcept requires(std::is_reference_v<T> || !std::is_const_v<Value>) {
        value_ = std::addressof(value);
        return yield_point();
    }
    YieldPoint<Sent> yield_value(Value&& value) noexcept requires(!std::is_lvalue_reference_v<T>) {
        value_ = std::addressof(value);
        return yield_point();
    }
    YieldPoint<Sent> yield_value(const Value& value) requires(!std::is_reference_v<T> && !std::is_const_v<Value>) {
        copy_.emplace(value);
        value_ = std::addressof(*copy_);
        return yield_point();
    }
    // A generator runs in whoever asks it for a value, who would not wait.
    template <class A>
    void await_transform(A&&) = delete;

    Value& value() const noexcept { return *value_; }
    SentStorage<Sent>& sent() noexcept { return sent_; }
    void throw_in(std::exception_ptr error) noexcept { thrown_ = std::move(error); }
    void rethrow() {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }

    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { FrameHeap::deallocate(frame, size); }

private:
    struct NoCopy {};
    YieldPoint<Sent> yield_point() noexcept {
        if constexpr (std::is_void_v<Sent>) {
            return YieldPoint<void>(thrown_);
        } else {
            return YieldPoint<Sent>(sent_.sent, thrown_);
        }
    }
    Value* value_ = nullptr;
    std::exception_ptr thrown_;
    [[no_unique_address]] SentStorage<Sent> sent_;
    [[no_unique_address]] std::conditional_t<std::is_copy_constructible_v<Value> && !std::is_reference_v<T>,
                                             std::optional<std::remove_const_t<Value>>, NoCopy>
        copy_;
};

}  // namespace detail

/// A lazy sequence: a coroutine with `co_yield`, run step by step by whoever asks for the next value. A range that is
/// gone through once (`for (auto& value : squares(10))`). Destroying it early destroys the local objects of its body,
/// which is its clean-up. Its exception comes out of the step that met it, and ends it.
///
/// With a second type it can also be sent values: `co_yield` then gives a std::optional<Sent>, empty when the step was
/// made by next() or a loop. Values are seen by reference: what the consumer moves or changes is the yielded object
/// itself, or a copy of it where a constant or an lvalue of another type was yielded.
///
/// Move-only; not thread-safe, but its steps may be made by different threads in turn. For one that waits in its body
/// see AsyncGenerator.
template <class T, class Sent>
class [[nodiscard("a Generator does nothing until it is asked for a value")]] Generator {
public:
    using promise_type = detail::GeneratorPromise<T, Sent>;
    using Value = std::remove_reference_t<T>;

    Generator(Generator && other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Generator& operator=(Generator&& other) noexcept {
        Generator moved(std::move(other));
        std::swap(coroutine_, moved.coroutine_);
        return *this;
    }
    ~Generator() {
        if (coroutine_) coroutine_.destroy();
    }

    /// Whether it has ended (or was moved from): there are no more values.
    bool done() const noexcept { return !coroutine_ || coroutine_.done(); }
    /// Runs it to its next value, which stays where it is until the next step; null at its end.
    Value* next() {
        check_idle();
        if (done()) return nullptr;
        started_ = true;
        return step();
    }
    /// Makes the `co_yield` at which it stands give `value`, and runs it to its next one. Throws InvalidStateError
    /// before the first next(), when no `co_yield` waits for anything.
    template <class S = Sent>
    requires(!std::is_void_v<S>) Value* send(S value) {
        check_idle();
        if (done()) return nullptr;
        if (!started_) throw InvalidStateError("hocket: send() to a generator that has not begun; call next() first");
        coroutine_.promise().sent().sent.emplace(std::move(value));
        return step();
    }
    /// Makes the `co_yield` at which it stands throw `error`, and runs it to its next value. If it does not catch it,
    /// or has not begun, it ends and this call throws it.
    Value* send_exception(std::exception_ptr error) {
        check_idle();
        if (done() || !started_) {
            if (coroutine_) std::exchange(coroutine_, {}).destroy();
            std::rethrow_exception(std::move(error));
        }
        coroutine_.promise().throw_in(std::move(error));
        return step();
    }

    class Iterator {
    public:
        using value_type = std::remove_cv_t<Value>;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        Iterator() noexcept = default;
        Value& operator*() const noexcept { return *value_; }
        Value* operator->() const noexcept { return value_; }
        Iterator& operator++() {
            value_ = generator_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return value_ == nullptr; }

    private:
        friend Generator;
        explicit Iterator(Generator& generator) : generator_(&generator), value_(generator.next()) {}
        Generator* generator_ = nullptr;
        Value* value_ = nullptr;
    };
    /// Makes a step.
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend promise_type;
    explicit Generator(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
    void check_idle() const {
        if (running_) throw InvalidStateError("hocket: a generator was asked for a value by its own body");
    }
    Value* step() {
        running_ = true;
        coroutine_.resume();
        running_ = false;
        if (!coroutine_.done()) return std::addressof(coroutine_.promise().value());
        coroutine_.promise().rethrow();
        return nullptr;
    }

    std::coroutine_handle<promise_type> coroutine_;
    bool started_ = false;
    bool running_ = false;
};

template <class T, class Sent>
Generator<T, Sent> detail::GeneratorPromise<T, Sent>::get_return_object() noexcept {
    static_assert(alignof(GeneratorPromise) <= 16, "coroutine frames are aligned to 16 bytes");
    return Generator<T, Sent>(std::coroutine_handle<GeneratorPromise>::from_promise(*this));
}

}  // namespace hocket
