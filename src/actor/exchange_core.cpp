#include "hocket/actor/detail/exchange_core.hpp"

#include <algorithm>
#include <utility>

#include "hocket/actor/detail/subscriber.hpp"
#include "hocket/actor/errors.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/core/report.hpp"
#include "hocket/threading/cancel_shield.hpp"

namespace hocket::detail {

Attachment::Attachment(const void* subscriber, std::string_view pattern, Lifetime lifetime)
    : lifetime_(lifetime), subscriber_(subscriber) {
    if (!pattern.empty()) pattern_.emplace(pattern);
}

ExchangeCore::ExchangeCore(std::string name) : list_(new Snapshot), name_(std::move(name)) {
    AsymmetricBarrier::prepare();
}

ExchangeCore::~ExchangeCore() {
    delete list_.load(std::memory_order_relaxed);
    Slot* slot = more_slots_.load(std::memory_order_relaxed);
    while (slot) delete std::exchange(slot, slot->next);
}

ExchangeCore::Slot& ExchangeCore::claim_more() {
    for (Slot* slot = more_slots_.load(std::memory_order_acquire); slot; slot = slot->next) {
        if (!slot->busy.load(std::memory_order_relaxed) && !slot->busy.exchange(true, std::memory_order_acquire))
            return *slot;
    }
    auto* slot = new Slot;
    slot->busy.store(true, std::memory_order_relaxed);
    slot->next = more_slots_.load(std::memory_order_relaxed);
    while (!more_slots_.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel, std::memory_order_relaxed)) {
    }
    return *slot;
}

template <class F>
bool ExchangeCore::any_slot(F matches) const noexcept {
    if (std::any_of(slots_.begin(), slots_.end(), matches)) return true;
    for (const Slot* slot = more_slots_.load(std::memory_order_acquire); slot; slot = slot->next) {
        if (matches(*slot)) return true;
    }
    return false;
}

std::size_t ExchangeCore::size() const {
    std::scoped_lock guard(mutex_);
    return list_.load(std::memory_order_relaxed)->attachments.size();
}

// Under the mutex; `retired_` has room.
void ExchangeCore::replace(std::unique_ptr<const Snapshot> list) noexcept {
    retired_.emplace_back(list_.exchange(list.release(), std::memory_order_acq_rel));
}

// Under the mutex, after a heavy barrier.
void ExchangeCore::reclaim() noexcept {
    std::erase_if(retired_, [this](const std::unique_ptr<const Snapshot>& list) {
        return !any_slot([&](const Slot& slot) { return slot.list.load(std::memory_order_acquire) == list.get(); });
    });
}

bool ExchangeCore::attach(const std::vector<AttachmentRef>& added, bool in_front) {
    std::scoped_lock guard(mutex_);
    const auto& present = list_.load(std::memory_order_relaxed)->attachments;
    for (const AttachmentRef& one : added) {
        const std::string_view pattern = one->pattern_ ? std::string_view(one->pattern_->text()) : std::string_view();
        const auto same = [&](const AttachmentRef& other) {
            return &*other != &*one && other->is(one->subscriber_, pattern);
        };
        if (std::any_of(present.begin(), present.end(), same) || std::any_of(added.begin(), added.end(), same))
            return false;
    }
    auto list = std::make_unique<Snapshot>();
    list->attachments.reserve(present.size() + added.size());
    if (in_front) list->attachments.insert(list->attachments.end(), added.begin(), added.end());
    list->attachments.insert(list->attachments.end(), present.begin(), present.end());
    if (!in_front) list->attachments.insert(list->attachments.end(), added.begin(), added.end());
    retired_.reserve(retired_.size() + 1);
    replace(std::move(list));
    AsymmetricBarrier::heavy();
    reclaim();
    return true;
}

void ExchangeCore::throw_attached() const {
    throw InvalidStateError("hocket: a subscriber is attached to the exchange '" + name_ +
                            "' already, or given twice; it would get each message twice");
}

void throw_subscriber_full() {
    throw MailboxFull("hocket: a queue that subscribes to an exchange is full; the message was dropped for it");
}

bool sender_is_cancelled() noexcept {
    if (const ThreadCanceller* canceller = ThreadCanceller::current(); canceller && canceller->pending()) return true;
    const Scheduler* here = Scheduler::current();
    const TaskContext* task = here ? here->current_task() : nullptr;
    return task && task->cancel_pending();
}

std::vector<AttachmentRef> ExchangeCore::find(const void* subscriber) const {
    std::vector<AttachmentRef> found;
    std::scoped_lock guard(mutex_);
    for (const AttachmentRef& one : list_.load(std::memory_order_relaxed)->attachments) {
        if (one->is(subscriber)) found.push_back(one);
    }
    return found;
}

std::size_t ExchangeCore::detach(const std::vector<AttachmentRef>& removed) noexcept {
    std::size_t count = 0;
    {
        std::scoped_lock guard(mutex_);
        for (const AttachmentRef& one : removed) count += !one->detached_.exchange(true, std::memory_order_acq_rel);
        if (count > 0) {
            try {
                auto list = std::make_unique<Snapshot>();
                for (const AttachmentRef& one : list_.load(std::memory_order_relaxed)->attachments) {
                    if (!one->detached()) list->attachments.push_back(one);
                }
                retired_.reserve(retired_.size() + 1);
                replace(std::move(list));
            } catch (const std::bad_alloc&) {  // they stay in the list, marked: the next change takes them out
            }
            AsymmetricBarrier::heavy();
            reclaim();
        }
    }
    // Also for one that another thread has just detached: it may be on its way through this function.
    for (const AttachmentRef& one : removed) await_end_of(*one);
    return count;
}

// By others than the tasks of the calling thread's event loop, which could not go on while it waits.
bool ExchangeCore::in_use(const Attachment& attachment) const noexcept {
    const Scheduler* here = Scheduler::current();
    return any_slot([&](const Slot& slot) {
        if (slot.current.load(std::memory_order_acquire) != &attachment) return false;
        const Scheduler* loop = slot.loop.load(std::memory_order_acquire);
        return !loop || loop != here;
    });
}

void ExchangeCore::await_end_of(const Attachment& attachment) noexcept {
    if (attachment.lifetime_ == Attachment::Lifetime::shared || !in_use(attachment) || Sending::inside()) return;
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    AsymmetricBarrier::heavy();
    const CancelShield shield;
    for (;;) {
        ThreadWaiter waiter;
        if (!detachers_.push_unless(waiter, [&] { return !in_use(attachment); })) break;
        waiter.park();
    }
    waiting_.fetch_sub(1, std::memory_order_relaxed);
}

void ExchangeCore::report_error() noexcept {
    errors_.fetch_add(1, std::memory_order_relaxed);
    try {
        report(ReportKind::lost_exception,
               "a subscriber of the exchange '" + name_ + "' threw: " + describe(std::current_exception()));
    } catch (...) {
        report(ReportKind::lost_exception, "a subscriber of an exchange threw");
    }
}

}  // namespace hocket::detail
