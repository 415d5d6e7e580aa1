// gather: several awaitables at the same time, their results in the order given.
#pragma once
#include <algorithm>
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

/// Argument of gather(): how many of the tasks run at the same time, one at least.
class AtMost {
public:
    /// Throws std::invalid_argument for 0.
    explicit AtMost(std::size_t running);
    std::size_t running() const noexcept { return running_; }

private:
    std::size_t running_;
};
/// `gather(at_most(10), tasks)`
inline AtMost at_most(std::size_t running) { return AtMost(running); }

namespace detail {

/// After join(): throws `unspawned`, if set, or the cancellation that hit the caller.
void finish_gather(ChildSet& children, const std::exception_ptr& unspawned);
/// The same for a gather that fails as a whole: the first error of a child comes before the cancellation.
void finish_failing_gather(ChildSet& children, const std::exception_ptr& unspawned);

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

/// Spawns the children by `spawn()`. If that fails half-way, cancels those that run already, and returns why.
template <class Spawn>
std::exception_ptr spawn_children(ChildSet& children, Spawn spawn) noexcept {
    try {
        spawn();
        return nullptr;
    } catch (...) {
        children.cancel("another task of the gather could not be started");
        return std::current_exception();
    }
}
template <class... Ts, class... Awaitables>
std::exception_ptr spawn_each(ChildSet& children, std::source_location where,
                              std::tuple<StateRef<TaskState<Ts>>...>& states, Awaitables&... awaitables) noexcept {
    return spawn_children(children, [&] {
        const auto spawn = [&](auto&... state) {
            ((state = children.spawn(as_task(std::move(awaitables)), {}, where)), ...);
        };
        std::apply(spawn, states);
    });
}
template <class T>
std::exception_ptr spawn_all(ChildSet& children, std::source_location where,
                             std::vector<StateRef<TaskState<T>>>& states, std::vector<Task<T>>& tasks) noexcept {
    return spawn_children(children, [&] {
        states.reserve(tasks.size());
        for (Task<T>& task : tasks) states.push_back(children.spawn(std::move(task), {}, where));
        tasks.clear();
    });
}

/// Awaits the tasks from `next` on, one after another, sharing `next` with others that do the same. Begins no more of
/// them when it is cancelled.
template <class T>
Task<void> run_in_turn(std::vector<Task<T>>& tasks, std::size_t& next, std::vector<Outcome<T>>& outcomes,
                       ChildSet::OnError on_error) {
    PromiseBase& self = co_await ThisPromise();
    while (next < tasks.size() && !self.task()->cancel_pending()) {
        const std::size_t index = next++;
        Outcome<T> outcome;
        try {
            Task<T> task = std::move(tasks[index]);
            if constexpr (std::is_void_v<T>) {
                co_await std::move(task);
                outcome.set_value();
            } else {
                outcome.set_value(co_await std::move(task));
            }
        } catch (...) {
            if (on_error == ChildSet::OnError::cancel_others) throw;
            outcome.set_error(std::current_exception());
        }
        outcomes[index] = std::move(outcome);
    }
}

/// The outcomes of all tasks, of which at most `limit` run at once.
template <class T>
Task<std::vector<Outcome<T>>> gather_bounded(AtMost limit, std::vector<Task<T>> tasks, ChildSet::OnError on_error,
                                             std::source_location where) {
    std::vector<Outcome<T>> outcomes(tasks.size());
    std::size_t next = 0;
    ChildSet children(on_error);
    const auto unspawned = spawn_children(children, [&] {
        for (std::size_t i = 0; i < std::min(limit.running(), tasks.size()); ++i)
            (void)children.spawn(run_in_turn(tasks, next, outcomes, on_error), {}, where);
    });
    co_await children.join();
    // Not begun on purpose: debug mode has nothing to report.
    for (; next < tasks.size(); ++next) tasks[next].release().destroy();
    finish_failing_gather(children, unspawned);
    co_return outcomes;
}

}  // namespace detail

