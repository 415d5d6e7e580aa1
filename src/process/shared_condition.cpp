#include "hocket/process/shared_condition.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "shared_futex.hpp"

namespace hocket {

// All but the lock is changed by those who have the lock; who waits reads `notified` without it.
struct SharedCondition::State {
    detail::LockState lock;
    detail::SharedWord notified{0};  // how often
    std::uint32_t waiting = 0;       // 0: nobody sleeps there, nor is going to who has not locked since
    std::uint32_t borrows_lock = 0;  // set when it is made
};

detail::SharedObject::Kind SharedCondition::Line::kind() noexcept { return {"shared condition", sizeof(State)}; }

SharedCondition::Line::Line(std::string_view name, const SharedLocking&) : Line(name) { state().borrows_lock = 1; }

detail::LockState& SharedCondition::Line::own_lock() const noexcept { return state().lock; }

bool SharedCondition::Line::borrows_lock() const noexcept { return state().borrows_lock != 0; }

SharedCondition SharedCondition::from_descriptor(int descriptor) {
    Line line(SharedMemory::from_descriptor(descriptor));
    if (line.borrows_lock()) {
        throw std::invalid_argument("hocket: descriptor " + std::to_string(descriptor) +
                                    " is that of a SharedCondition which uses the lock of another object; send it as "
                                    "an argument or a message, or give it a lock of its own");
    }
    return SharedCondition(std::move(line));
}

void SharedCondition::check_held(const char* attempt) const {
    if (!owned())
        throw std::logic_error(std::string("hocket: ") + attempt +
                               " of a condition by a thread that has not locked it (" + description() +
                               "); make a std::unique_lock of it first");
}

bool SharedCondition::block(TimePoint deadline, Place where) const {
    check_held("wait");
    detail::check_thread_cancelled();
    State& state = line_.state();
    const std::uint32_t before = state.notified.load(std::memory_order_relaxed);
    state.waiting = 1;
    using Outcome = detail::SharedSleep::Outcome;
    detail::SharedSleep sleeper(where);
    const std::uint32_t depth = unlock_wholly();
    Outcome outcome = Outcome::looked_at;
    bool notified = false;
    do {
        const auto until = std::min(deadline, detail::deadline_after(detail::kLookAgain));
        outcome = sleeper.sleep(state.notified, before, until);
        // One that was meant for another waiter is taken for ours at the next look. That makes up for those whose
        // receiver was killed.
        notified = state.notified.load(std::memory_order_relaxed) != before;
    } while (!notified && !owner_died() && outcome != Outcome::cancelled &&
             !(outcome == Outcome::timed_out && std::chrono::steady_clock::now() >= deadline));
    lock_again(depth, where);
    // If a notification has woken us at the same moment, it is the next one's.
    if (outcome == Outcome::cancelled && notified) detail::wake_shared(state.notified, 1);
    if (owner_died()) throw_owner_died();
    if (outcome == Outcome::cancelled) sleeper.throw_cancelled();
    return notified;
}

void SharedCondition::notify(std::size_t count) const {
    check_held("notify");
    State& state = line_.state();
    if (count == 0 || state.waiting == 0) return;
    state.notified.fetch_add(1, std::memory_order_relaxed);
    const int most = static_cast<int>(std::min<std::size_t>(count, std::numeric_limits<int>::max()));
    // If fewer slept than were meant, nobody sleeps any more; and whoever waits and does not sleep yet will see that
    // the number has changed.
    if (detail::wake_shared(state.notified, most) < most) state.waiting = 0;
}

void SharedCondition::notify_all() const { notify(std::numeric_limits<std::size_t>::max()); }

}  // namespace hocket
