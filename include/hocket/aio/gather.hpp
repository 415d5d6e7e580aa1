// gather: several awaitables at the same time, their results in the order given.
#pragma once
#include <tuple>
#include <utility>
#include <vector>

#include "hocket/aio/detail/awaitable.hpp"
#include "hocket/aio/detail/child_set.hpp"

namespace hocket {

struct ReturnExceptions {
    explicit ReturnExceptions() = default;
};
/// First argument of gather(): give every child's outcome instead of throwing the first error.
inline constexpr ReturnExceptions return_exceptions{};

namespace detail {

/// Ends a gather that fails as a whole: throws the first error, or the cancellation that hit the caller or one of the
/// children.
void finish_gather(ChildSet& children);

template <class T>
Storable<T> take_result(TaskState<T>& state) {
    if constexpr (std::is_void_v<T>) {
        state.outcome().value();
        return std::monostate();
    } else {
        return std::move(state.outcome()).value();
    }
}

template <class T>
Outcome<T> take_outcome(TaskState<T>& state) {
    state.mark_retrieved();
    return std::move(state.outcome());
}

template <class... Ts>
auto take_results(std::tuple<StateRef<TaskState<Ts>>...>& states) {
    return std::apply([](auto&... state) { return std::tuple<Storable<Ts>...>(take_result(*state)...); }, states);
}
template <class... Ts>
auto take_outcomes(std::tuple<StateRef<TaskState<Ts>>...>& states) {
    return std::apply([](auto&... state) { return std::tuple<Outcome<Ts>...>(take_outcome(*state)...); }, states);
}

template <class T>
std::vector<StateRef<TaskState<T>>> spawn_all(ChildSet& children, std::vector<Task<T>>& tasks,
                                              std::source_location where) {
    std::vector<StateRef<TaskState<T>>> states;
    states.reserve(tasks.size());
    for (Task<T>& task : tasks) states.push_back(children.spawn(std::move(task), {}, where));
    tasks.clear();
    return states;
}

}  // namespace detail

/// Runs all awaitables (Tasks, Futures, sleeps, …) at the same time, each as a task of its own, and gives the tuple of
/// their results, std::monostate standing for void. If one fails, the others are cancelled and awaited, then its
/// exception is thrown. Cancellation cancels all of them and waits for their ends.
template <class... Awaitables>
requires(sizeof...(Awaitables) >
         0) Task<std::tuple<detail::Storable<detail::AwaitResult<Awaitables>>...>> gather(Awaitables... awaitables) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    const auto where = detail::awaited_at(self);
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    std::tuple states(children.spawn(detail::as_task(std::move(awaitables)), {}, where)...);
    co_await children.join();
    detail::finish_gather(children);
    co_return detail::take_results(states);
}

/// The same for any number of tasks of one type. The results are in the order of `tasks`.
template <class T>
requires(!std::is_void_v<T>) Task<std::vector<T>> gather(std::vector<Task<T>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    auto states = detail::spawn_all(children, tasks, detail::awaited_at(self));
    co_await children.join();
    detail::finish_gather(children);
    std::vector<T> results;
    results.reserve(states.size());
    for (auto& state : states) results.push_back(detail::take_result(*state));
    co_return results;
}
inline Task<void> gather(std::vector<Task<void>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    auto states = detail::spawn_all(children, tasks, detail::awaited_at(self));
    co_await children.join();
    detail::finish_gather(children);
    for (auto& state : states) detail::take_result(*state);
}

/// Runs all awaitables to their ends, whatever becomes of the others, and gives their outcomes: values or errors.
/// Throws only if the caller itself is cancelled.
template <class... Awaitables>
requires(sizeof...(Awaitables) >
         0) Task<std::tuple<Outcome<detail::AwaitResult<Awaitables>>...>> gather(ReturnExceptions,
                                                                                 Awaitables... awaitables) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    const auto where = detail::awaited_at(self);
    detail::ChildSet children(detail::ChildSet::OnError::go_on);
    std::tuple states(children.spawn(detail::as_task(std::move(awaitables)), {}, where)...);
    co_await children.join();
    children.leave();
    children.throw_if_cancelled();
    co_return detail::take_outcomes(states);
}
template <class T>
Task<std::vector<Outcome<T>>> gather(ReturnExceptions, std::vector<Task<T>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::go_on);
    auto states = detail::spawn_all(children, tasks, detail::awaited_at(self));
    co_await children.join();
    children.leave();
    children.throw_if_cancelled();
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(states.size());
    for (auto& state : states) outcomes.push_back(detail::take_outcome(*state));
    co_return outcomes;
}

}  // namespace hocket
