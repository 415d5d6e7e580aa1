// RobustLock: mutual exclusion among the threads of several processes, which the kernel ends when an owner dies.
#pragma once
#include <atomic>
#include <cstdint>
#include <source_location>

#include "hocket/core/clock.hpp"

namespace hocket::detail {

/// Lives in shared memory; all zeros is a free lock. Its owner is a thread.
///
/// The kernel's protocol for robust futexes (its Documentation/locking/robust-futex-ABI): the word holds the owner's
/// thread id, and whether somebody sleeps. A thread keeps a list of the locks that it has, and, beside it, the one that
/// it is about to take or give back. When the thread ends, however it does, the kernel goes through both: in a word
/// with the thread's id that is replaced by kOwnerDied, and one sleeper is woken if the word says that there are some;
/// if the one that it was about to change names no owner, it was killed in the middle of waking or of being woken, and
/// the kernel wakes one in its place. There is no thread id to be mistaken for another one later, since this happens
/// before the id is given away. (Ids are those of a pid namespace, which all who use the lock must share.)
///
/// A thread has one such list, which belongs to the C library; ours are in it beside its own robust mutexes, linked as
/// those are, which is why this has their layout (docs/decisions/0016). Links are changed by the owner only.
///
/// Order: whoever comes first when it is given back. Against starving, one that has slept and waited for half a
/// millisecond says so in `impatient_`; those who call lock() from then on let it go first, for a millisecond at most,
/// since it may have been killed: whoever finds that time over takes the word back, for all. try_lock() pays no heed.
/// (Handing the lock over to it, as between threads, could hand it to a dead one.)
///
/// One case is left to kLookAgain: a sleeper that is woken, by which the word says no more that somebody sleeps, finds
/// that another was faster, and is killed before it has written that again. Those who still sleep look by themselves.
///
/// Memory order: taking acquires, giving back releases.
class RobustLock {
public:
    enum class Result : std::uint8_t {
        taken,
        taken_from_dead,  ///< taken, and the last owner died with it
        mine,             ///< the calling thread has it already, and would wait for ever
        late,             ///< not taken in time
        cancelled,        ///< not taken, since the thread was cancelled; throw_cancelled() now
    };
    enum class Cancellation : bool { ignored, ends_wait };

    RobustLock() noexcept = default;
    RobustLock(const RobustLock&) = delete;
    RobustLock& operator=(const RobustLock&) = delete;

    /// `taken`, `taken_from_dead`, `mine` (too), or `late` if another has it. Throws std::system_error where the C
    /// library has no list that we understand.
    Result try_lock();
    /// Blocks until `deadline` at most, be it for the calling thread itself.
    Result lock(TimePoint deadline, std::source_location where, Cancellation cancellation);
    /// By the owner.
    void unlock() noexcept;
    /// Whether the calling thread has it.
    bool owned() const;
    /// The id of the thread that has it; 0 for none.
    std::uint32_t owner() const noexcept { return word_.load(std::memory_order_relaxed) & kOwner; }
    /// Whether the last owner died with it and nobody has taken it since.
    bool owner_died() const noexcept { return (word_.load(std::memory_order_relaxed) & kOwnerDied) != 0; }
    [[noreturn]] static void throw_cancelled();

private:
    static constexpr std::uint32_t kOwner = 0x3fffffff, kOwnerDied = 0x40000000, kSleepers = 0x80000000;
    class ThreadList;
    Result take(ThreadList& list, std::uint32_t& word, std::uint32_t flags);
    void give_way() noexcept;
    Result lock_slowly(ThreadList& list, TimePoint deadline, std::source_location where, Cancellation cancellation);

    std::atomic<std::uint32_t> word_{0};
    std::atomic<std::uint32_t> impatient_{0};
    [[maybe_unused]] std::uint32_t unused_[4]{};
    void* previous_ = nullptr;
    void* next_ = nullptr;
};

/// Holds a RobustLock for a few instructions, as long as that takes.
class RobustGuard {
public:
    explicit RobustGuard(RobustLock& lock)
        : lock_(lock),
          from_dead_(lock.lock(kNever, std::source_location(), RobustLock::Cancellation::ignored) ==
                     RobustLock::Result::taken_from_dead) {}
    RobustGuard(const RobustGuard&) = delete;
    RobustGuard& operator=(const RobustGuard&) = delete;
    ~RobustGuard() { lock_.unlock(); }
    /// Whether the last owner died in the middle of what it protects.
    bool owner_died() const noexcept { return from_dead_; }

private:
    RobustLock& lock_;
    bool from_dead_;
};

}  // namespace hocket::detail
