// The subscribers of an exchange, and how to send to them while they come and go.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/actor/detail/asymmetric_barrier.hpp"
#include "hocket/actor/detail/topic.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/futures/detail/shared_state.hpp"

namespace hocket::detail {

/// One attachment to an exchange, whatever its messages. Counted.
class Attachment {
public:
    /// Whether the subscriber may be destroyed after it was detached, so that detach() must wait for deliveries to it.
    enum class Lifetime : bool { shared, its_own };
    Attachment(const void* subscriber, std::string_view pattern, Lifetime lifetime = Lifetime::its_own);
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_reference() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    bool wants(std::string_view topic) const noexcept { return !pattern_ || pattern_->matches(topic); }
    bool is(const void* subscriber, std::string_view pattern) const noexcept {
        return subscriber_ && subscriber_ == subscriber &&
               (pattern_ ? pattern_->text() : std::string_view()) == pattern;
    }
    bool is(const void* subscriber) const noexcept { return subscriber_ && subscriber_ == subscriber; }
    bool detached() const noexcept { return detached_.load(std::memory_order_acquire); }
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    void count_dropped() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }

protected:
    virtual ~Attachment() = default;

private:
    friend class ExchangeCore;
    const Lifetime lifetime_;
    const void* const subscriber_;  // null for one that only its Subscription knows
    std::optional<TopicPattern> pattern_;
    std::atomic<bool> detached_{false};
    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint64_t> dropped_{0};
};
using AttachmentRef = StateRef<Attachment>;

/// The subscribers as an immutable list, replaced as a whole by each attach() and detach().
///
/// Invariants: a sender claims a slot, announces there which list it reads and which attachment it is calling, and
/// looks after each announcement whether that still holds (the list is the present one, the attachment is not
/// detached). A detacher first takes the attachment out and marks it, then looks at the slots: a list that is announced
/// is kept, an attachment that is announced is waited for. Announcement and look are separated by a light barrier on
/// the senders' side and a heavy one on the detachers', so one of the two sees the other. A slot is claimed (acquire)
/// and given back (release) like a lock, so that its contents pass from sender to sender; they are written with
/// release, and what a detacher reads with acquire there has happened before it.
///
/// So sending costs one read-modify-write and a few stores, whatever the number of subscribers, and detach() returns
/// when the subscriber is not being called any more, by anybody, and never will be. Inside a delivery (of any exchange,
/// on the same thread) it does not wait: two subscribers that detach each other would wait for each other. Nor does it
/// wait for a subscriber whose life the attachment shares.
class ExchangeCore {
public:
    explicit ExchangeCore(std::string name);
    ExchangeCore(const ExchangeCore&) = delete;
    ExchangeCore& operator=(const ExchangeCore&) = delete;
    ~ExchangeCore();

    const std::string& name() const noexcept { return name_; }
    std::size_t size() const;
    std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }

    /// All, or none if one is attached already: false. Throws std::bad_alloc.
    bool attach(const std::vector<AttachmentRef>& added, bool in_front = false);
    /// Takes out what is still there; waits as said above. Returns how many were there.
    std::size_t detach(const std::vector<AttachmentRef>& removed) noexcept;
    /// The attachments of one subscriber.
    std::vector<AttachmentRef> find(const void* subscriber) const;

    struct Snapshot {
        std::vector<AttachmentRef> attachments;
    };
    /// A slot while a send goes on.
    struct alignas(64) Slot {
        std::atomic<bool> busy{false};
        std::atomic<const Snapshot*> list{nullptr};
        std::atomic<const Attachment*> current{nullptr};
        std::atomic<const Scheduler*> loop{nullptr};  // of a task that waits in a delivery
        Slot* next = nullptr;
    };
    class Sending;
    class Held;

    [[noreturn]] void throw_attached() const;
    /// Reports and counts the exception that is being handled, of a subscriber.
    void report_error() noexcept;

private:
    Slot& claim_slot();
    Slot& claim_more();
    void pass_on() noexcept {
        if (waiting_.load(std::memory_order_relaxed) != 0) [[unlikely]]
            detachers_.wake_all();
    }
    void replace(std::unique_ptr<const Snapshot> list) noexcept;
    void reclaim() noexcept;
    bool in_use(const Attachment& attachment) const noexcept;
    void await_end_of(const Attachment& attachment) noexcept;
    template <class F>
    bool any_slot(F matches) const noexcept;

    static constexpr std::size_t kSlots = 4;
    std::atomic<const Snapshot*> list_;
    std::atomic<int> waiting_{0};
    std::array<Slot, kSlots> slots_;
    std::atomic<Slot*> more_slots_{nullptr};  // grows only
    const std::string name_;
    mutable std::mutex mutex_;                              // one change at a time
    std::vector<std::unique_ptr<const Snapshot>> retired_;  // may still be read
    WaitQueue detachers_;
    std::atomic<std::uint64_t> errors_{0};
};

/// One send: reads the list of subscribers as it was when that began.
class ExchangeCore::Sending {
public:
    explicit Sending(ExchangeCore& core) : core_(core), slot_(core.claim_slot()), outer_(top_) {
        top_ = this;
        const Snapshot* list = core.list_.load(std::memory_order_acquire);
        for (;;) {
            slot_.list.store(list, std::memory_order_release);
            AsymmetricBarrier::light();
            const Snapshot* present = core.list_.load(std::memory_order_acquire);
            if (present == list) break;
            list = present;
        }
        list_ = list;
    }
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;
    ~Sending() {
        announce(nullptr);
        slot_.list.store(nullptr, std::memory_order_release);
        slot_.busy.store(false, std::memory_order_release);
        top_ = outer_;
    }

    const std::vector<AttachmentRef>& attachments() const noexcept { return list_->attachments; }
    /// Whether the attachment may be called now, until the next call of this or the end.
    bool enter(const Attachment& attachment) noexcept {
        announce(&attachment);
        return !attachment.detached();
    }
    /// Whether the calling thread is in the middle of a delivery.
    static bool inside() noexcept { return top_ != nullptr; }

private:
    void announce(const Attachment* attachment) noexcept {
        slot_.current.store(attachment, std::memory_order_release);
        AsymmetricBarrier::light();
        core_.pass_on();
    }
    static inline thread_local constinit Sending* top_ = nullptr;
    ExchangeCore& core_;
    Slot& slot_;
    Sending* const outer_;
    const Snapshot* list_;
};

/// One delivery that goes on while a coroutine waits: detach() waits for its end, but not on the loop of that
/// coroutine.
class ExchangeCore::Held {
public:
    Held(ExchangeCore& core, const Attachment& attachment) : core_(core), slot_(core.claim_slot()) {
        slot_.loop.store(Scheduler::current(), std::memory_order_release);
        slot_.current.store(&attachment, std::memory_order_release);
        AsymmetricBarrier::light();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
        slot_.current.store(nullptr, std::memory_order_release);
        AsymmetricBarrier::light();
        core_.pass_on();
        slot_.loop.store(nullptr, std::memory_order_release);
        slot_.busy.store(false, std::memory_order_release);
    }

private:
    ExchangeCore& core_;
    Slot& slot_;
};

inline ExchangeCore::Slot& ExchangeCore::claim_slot() {
    for (Slot& slot : slots_) {
        if (!slot.busy.load(std::memory_order_relaxed) && !slot.busy.exchange(true, std::memory_order_acquire))
            return slot;
    }
    return claim_more();
}

}  // namespace hocket::detail
