// Who of a pool's workers runs jobs, looks for some, sleeps, or is blocked; and who is called when there is work.
#pragma once
#include <cstddef>
#include <cstdint>

#include "hocket/core/detail/atomic.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

/// The part of a pool that sees to it that no work is overlooked.
///
/// Who sleeps: `word_` counts the workers that search (awake, without work) and those that sleep; workers go from the
/// one to the other under the lock of `idle_` only. Whoever queues work calls notify() afterwards: if nobody searches,
/// a sleeper is made a searcher and woken, or a thread is started. A searcher that finds work, and is the last, does
/// the same if there is more; one that finds nothing counts itself as sleeping and then looks once more, under the
/// lock.
///
/// Who is blocked: a worker whose job waits is not `active_` meanwhile, nor is one that has ended. Whoever leaves the
/// active ones with work queued notifies too, and who notifies when there are none starts a spare thread. There are
/// spares too many when the blocked go on; the surplus parks, when it has nothing of its own left, until it is needed
/// again.
///
/// Invariant: while work is queued, somebody searches, or was called and is about to, or all who may be are running
/// something, after which they look again. For queueing (store of the queue, load of word_ and active_) and leaving
/// (change of word_ or active_, loads of the queues) are sequentially consistent, so that one of the two sees the
/// other. tests/model/ runs it under every interleaving of few threads with few preemptions.
///
/// The end: after stop(), nobody sleeps or parks or is started on demand. A worker that finds no work ends, and looks
/// once more when it is no longer counted.
class Workforce {
public:
    Workforce(const Workforce&) = delete;
    Workforce& operator=(const Workforce&) = delete;

    /// After work was queued: sees to it that somebody looks for it.
    void notify() { notify(word_.load(std::memory_order_seq_cst)); }
    /// The same, cheaper, but may overlook a worker that falls asleep at this moment: for work that the caller comes
    /// back to.
    void notify_soon() {
        const std::uint32_t word = word_.load(std::memory_order_relaxed);
        if (!(word & kSearching) && (word & (kSleeping | kMayStart))) [[unlikely]]
            notify(word);
    }

    /// The job of the calling worker is about to block, and goes on.
    void worker_blocks() noexcept;
    void worker_goes_on() noexcept { active_.fetch_add(1, std::memory_order_seq_cst); }

protected:
    enum class Start { on_demand, spare };

    Workforce() noexcept = default;
    ~Workforce() = default;

    /// Whether work was queued a moment ago, by loads in one order with what the calling thread did before.
    virtual bool has_work() const noexcept = 0;
    /// Starts a thread, which is counted by thread_started() before it runs, and returns whether it has: none on demand
    /// when there are enough, or after stop(). Throws if there is none at all and none can be started.
    virtual bool start_thread(Start start) = 0;

    enum class Begins { searching, preparing };
    /// A thread has been started. One that prepares calls begin_search() when it is ready; until then others are
    /// started for what is queued.
    void thread_started(Begins begins = Begins::searching) noexcept;
    /// There are as many threads as there should be on demand.
    void starts_no_more() noexcept { word_.fetch_and(~kMayStart, std::memory_order_seq_cst); }

    // The calling worker:
    /// has no work and begins to search,
    void begin_search() noexcept { word_.fetch_add(kOneSearching, std::memory_order_seq_cst); }
    /// has found some,
    void search_ended() noexcept;
    /// has found none and sleeps until it is called, as a searcher; returns false if it should go on searching,
    bool sleep() noexcept;
    /// has found none after stop() and ends,
    void worker_ended() noexcept;
    /// has nothing of its own to do: sleeps if there are spares too many, until it is needed.
    bool park_surplus(std::int32_t wanted) noexcept;

    bool stopping() const noexcept { return stopping_.load(std::memory_order_seq_cst); }
    /// Keeps threads from being started on demand.
    void stop() noexcept;
    /// After stop(): wakes all who sleep.
    void wake_all() noexcept;
    /// How many sleep.
    std::size_t sleeping() const noexcept { return (word_.load(std::memory_order_relaxed) & kSleeping) / kOneSleeping; }
    static constexpr std::size_t kMostWorkers = 0x7000;  // what word_ can count

private:
    // word_: how many search, whether threads may still be started on demand, how many sleep.
    static constexpr std::uint32_t kOneSearching = 1, kSearching = 0x7fff;
    static constexpr std::uint32_t kMayStart = 0x8000;
    static constexpr std::uint32_t kOneSleeping = 0x10000, kSleeping = 0xffff0000;

    void notify(std::uint32_t word);
    void wake_sleeper() noexcept;
    void add_spare() noexcept;

    alignas(64) Atomic<std::uint32_t> word_{kMayStart};
    Atomic<std::int32_t> active_{0};
    Atomic<bool> stopping_{false};
    WaitQueue idle_;
    WaitQueue spares_;
    std::int32_t parked_ = 0;  // under the lock of spares_
};

}  // namespace hocket::detail
