#include "hocket/process/shared_event.hpp"

#include "hocket/process/detail/shared_signal.hpp"
#include "shared_futex.hpp"

namespace hocket {

// The word: how often the event was set, and in the lowest bit whether it is. So one who sleeps through a set() and a
// clear() knows.
struct SharedEvent::State {
    detail::SharedWord word{0};
    detail::SharedSignal signal;
};

detail::SharedObject::Kind SharedEvent::kind() noexcept { return {"shared event", sizeof(State)}; }

bool SharedEvent::is_set() const noexcept { return (state<State>().word.load(std::memory_order_acquire) & 1) != 0; }

void SharedEvent::set() const noexcept {
    State& state = this->state<State>();
    std::uint32_t word = state.word.load(std::memory_order_relaxed);
    do {
        if ((word & 1) != 0) break;
    } while (!state.word.compare_exchange_weak(word, word + 3, std::memory_order_seq_cst));
    state.signal.notify(detail::SharedSignal::Sleepers::many);
}

void SharedEvent::clear() const noexcept { state<State>().word.fetch_and(~1u, std::memory_order_relaxed); }

bool SharedEvent::block(TimePoint deadline, std::source_location where) const {
    detail::check_thread_cancelled();
    State& state = this->state<State>();
    const std::uint32_t first = state.word.load(std::memory_order_acquire);
    if ((first & 1) != 0) return true;
    detail::SharedSleep sleeper(where);
    for (;;) {
        const std::uint32_t serial = state.signal.prepare();
        const std::uint32_t word = state.word.load(std::memory_order_seq_cst);
        if ((word & 1) != 0 || word != first) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        const auto until = std::min(deadline, detail::deadline_after(detail::kLookAgain));
        if (sleeper.sleep(state.signal.word(), serial, until) == detail::SharedSleep::Outcome::cancelled)
            sleeper.throw_cancelled();
    }
}

}  // namespace hocket
