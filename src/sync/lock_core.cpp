#include "hocket/sync/detail/lock_core.hpp"

#include <cstdio>
#include <stdexcept>

#include "hocket/core/detail/spin_wait.hpp"

namespace hocket::detail {
namespace {

using namespace std::chrono_literals;

[[maybe_unused]] constexpr auto kHandOverAfter = 500us;

bool has_waited_long([[maybe_unused]] TimePoint since) {
#ifdef HOCKET_MODEL
    return model::either();
#else
    return std::chrono::steady_clock::now() - since >= kHandOverAfter;
#endif
}

constexpr int kSpins = 100;

}  // namespace

// A thread in the queue. `since`: its arrival, which a thread that queues again keeps.
class LockCore::BlockedThread : public ThreadWaiter {
public:
    BlockedThread(PartyId party, TimePoint since) noexcept : party(party), since(since) {}
    ~BlockedThread() = default;
    const PartyId party;
    const TimePoint since;
};

const OwnedKind LockCore::kOwnedKind{
    [](const void* lock) noexcept { return static_cast<const LockCore*>(lock)->owner(); },
    [](const void* lock) { return static_cast<const LockCore*>(lock)->describe(); }};

std::string LockCore::title() const {
    char address[32];
    std::snprintf(address, sizeof address, "%p", static_cast<const void*>(this));
    return kind_ + (name_ ? " '" + *name_ + "' (" + address + ")" : std::string(" ") + address);
}

std::string LockCore::describe() const {
    const PartyId holder = owner();
    if (holder == 0) return title();
    return title() + ", taken at " + place(taken_at_.load(std::memory_order_relaxed)) + " by " +
           std::to_string(number_of(holder));
}

bool LockCore::try_lock_slowly(PartyId me, std::uint64_t word, std::source_location where) noexcept {
    // Free, with somebody on the way to it.
    while (word >> kShift == 0) {
        if (word_.compare_exchange_weak(word, me << kShift | (word & kFlags), std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
            note_taken(me, where);
            return true;
        }
    }
    if (word >> kShift != me || reentry_ == Reentry::forbidden) return false;
    nest(depth_ + 1);
    return true;
}

void LockCore::nest(std::uint32_t depth) noexcept {
    const bool flagged = depth_ != 0;
    depth_ = depth;
    if (flagged == (depth != 0)) return;
    depth ? word_.fetch_or(kNested, std::memory_order_relaxed) : word_.fetch_and(~kNested, std::memory_order_relaxed);
}

bool LockCore::take_or_push(PartyId me, Waiter& waiter, Place place) noexcept {
    WaitQueue::Lock queue(queue_);
    // Whoever comes back to the front is no longer on the way.
    const std::uint64_t cleared = place == Place::front ? kWaking : 0;
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
        const bool free = word >> kShift == 0;
        const std::uint64_t flags = (word & kFlags & ~cleared) | (free ? 0 : kWaiters);
        const std::uint64_t next = free ? me << kShift | flags : (word & ~kFlags) | flags;
        // Unchanged: taken, and kWaiters set, which stays so while we hold the queue's lock.
        if (next != word &&
            !word_.compare_exchange_weak(word, next, std::memory_order_acquire, std::memory_order_relaxed))
            continue;
        if (free) return true;
        place == Place::front ? queue.push_front(waiter) : queue.push(waiter);
        return false;
    }
}

bool LockCore::lock_slowly(PartyId me, TimePoint deadline, std::source_location where, OnCircle on_circle) {
    // Short critical sections are worth a short spin, while nobody is asleep already.
    for (int turn = 0; can_spin() && turn < kSpins && owner() != me; ++turn) {
        const std::uint64_t word = word_.load(std::memory_order_relaxed);
        if (word & kWaiters) break;
        if (word >> kShift == 0 && try_lock(me, where)) return true;
        pause_spinning();
    }
    const TimePoint since = std::chrono::steady_clock::now();
    for (auto place = Place::back;; place = Place::front) {
        BlockedThread waiter(me, since);
        WaitEdge edge;
        bool acquired = false;
        bool in_time = true;
        try {
            if (deadline == kNever) edge.enter(waiter, this, kOwnedKind, where, on_circle);
            acquired = take_or_push(me, waiter, place);
            if (!acquired) in_time = waiter.block(deadline, where);
        } catch (...) {
            // Woken once already and not queued again: the next in line is owed the wake-up.
            if (place == Place::front && waiter.outcome() == WaitOutcome::waiting) give_up_turn(me);
            throw;
        }
        if (!in_time) return false;
        if (acquired || owner() == me) break;
    }
    note_taken(me, where);
    return true;
}

void LockCore::lock_again(PartyId me, std::uint32_t depth, std::source_location where) noexcept {
    ThreadCanceller* canceller = ThreadCanceller::install(nullptr);
    note_wanted(me, where);
    if (!try_lock(me, where)) (void)lock_slowly(me, kNever, where, OnCircle::report);
    ThreadCanceller::install(canceller);
    nest(depth);
}

std::uint32_t LockCore::unlock_wholly(PartyId me) noexcept {
    const std::uint32_t depth = depth_;
    nest(0);
    give_back(me);
    return depth;
}

void LockCore::give_up_turn(PartyId me) noexcept {
    bool taken = false;
    {
        WaitQueue::Lock queue(queue_);
        std::uint64_t word = word_.load(std::memory_order_relaxed);
        std::uint64_t next = 0;
        do {
            taken = word >> kShift == 0;
            next = taken ? me << kShift | (word & kWaiters) : word & ~kWaking;
        } while (!word_.compare_exchange_weak(word, next, std::memory_order_acquire, std::memory_order_relaxed));
    }
    if (taken) unlock(me);  // which wakes the next
}

void LockCore::unlock_slowly(PartyId me, std::uint64_t word) {
    if (word >> kShift != me) {
        throw std::logic_error("hocket: unlock() of " + describe() +
                               (word >> kShift == 0 ? ", which nobody holds" : ", which somebody else holds") +
                               "; only the thread or task that took a lock may give it back (a Semaphore may be "
                               "released by anybody)");
    }
    if (word & kNested) return nest(depth_ - 1);
    give_back(me);
}

void LockCore::give_back(PartyId me) noexcept {
    if (order_checked_) [[unlikely]]
        LockOrder::given_back(me, *this);
    for (;;) {
        const std::uint64_t mine = me << kShift;
        std::uint64_t word = mine;
        if (word_.load(std::memory_order_relaxed) == mine &&
            word_.compare_exchange_strong(word, 0, std::memory_order_release, std::memory_order_relaxed))
            return;
        Waiter* woken = nullptr;
        {
            // With a flag set the word does not change while we hold the queue's lock.
            WaitQueue::Lock queue(queue_);
            std::uint64_t next = word_.load(std::memory_order_relaxed) & kWaking;
            if (!next && (woken = queue.pop())) {
                if (woken->promise()) {
                    next = static_cast<Awaiter*>(woken)->me_ << kShift;
                } else {
                    const auto& thread = *static_cast<BlockedThread*>(woken);
                    next = has_waited_long(thread.since) ? thread.party << kShift : kWaking;
                }
            }
            if (!next) {
                word_.store(mine, std::memory_order_relaxed);  // nobody waits any more
                continue;
            }
            word_.store(next | (queue.empty() ? 0 : kWaiters), std::memory_order_release);
        }
        if (woken) woken->wake();
        return;
    }
}

bool LockCore::Awaiter::take_or_queue() {
    if (try_now()) return true;  // before there is a need to look for circles
    edge_.enter(*this, &lock_, kOwnedKind, where_, on_circle_);
    handed_over_ = true;  // or taken now; once it is in the queue this may be woken
    return lock_.take_or_push(me_, *this, Place::back);
}

}  // namespace hocket::detail
