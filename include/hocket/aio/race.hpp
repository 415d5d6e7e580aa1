// race: several awaitables at the same time, of which the first to end counts.
#pragma once
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "hocket/aio/detail/awaitable.hpp"
#include "hocket/aio/detail/child_set.hpp"

namespace hocket {
namespace detail {

/// How a race stands. `Result` holds the winner's result.
template <class Result>
class Race {
public:
    explicit Race(ChildSet& runners) noexcept : runners_(runners) {}
    /// Somebody has ended with a result, which `store(std::optional<Result>&)` keeps.
    template <class Store>
    void ended(Store&& store) {
        if (decided_) return;
        store(result_);
        decide();
    }
    void failed(std::exception_ptr error) noexcept {
        if (!decided_) {
            error_ = std::move(error);
            decide();
        } else if (!is_cancellation(error)) {
            SharedStateBase::report_lost(error, "a task that lost a race");
        }
    }
    /// After the end of all runners: the winner's result, or its exception.
    Result take() {
        if (error_) std::rethrow_exception(error_);
        return std::move(*result_);
    }

private:
    void decide() noexcept {
        decided_ = true;
        runners_.cancel("another task of the race was first");
    }
    ChildSet& runners_;
    bool decided_ = false;
    std::exception_ptr error_;
    std::optional<Result> result_;
};

/// One runner. `in_place` says where in the Result its own goes.
template <class Result, class InPlace, class A>
Task<void> run_in_race(Race<Result>& race, InPlace in_place, A awaitable) {
    try {
        if constexpr (std::is_void_v<AwaitResult<A>>) {
            co_await std::move(awaitable);
            race.ended([&](std::optional<Result>& result) { result.emplace(in_place); });
        } else {
            auto&& value = co_await std::move(awaitable);
            race.ended(
                [&](std::optional<Result>& result) { result.emplace(in_place, std::forward<decltype(value)>(value)); });
        }
    } catch (...) {
        race.failed(std::current_exception());
    }
}

/// The race of what `spawn(race, runners)` starts.
template <class Result, class Spawn>
Task<Result> run_race(Spawn& spawn) {
    ChildSet runners(ChildSet::OnError::cancel_others);
    Race<Result> race(runners);
    std::exception_ptr unspawned;
    try {
        spawn(race, runners);
    } catch (...) {
        unspawned = std::current_exception();
        runners.cancel("another task of the race could not be started");
    }
    co_await runners.join();
    runners.leave();
    if (unspawned) std::rethrow_exception(unspawned);
    runners.throw_if_cancelled();
    co_return race.take();
}

}  // namespace detail

/// Runs all awaitables at the same time, each as a task of its own, until the first has ended; cancels the others and
/// awaits their ends. Gives the winner's result, as a variant whose index says who it was (std::monostate standing for
/// void), or throws its exception. An exception of another one that is not its cancellation is reported. Cancellation
/// cancels all of them and waits for their ends.
template <class... Awaitables>
requires(sizeof...(Awaitables) >
         0) Task<std::variant<detail::Storable<detail::AwaitResult<Awaitables>>...>> race(Awaitables... awaitables) {
    using Result = std::variant<detail::Storable<detail::AwaitResult<Awaitables>>...>;
    detail::PromiseBase& self = co_await detail::ThisPromise();
    const auto spawn = [&](detail::Race<Result>& race, detail::ChildSet& runners) {
        const auto spawn_each = [&]<std::size_t... index>(std::index_sequence<index...>) {
            ((void)runners.spawn(detail::run_in_race(race, std::in_place_index<index>, std::move(awaitables)), {},
                                 detail::awaited_at(self)),
             ...);
        };
        spawn_each(std::index_sequence_for<Awaitables...>());
    };
    co_return co_await detail::run_race<Result>(spawn);
}

/// The same for any number of tasks with the same type of result, which it gives. Throws std::invalid_argument for
/// none.
template <class T>
Task<T> race(std::vector<Task<T>> tasks) {
    if (tasks.empty()) throw std::invalid_argument("hocket: race() was given no tasks, so that none could win");
    using Result = std::variant<detail::Storable<T>>;
    detail::PromiseBase& self = co_await detail::ThisPromise();
    const auto spawn = [&](detail::Race<Result>& race, detail::ChildSet& runners) {
        for (Task<T>& task : tasks) {
            (void)runners.spawn(detail::run_in_race(race, std::in_place_index<0>, std::move(task)), {},
                                detail::awaited_at(self));
        }
    };
    auto result = co_await detail::run_race<Result>(spawn);
    if constexpr (!std::is_void_v<T>) co_return std::get<0>(std::move(result));
}

}  // namespace hocket
