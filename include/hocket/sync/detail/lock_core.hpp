// What Lock, RLock and Condition are made of: mutual exclusion with a known owner.
#pragma once
#include <atomic>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/report.hpp"
#include "hocket/sync/detail/lock_order.hpp"

namespace hocket::detail {

/// A lock with a queue, whose owner is a party. Taking and giving it back cost one compare-and-swap each when nobody
/// waits.
///
/// The word is the owner's id, shifted by three, with three flags. Invariants: kWaiters is set when somebody is in the
/// queue (it may stay set for a while after the last has gone); with one of the first two flags set, the lock is given
/// back under the queue's lock only. kWaking is set while the thread that was taken out of the queue last is on its way
/// to take the lock or to queue again, at the front; a lock without owner but with waiters has it set, so that somebody
/// comes. kNested is set while depth_ is not 0; both are changed by the owner only. A lock that nobody wants is given
/// back by the compare-and-swap alone, also when somebody did want it a moment ago: the next owner may destroy it (see
/// WaitQueue).
///
/// Order: first come, first served among those who queue. A coroutine, or a thread that has waited for kHandOverAfter,
/// is handed the lock. A thread that has waited for less is only woken, and until it runs the lock may be taken by
/// others: waking takes a thousand times as long as a short critical section, and if each hand-over waited for it, two
/// threads that met once would go on at that pace (a lock convoy). (Waking first and handing over later is the idea of
/// WebKit's ParkingLot.) Memory order: taking acquires, giving back releases, the word or the queue's lock.
class LockCore {
public:
    /// Whether the owner may take it again, and gives it back as often.
    enum class Reentry : bool { forbidden, allowed };
    explicit LockCore(const char* kind, std::string_view name = {}, Reentry reentry = Reentry::forbidden)
        : kind_(kind),
          reentry_(reentry),
          order_checked_(debug_enabled()),
          name_(name.empty() ? nullptr : std::make_unique<const std::string>(name)) {}
    LockCore(const LockCore&) = delete;
    LockCore& operator=(const LockCore&) = delete;

    ~LockCore() {
        if (order_checked_) [[unlikely]]
            LockOrder::forget(*this);
    }

    void lock(PartyId me, std::source_location where) { (void)lock_until(me, kNever, where); }
    bool try_lock(PartyId me, std::source_location where) noexcept {
        std::uint64_t free = 0;
        if (!word_.compare_exchange_strong(free, me << kShift, std::memory_order_acquire, std::memory_order_relaxed))
            return try_lock_slowly(me, free, where);
        note_taken(me, where);
        return true;
    }
    bool lock_until(PartyId me, TimePoint deadline, std::source_location where) {
        note_wanted(me, where);
        return try_lock(me, where) || lock_slowly(me, deadline, where);
    }
    /// Throws std::logic_error if `me` is not the owner.
    void unlock(PartyId me) {
        std::uint64_t mine = me << kShift;
        if (order_checked_) [[unlikely]]
            return unlock_slowly(me, word_.load(std::memory_order_relaxed));
        if (!word_.compare_exchange_strong(mine, 0, std::memory_order_release, std::memory_order_relaxed)) [[unlikely]]
            unlock_slowly(me, mine);
    }

    /// Gives the lock back, however often its owner has taken it; returns what lock_again() needs.
    std::uint32_t unlock_wholly(PartyId me) noexcept;
    /// The way back from unlock_wholly(): not cancelled, and never failing. If this wait closes a circle, that is
    /// reported, since a guard relies on the lock being held.
    void lock_again(PartyId me, std::uint32_t depth, std::source_location where) noexcept;

    /// 0 when nobody has it. A hint, unless it is the caller.
    PartyId owner() const noexcept { return word_.load(std::memory_order_relaxed) >> kShift; }
    bool reentrant() const noexcept { return reentry_ == Reentry::allowed; }
    /// "lock 'a' (0x…)"
    std::string title() const;
    /// "lock 'a' (0x…), taken at file:line", or the title while nobody has it
    std::string describe() const;
    const std::string* name() const noexcept { return name_.get(); }

