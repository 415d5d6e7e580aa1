// Waiting for several futures in a coroutine: async_wait, async_as_completed.
#pragma once
#include <ranges>
#include <utility>
#include <vector>

#include "hocket/aio/async_generator.hpp"
#include "hocket/aio/cancel_scope.hpp"
#include "hocket/futures/wait.hpp"

namespace hocket {
namespace detail {

/// Waits until a state is done, without a look at its outcome; cancelled, it leaves the producer alone.
class [[nodiscard]] DoneAwaiter : public QueueAwaiter<DoneAwaiter> {
public:
    explicit DoneAwaiter(SharedStateBase& state) noexcept : state_(state) {}
    ~DoneAwaiter() = default;
    bool try_now() const noexcept { return state_.done(); }
    std::string waits_for() const override { return state_.description(); }
    void limited_in_time() noexcept override { edge_.leave(); }
    bool take_or_queue() {
        edge_.enter(*this, &state_, SharedStateBase::kOwnedKind, promise()->awaiting_at());
        if (state_.wait_with(*this)) return false;
        edge_.leave();
        return true;
    }
    void await_resume() {
        edge_.leave();
        check();
    }

private:
    SharedStateBase& state_;
    WaitEdge edge_;
};
/// An awaitable that makes the awaiter.
class [[nodiscard]] UntilDone {
public:
    explicit UntilDone(SharedStateBase& state) noexcept : state_(state) {}
    DoneAwaiter operator co_await() const noexcept { return DoneAwaiter(state_); }

private:
    SharedStateBase& state_;
};

/// Waits until what `when` says has happened. The states must live as long.
Task<void> async_wait_for_states(std::vector<SharedStateBase*> states, ReturnWhen when);
/// The same until `deadline` on the loop's clock at most.
Task<void> async_wait_for_states_until(std::vector<SharedStateBase*> states, ReturnWhen when, TimePoint deadline);

template <class T>
std::vector<SharedStateBase*> states_of(const std::vector<Future<T>>& futures) {
    std::vector<SharedStateBase*> states;
    states.reserve(futures.size());
    for (const Future<T>& future : futures) states.push_back(&*future.checked());
    return states;
}

template <class T>
Task<WaitResult<T>> async_wait_for(std::vector<Future<T>> futures, ReturnWhen when, Duration limit) {
    auto states = states_of(futures);
    if (limit == Duration::max()) {
        co_await async_wait_for_states(std::move(states), when);
    } else {
        const TimePoint deadline = saturating_add(Scheduler::current()->now(), limit);
        co_await async_wait_for_states_until(std::move(states), when, deadline);
    }
    WaitResult<T> result;
    for (Future<T>& future : futures) (future.done() ? result.done : result.pending).push_back(std::move(future));
    co_return result;
}

template <class T>
AsyncGenerator<Future<T>> generate_as_completed(std::vector<Future<T>> futures) {
    CompletionBoard board(futures.size());
    for (std::size_t i = 0; i < futures.size(); ++i) board.watch(*futures[i].checked(), i);
    for (std::size_t told = 0; told < futures.size(); ++told) {
        const std::size_t index = co_await board.async_next();
        co_yield futures[index];
    }
}

}  // namespace detail

/// Waits until `when` is true of `futures` (a range of Future<T>), and gives them in two lists: done and pending. Does
/// not throw what the futures hold. Cancellation leaves the work alone. Throws DeadlockError where the wait could never
/// end, if it is for ALL_COMPLETED.
template <std::ranges::forward_range Range>
Task<WaitResult<detail::FutureResult<Range>>> async_wait(const Range& futures, ReturnWhen when = ALL_COMPLETED) {
    using T = detail::FutureResult<Range>;
    return detail::async_wait_for(std::vector<Future<T>>(std::ranges::begin(futures), std::ranges::end(futures)), when,
                                  Duration::max());
}
/// The same for at most `limit` on the loop's clock, after which the rest is pending.
template <std::ranges::forward_range Range, class Rep, class Period>
Task<WaitResult<detail::FutureResult<Range>>> async_wait(const Range& futures, ReturnWhen when,
                                                         std::chrono::duration<Rep, Period> limit) {
    using T = detail::FutureResult<Range>;
    return detail::async_wait_for(std::vector<Future<T>>(std::ranges::begin(futures), std::ranges::end(futures)), when,
                                  detail::to_nanoseconds(limit));
}

/// Gives the futures in the order in which they are done, those that are done already first:
/// `while (auto future = co_await completed.next())`. To limit the time, put next() into timeout(). Cancellation
/// leaves the work alone, and ends the generator.
template <std::ranges::forward_range Range>
AsyncGenerator<Future<detail::FutureResult<Range>>> async_as_completed(const Range& futures) {
    using T = detail::FutureResult<Range>;
    return detail::generate_as_completed(
        std::vector<Future<T>>(std::ranges::begin(futures), std::ranges::end(futures)));
}

}  // namespace hocket
