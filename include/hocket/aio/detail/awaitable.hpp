// Anything that can be awaited, as a Task; and a coroutine's way to its own promise.
#pragma once
#include <coroutine>
#include <source_location>
#include <type_traits>
#include <variant>

#include "hocket/aio/task.hpp"
#include "hocket/futures/future.hpp"

namespace hocket::detail {

template <class A>
struct AwaiterOf {
    using Type = A;
};
template <MemberAwaitable A>
struct AwaiterOf<A> {
    using Type = decltype(std::declval<A>().operator co_await());
};

/// What `co_await std::move(a)` gives for an `A a`.
template <class A>
using AwaitResult = decltype(std::declval<typename AwaiterOf<A&&>::Type&>().await_resume());

/// void as a type that a tuple can hold.
template <class T>
using Storable = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
Task<T> as_task(Task<T> task) {
    return task;
}
/// A task that awaits `awaitable`.
template <class A>
Task<AwaitResult<A>> as_task(A awaitable) {
    co_return co_await std::move(awaitable);
}

/// `co_await ThisPromise()` gives the promise of the coroutine that it is written in, without suspending.
class ThisPromise {
public:
    ThisPromise() noexcept = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
        promise_ = &coroutine.promise();
        return false;
    }
    PromiseBase& await_resume() const noexcept { return *promise_; }

private:
    PromiseBase* promise_ = nullptr;
};

/// Where the caller of a library coroutine awaits it: the spawn site of the tasks that it makes.
inline std::source_location awaited_at(const PromiseBase& promise) noexcept {
    return promise.awaited_by() ? promise.awaited_by()->awaiting_at() : promise.task()->spawned_at();
}

}  // namespace hocket::detail
