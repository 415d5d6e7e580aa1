#include "hocket/futures/wait.hpp"

#include <algorithm>

namespace hocket::detail {

void wait_for_states(const std::vector<SharedStateBase*>& states, ReturnWhen when, TimePoint deadline,
                     std::source_location where) {
    if (when == ALL_COMPLETED) {
        // One after another, which lets each wait be seen in the wait-for graph.
        for (SharedStateBase* state : states) {
            if (!state->block_until(deadline, where)) return;
        }
        return;
    }
    const auto ends_wait = [when](const SharedStateBase* state) {
        return state->done() && (when == FIRST_COMPLETED || state->failed());
    };
    if (states.empty() || std::ranges::any_of(states, ends_wait)) return;
    CompletionBoard board(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) board.watch(*states[i], i);
    for (std::size_t told = 0; told < states.size(); ++told) {
        const auto index = board.next(deadline, where);
        if (!index || ends_wait(states[*index])) return;
    }
}

}  // namespace hocket::detail
