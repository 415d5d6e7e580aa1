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

namespace hocket::detail {

/// A lock with a queue, whose owner is a party. Taking and giving it back cost one compare-and-swap each when nobody
/// waits.
///
/// The word is the owner's id, shifted by two, with two flags. Invariants: kWaiters is set when somebody is in the
/// queue (it may stay set for a while after the last has gone); with a flag set, the lock is given back under the
/// queue's lock only. kWaking is set while the thread that was taken out of the queue last is on its way to take the
/// lock or to queue again, at the front; a lock without owner but with waiters has it set, so that somebody comes.
///
/// Order: first come, first served among those who queue. A coroutine, or a thread that has waited for kHandOverAfter,
/// is handed the lock. A thread that has waited for less is only woken, and until it runs the lock may be taken by
/// others: waking takes a thousand times as long as a short critical section, and if each hand-over waited for it, two
/// threads that met once would go on at that pace (a lock convoy). (Waking first and handing over later is the idea of
/// WebKit's ParkingLot.) Memory order: taking acquires, giving back releases, the word or the queue's lock.
class LockCore {
public:
    explicit LockCore(const char* kind, std::string_view name = {})
        : kind_(kind), name_(name.empty() ? nullptr : std::make_unique<const std::string>(name)) {}
    LockCore(const LockCore&) = delete;
    LockCore& operator=(const LockCore&) = delete;

    void lock(PartyId me, std::source_location where) {
        if (!try_lock(me, where)) [[unlikely]]
            (void)lock_slowly(me, kNever, where);
    }
    bool try_lock(PartyId me, std::source_location where) noexcept {
        std::uint64_t free = 0;
        if (!word_.compare_exchange_strong(free, me << kShift, std::memory_order_acquire, std::memory_order_relaxed) &&
            !try_lock_slowly(me, free))
            return false;
        taken_at_.store(where, std::memory_order_relaxed);
        return true;
    }
    bool lock_until(PartyId me, TimePoint deadline, std::source_location where) {
        return try_lock(me, where) || lock_slowly(me, deadline, where);
    }
    /// Throws std::logic_error if `me` is not the owner.
    void unlock(PartyId me) {
        std::uint64_t mine = me << kShift;
        if (!word_.compare_exchange_strong(mine, 0, std::memory_order_release, std::memory_order_relaxed)) [[unlikely]]
            unlock_slowly(me, mine);
    }

    /// 0 when nobody has it. A hint, unless it is the caller.
    PartyId owner() const noexcept { return word_.load(std::memory_order_relaxed) >> kShift; }
    /// "lock 'a' (0x…), taken at file:line by 17"
    std::string describe() const;
    const std::string* name() const noexcept { return name_.get(); }

    /// Waits for the lock in a coroutine.
    class Awaiter : public QueueAwaiter<Awaiter> {
    public:
        Awaiter(LockCore& lock, std::source_location where) noexcept : lock_(lock), where_(where) {}
        bool try_now() { return lock_.try_lock(me_ = current_party(), where_); }
        bool take_or_queue();

    protected:
        ~Awaiter() = default;
        /// The wait is over, successfully.
        void finish() {
            edge_.leave();
            check();
            lock_.taken_at_.store(where_, std::memory_order_relaxed);
        }

    private:
        friend class LockCore;
        LockCore& lock_;
        std::source_location where_;
        PartyId me_ = 0;
        WaitEdge edge_;
    };

private:
    class BlockedThread;
    static constexpr std::uint64_t kWaiters = 1, kWaking = 2, kFlags = 3;
    static constexpr int kShift = 2;
    static const OwnedKind kOwnedKind;

    bool try_lock_slowly(PartyId me, std::uint64_t word) noexcept;
    bool lock_slowly(PartyId me, TimePoint deadline, std::source_location where);
    void unlock_slowly(PartyId me, std::uint64_t word);
    void give_up_turn(PartyId me) noexcept;
    enum class Place { back, front };
    bool take_or_push(PartyId me, Waiter& waiter, Place place) noexcept;

    std::atomic<std::uint64_t> word_{0};
    WaitQueue queue_;
    std::atomic<std::source_location> taken_at_{};
    const char* kind_;
    std::unique_ptr<const std::string> name_;
};

}  // namespace hocket::detail