    /// Waits for the lock in a coroutine.
    class Awaiter : public QueueAwaiter<Awaiter> {
    public:
        Awaiter(LockCore& lock, std::source_location where, OnCircle on_circle = OnCircle::fail) noexcept
            : lock_(lock), where_(where), on_circle_(on_circle) {
            lock.note_wanted(where);
        }
        /// Looks first: trying in vain costs more, and a lock that tasks hand on is seldom free.
        bool try_now() noexcept {
            me_ = current_party();
            const PartyId owner = lock_.owner();
            return (owner == 0 || owner == me_) && lock_.try_lock(me_, where_);
        }
        std::string waits_for() const override { return lock_.describe(); }
        void limited_in_time() noexcept override { edge_.leave(); }
        bool take_or_queue();

    protected:
        ~Awaiter() = default;
        /// The wait is over, successfully.
        void finish() {
            edge_.leave();
            check();
            if (handed_over_) lock_.note_taken(me_, where_);
            if (lock_.order_checked_) [[unlikely]]
                LockOrder::was_awaited(me_, lock_);
        }

    private:
        friend class LockCore;
        LockCore& lock_;
        std::source_location where_;
        PartyId me_ = 0;
        bool handed_over_ = false;
        const OnCircle on_circle_;
        WaitEdge edge_;
    };

    class AgainAwaiter final : public Awaiter {
    public:
        AgainAwaiter(LockCore& lock, std::uint32_t depth, std::source_location where) noexcept
            : Awaiter(lock, where, OnCircle::report), again_(lock), depth_(depth) {}
        void await_resume() {
            finish();
            again_.nest(depth_);
        }

    private:
        LockCore& again_;
        const std::uint32_t depth_;
    };

private:
    class BlockedThread;
    static constexpr std::uint64_t kWaiters = 1, kWaking = 2, kNested = 4, kFlags = 7;
    static constexpr int kShift = kPartyFlagBits;
    static const OwnedKind kOwnedKind;

    bool try_lock_slowly(PartyId me, std::uint64_t word, std::source_location where) noexcept;
    bool lock_slowly(PartyId me, TimePoint deadline, std::source_location where, OnCircle on_circle = OnCircle::fail);
    void unlock_slowly(PartyId me, std::uint64_t word);
    void give_back(PartyId me) noexcept;
    void nest(std::uint32_t depth) noexcept;
    void note_wanted(PartyId me, std::source_location where) const noexcept {
        if (order_checked_ && owner() != me) [[unlikely]]
            LockOrder::about_to_take(me, *this, where);
    }
    void note_wanted(std::source_location where) const noexcept {
        if (order_checked_) [[unlikely]]
            note_wanted(current_party(), where);
    }
    void note_taken(PartyId me, std::source_location where) noexcept {
        taken_at_.store(where, std::memory_order_relaxed);
        if (order_checked_) [[unlikely]]
            LockOrder::taken(me, *this, where);
    }
    void give_up_turn(PartyId me) noexcept;
    enum class Place { back, front };
    bool take_or_push(PartyId me, Waiter& waiter, Place place) noexcept;

    Atomic<std::uint64_t> word_{0};
    WaitQueue queue_;
    std::atomic<std::source_location> taken_at_{};
    const char* kind_;
    const Reentry reentry_;
    const bool order_checked_;
    std::uint32_t depth_ = 0;  // how often the owner has taken the lock again
    std::unique_ptr<const std::string> name_;
};

/// LockCore::lock_again() in a coroutine, which must be shielded from cancellation.
class [[nodiscard]] AsyncAgain {
public:
    AsyncAgain(LockCore& lock, std::uint32_t depth, std::source_location where) noexcept
        : lock_(lock), depth_(depth), where_(where) {}
    LockCore::AgainAwaiter operator co_await() const noexcept { return {lock_, depth_, where_}; }

private:
    LockCore& lock_;
    const std::uint32_t depth_;
    const std::source_location where_;
};

}  // namespace hocket::detail
