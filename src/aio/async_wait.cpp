#include "hocket/aio/async_wait.hpp"

#include <algorithm>

namespace hocket::detail {

Task<void> async_wait_for_states(std::vector<SharedStateBase*> states, ReturnWhen when) {
    if (when == ALL_COMPLETED) {
        // One after another, which lets each wait be seen in the wait-for graph.
        for (SharedStateBase* state : states) co_await UntilDone(*state);
        co_return;
    }
    const auto ends_wait = [when](const SharedStateBase* state) {
        return state->done() && (when == FIRST_COMPLETED || state->failed());
    };
    if (states.empty() || std::ranges::any_of(states, ends_wait)) co_return;
    CompletionBoard board(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) board.watch(*states[i], i);
    for (std::size_t told = 0; told < states.size(); ++told) {
        const std::size_t index = co_await board.async_next();
        if (ends_wait(states[index])) co_return;
    }
}

Task<void> async_wait_for_states_until(std::vector<SharedStateBase*> states, ReturnWhen when, TimePoint deadline) {
    CancelScope scope;
    scope.set_deadline(deadline);
    try {
        co_await async_wait_for_states(std::move(states), when);
    } catch (const CancelledError&) {
        if (!scope.timed_out() || !scope.owns_cancellation()) throw;
    }
}

}  // namespace hocket::detail