/// Runs all awaitables (Tasks, Futures, sleeps, …) at the same time, each as a task of its own, and gives the tuple of
/// their results, std::monostate standing for void. If one fails, the others are cancelled and awaited, then its
/// exception is thrown. Cancellation cancels all of them and waits for their ends.
template <class... Awaitables>
requires(sizeof...(Awaitables) >
         0) Task<std::tuple<detail::Storable<detail::AwaitResult<Awaitables>>...>> gather(Awaitables... awaitables) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    std::tuple<detail::StateRef<detail::TaskState<detail::AwaitResult<Awaitables>>>...> states;
    const auto unspawned = detail::spawn_each(children, detail::awaited_at(self), states, awaitables...);
    co_await children.join();
    detail::finish_failing_gather(children, unspawned);
    co_return detail::take_results(states);
}

/// The same for any number of tasks of one type. The results are in the order of `tasks`.
template <class T>
requires(!std::is_void_v<T>) Task<std::vector<T>> gather(std::vector<Task<T>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    std::vector<detail::StateRef<detail::TaskState<T>>> states;
    const auto unspawned = detail::spawn_all(children, detail::awaited_at(self), states, tasks);
    co_await children.join();
    detail::finish_failing_gather(children, unspawned);
    std::vector<T> results;
    results.reserve(states.size());
    for (auto& state : states) results.push_back(detail::take_result(*state));
    co_return results;
}
inline Task<void> gather(std::vector<Task<void>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::cancel_others);
    std::vector<detail::StateRef<detail::TaskState<void>>> states;
    const auto unspawned = detail::spawn_all(children, detail::awaited_at(self), states, tasks);
    co_await children.join();
    detail::finish_failing_gather(children, unspawned);
    for (auto& state : states) detail::take_result(*state);
}

/// Runs all awaitables to their ends, whatever becomes of the others, and gives their outcomes: values or errors.
/// Throws only if the caller itself is cancelled.
template <class... Awaitables>
requires(sizeof...(Awaitables) >
         0) Task<std::tuple<Outcome<detail::AwaitResult<Awaitables>>...>> gather(ReturnExceptions,
                                                                                 Awaitables... awaitables) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::go_on);
    std::tuple<detail::StateRef<detail::TaskState<detail::AwaitResult<Awaitables>>>...> states;
    const auto unspawned = detail::spawn_each(children, detail::awaited_at(self), states, awaitables...);
    co_await children.join();
    detail::finish_gather(children, unspawned);
    co_return detail::take_outcomes(states);
}
template <class T>
Task<std::vector<Outcome<T>>> gather(ReturnExceptions, std::vector<Task<T>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    detail::ChildSet children(detail::ChildSet::OnError::go_on);
    std::vector<detail::StateRef<detail::TaskState<T>>> states;
    const auto unspawned = detail::spawn_all(children, detail::awaited_at(self), states, tasks);
    co_await children.join();
    detail::finish_gather(children, unspawned);
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(states.size());
    for (auto& state : states) outcomes.push_back(detail::take_outcome(*state));
    co_return outcomes;
}

/// The forms for many tasks again, with a bound on how many of them run at the same time, begun in their order:
/// `gather(at_most(10), tasks)`. Those that run at once share a task, one after another. When it is cancelled, or one
/// has failed without return_exceptions, no more of them are begun.
template <class T>
requires(!std::is_void_v<T>) Task<std::vector<T>> gather(AtMost limit, std::vector<Task<T>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    auto outcomes = co_await detail::gather_bounded(limit, std::move(tasks), detail::ChildSet::OnError::cancel_others,
                                                    detail::awaited_at(self));
    std::vector<T> results;
    results.reserve(outcomes.size());
    for (auto& outcome : outcomes) results.push_back(std::move(outcome).value());
    co_return results;
}
inline Task<void> gather(AtMost limit, std::vector<Task<void>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    co_await detail::gather_bounded(limit, std::move(tasks), detail::ChildSet::OnError::cancel_others,
                                    detail::awaited_at(self));
}
template <class T>
Task<std::vector<Outcome<T>>> gather(ReturnExceptions, AtMost limit, std::vector<Task<T>> tasks) {
    detail::PromiseBase& self = co_await detail::ThisPromise();
    co_return co_await detail::gather_bounded(limit, std::move(tasks), detail::ChildSet::OnError::go_on,
                                              detail::awaited_at(self));
}

}  // namespace hocket
