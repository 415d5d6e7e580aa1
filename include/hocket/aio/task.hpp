// Task<T>: a lazy coroutine, awaited in place or spawned.
#pragma once
#include <bit>
#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/outcome.hpp"

namespace hocket {

template <class T>
class Task;

namespace detail {

template <class A>
concept MemberAwaitable = requires(A&& a) {
    static_cast<A&&>(a).operator co_await();
};
template <class A>
concept FreeAwaitable = requires(A&& a) {
    operator co_await(static_cast<A&&>(a));
};

template <class T>
class TaskAwaiter;

/// Destroys a coroutine that has not been started; in debug mode, reports that.
void drop_unawaited(std::coroutine_handle<> coroutine) noexcept;

/// What all coroutine types of the library do with `co_await`: note the place, then wait.
class AwaitingPromise : public PromiseBase {
    // What std::source_location is made of. An object of that class as the default argument would be a temporary, and
    // g++ 12 keeps one in the frame for each await of a coroutine.
    using AwaitSite = decltype(__builtin_source_location());

public:
    template <class A>
    decltype(auto) await_transform(A&& awaitable, AwaitSite where = __builtin_source_location()) {
        awaits_at(std::bit_cast<std::source_location>(where));
        return get_awaiter(static_cast<A&&>(awaitable));
    }

private:
    // An awaiter without operator co_await is used where it stands: as an lvalue, because g++ 12 would move an rvalue
    // into the frame.
    template <class A>
    static decltype(auto) get_awaiter(A&& awaitable) {
        if constexpr (MemberAwaitable<A>) {
            return static_cast<A&&>(awaitable).operator co_await();
        } else if constexpr (FreeAwaitable<A>) {
            return operator co_await(static_cast<A&&>(awaitable));
        } else {
            return static_cast<std::remove_reference_t<A>&>(awaitable);
        }
    }
};

class FinalAwaiter {
public:
    FinalAwaiter() noexcept = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
        PromiseBase& promise = finished.promise();
        if (PromiseBase* parent = promise.awaited_by()) return transfer_to(parent->handle());
        promise.task()->root_finished();  // destroys this coroutine
        return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
};

template <class T>
class TaskPromiseBase : public AwaitingPromise {
public:
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return FinalAwaiter(); }
    void unhandled_exception() noexcept { outcome_.set_error(std::current_exception()); }
    Outcome<T>& outcome() noexcept { return outcome_; }

protected:
    ~TaskPromiseBase() = default;
    Outcome<T> outcome_;
};

template <class T>
class TaskPromise final : public TaskPromiseBase<T> {
public:
    Task<T> get_return_object() noexcept;
    template <class U = T>
    requires std::is_convertible_v<U&&, T>
    void return_value(U&& value) {
        if constexpr (std::is_reference_v<T>) {
            T reference = static_cast<U&&>(value);
            this->outcome_.set_value(reference);
        } else {
            this->outcome_.set_value(static_cast<U&&>(value));
        }
    }
};

template <>
class TaskPromise<void> final : public TaskPromiseBase<void> {
public:
    Task<void> get_return_object() noexcept;
    void return_void() noexcept { outcome_.set_value(); }
};

template <class T>
class [[nodiscard]] TaskAwaiter {
public:
    explicit TaskAwaiter(std::coroutine_handle<TaskPromise<T>> child) noexcept : child_(child) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
        child_.promise().start_awaited_by(caller.promise());
        return transfer_to(child_);
    }
    T await_resume() const { return std::move(child_.promise().outcome()).value(); }

private:
    std::coroutine_handle<TaskPromise<T>> child_;
};

}  // namespace detail

/// A coroutine that runs when it is awaited, or as a task of its own when it is spawned (create_task, gather,
/// task_group, run). Its body has not started before that. Awaiting costs a symmetric transfer, no scheduling; a chain
/// of awaits of any length needs constant stack. Move-only; awaited at most once, as an rvalue. Destroying it unstarted
/// is fine: nothing has happened yet. (Debug mode reports it, since most often a co_await was forgotten.)
///
/// Its parameters are copied into the coroutine; a reference parameter must outlive the task. Its exception comes out
/// of `co_await`. It runs on one event loop from start to end.
template <class T = void>
class [[nodiscard("a Task does nothing until it is awaited: co_await it, or hand it to create_task()")]] Task {
public:
    using promise_type = detail::TaskPromise<T>;
    using Result = T;

    Task(Task && other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Task& operator=(Task&& other) noexcept {
        Task(std::move(other)).swap(*this);
        return *this;
    }
    ~Task() {
        if (coroutine_) drop();
    }
    void swap(Task & other) noexcept { std::swap(coroutine_, other.coroutine_); }

    /// Runs the task now, in the awaiting task, and gives its result. `co_await std::move(task)` for a named one.
    detail::TaskAwaiter<T> operator co_await()&& {
        if (!coroutine_ || coroutine_.promise().task())
            throw InvalidStateError("hocket: this Task was already awaited or spawned");
        return detail::TaskAwaiter<T>(coroutine_);
    }

    /// For the library: gives up the coroutine, unstarted. Throws InvalidStateError when there is none.
    std::coroutine_handle<promise_type> release() {
        if (!coroutine_ || coroutine_.promise().task())
            throw InvalidStateError("hocket: this Task was already awaited or spawned");
        return std::exchange(coroutine_, {});
    }

private:
    friend promise_type;
    explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
    void drop() noexcept {
        if (coroutine_.promise().task()) {
            coroutine_.destroy();  // it was awaited
        } else {
            detail::drop_unawaited(coroutine_);
        }
    }
    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
    static_assert(alignof(TaskPromise) <= 16, "coroutine frames are aligned to 16 bytes");
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace detail
}  // namespace hocket
