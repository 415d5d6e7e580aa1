// Where an actor's messages wait.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

#include "hocket/actor/detail/actor_core.hpp"
#include "hocket/actor/detail/message_chain.hpp"

namespace hocket::detail {

/// What became of a message. Unless it is `done`, the message is where it was.
enum class Sent : std::uint8_t { done, full, dead };

/// Messages from any thread to one actor.
///
/// Invariants: the lock of `receivers_` guards `inbox_`. Somebody waits in `receivers_` only while there is no message,
/// and gets the next one handed over; in `senders_` only while the inbox is full. Messages that are not moved to a
/// receiver directly go to `inbox_`. Without a bound, receive() takes over the whole inbox as `reading_` when that is
/// empty, so that the two sides meet on the lock once for many messages; `reading_` belongs to the actor's thread. With
/// a bound there is no `reading_`, so that the bound is exact.
template <class M>
class Mailbox final : public ActorCore {
    static constexpr auto kLate = WaitQueue::Retry::late;

public:
    class ReceiveAwaiter;
    class SendAwaiter;

    Mailbox(const ActorOptions& options, ActorBody* body) : ActorCore(options, body) {}

    std::size_t unread() const noexcept override { return inbox_.size() + reading_.size(); }
    bool refuses() const noexcept { return refuses_; }
    /// Throws what a sender is to be told.
    void check(Sent sent) {
        if (sent == Sent::dead) throw_dead();
        if (sent == Sent::full) throw_full();
    }
    /// With a waiter, it queues that when it says `full`.
    Sent put(M& message, Waiter* waiter = nullptr) {
        Waiter* receiver = nullptr;
        {
            WaitQueue::Lock lock(receivers_, kLate);
            if (shut_) return Sent::dead;
            if (receiver = lock.pop(); receiver) {
                hand_to(*receiver, message);
            } else if (inbox_.size() < limit_) {
                inbox_.push(std::move(message));
            } else {
                if (waiter) WaitQueue::Lock(senders_).push(*waiter);
                return Sent::full;
            }
        }
        if (receiver) receiver->wake();
        return Sent::done;
    }
    /// Blocks until `deadline` while there is no room.
    Sent put_until(M& message, TimePoint deadline, std::source_location where);
    /// Makes room by dropping the oldest message; whether it did, by `dropped`.
    Sent put_dropping_oldest(M& message, bool& dropped);
    bool tell(const Down& down) noexcept override;
    /// A message if there is one, for the actor itself.
    std::optional<M> try_receive() {
        std::optional<M> message;
        (void)take(message, nullptr);
        return message;
    }
    /// After the end, of an actor that was stopped so: what it had not read.
    std::vector<M> take_unread();

private:
    ~Mailbox() override = default;
    std::size_t drop_unread() noexcept override;
    void hand_to(Waiter& receiver, M& message) noexcept {
        static_cast<ReceiveAwaiter&>(receiver).slot_.emplace(std::move(message));
    }
    /// Whether there is something to tell: a message, or (no message) the end. Queues the waiter, if any, otherwise.
    bool take(std::optional<M>& slot, Waiter* waiter);
    /// Under the lock: there is room for one.
    Waiter* let_in_sender() noexcept;

    std::optional<ActorTask>& task() noexcept override { return task_; }

    MessageChain<M> inbox_;          // beside what else the senders use
    std::optional<ActorTask> task_;  // keeps the two apart
    MessageChain<M> reading_;
};

/// Waits in a thread for room.
template <class M>
class BlockedSender final : public ThreadWaiter {
public:
    explicit BlockedSender(M& message) noexcept : message(message) {}
    ~BlockedSender() = default;
    M& message;
    Sent sent = Sent::dead;
};

/// Waits in a coroutine for room.
template <class M>
class [[nodiscard]] Mailbox<M>::SendAwaiter final : public QueueAwaiter<SendAwaiter> {
public:
    SendAwaiter(StateRef<Mailbox> mailbox, M&& message) noexcept
        : mailbox_(std::move(mailbox)), message_(std::move(message)) {}
    bool try_now() { return settled(mailbox_->put(message_)); }
    bool take_or_queue() {
        if (!mailbox_->refuses()) return settled(mailbox_->put(message_, this));
        sent_ = mailbox_->put(message_);
        return true;
    }
    std::string waits_for() const override { return "room in the mailbox of actor '" + mailbox_->name() + "'"; }
    void await_resume() const {
        this->check();
        mailbox_->check(sent_);
    }

private:
    friend class Mailbox;
    bool settled(Sent sent) noexcept {
        // Queued, it may already be taken: by then another thread has written that.
        if (sent == Sent::full) return false;
        sent_ = sent;
        return true;
    }
    StateRef<Mailbox> mailbox_;
    M message_;
    Sent sent_ = Sent::dead;
};

/// Waits in the actor for a message.
template <class M>
class [[nodiscard]] Mailbox<M>::ReceiveAwaiter final : public QueueAwaiter<ReceiveAwaiter> {
public:
    explicit ReceiveAwaiter(Mailbox& mailbox) noexcept : mailbox_(mailbox) {}
    bool try_now() {
        if (!mailbox_.reading_.empty() && !mailbox_.stopping_.load(std::memory_order_relaxed)) [[likely]]
            return ready_ = true;
        return mailbox_.take(slot_, nullptr);
    }
    bool take_or_queue() { return mailbox_.take(slot_, this); }
    std::string waits_for() const override { return "a message"; }
    M await_resume() {
        this->check();
        if (ready_) return mailbox_.reading_.pop();
        if (!slot_) mailbox_.throw_exit();
        return std::move(*slot_);
    }

private:
    friend class Mailbox;
    Mailbox& mailbox_;
    std::optional<M> slot_;
    bool ready_ = false;
};

template <class M>
bool Mailbox<M>::take(std::optional<M>& slot, Waiter* waiter) {
    if (!reading_.empty() && !stopping_.load(std::memory_order_relaxed)) {
        slot.emplace(reading_.pop());
        return true;
    }
    Waiter* sender = nullptr;
    {
        WaitQueue::Lock lock(receivers_, kLate);
        if (stopping_.load(std::memory_order_relaxed) || (inbox_.empty() && !shut_)) {
            if (waiter) lock.push(*waiter);  // one that is being stopped waits for its cancellation
            return false;
        }
        if (inbox_.empty()) return true;
        if (limit_ == kUnlimited) {
            reading_.take_all(inbox_);
        } else {
            slot.emplace(inbox_.pop());
            sender = let_in_sender();
        }
    }
    if (sender) sender->wake();
    if (!slot) slot.emplace(reading_.pop());
    return true;
}

template <class M>
Waiter* Mailbox<M>::let_in_sender() noexcept {
    if (!senders_.has_waiters()) return nullptr;
    Waiter* sender = WaitQueue::Lock(senders_).pop();
    if (!sender) return nullptr;
    const bool is_task = sender->promise() != nullptr;
    M& message =
        is_task ? static_cast<SendAwaiter&>(*sender).message_ : static_cast<BlockedSender<M>&>(*sender).message;
    Sent& sent = is_task ? static_cast<SendAwaiter&>(*sender).sent_ : static_cast<BlockedSender<M>&>(*sender).sent;
    try {
        inbox_.push(std::move(message));
        sent = Sent::done;
    } catch (const std::bad_alloc&) {
        sent = Sent::full;
    }
    return sender;
}

template <class M>
Sent Mailbox<M>::put_until(M& message, TimePoint deadline, std::source_location where) {
    check_thread_cancelled();
    if (const Sent sent = put(message); sent != Sent::full || refuses_) return sent;
    BlockedSender<M> waiter(message);
    WaitEdge edge;
    if (deadline == kNever) edge.enter(waiter, static_cast<ActorCore*>(this), kRoomKind, where);
    if (const Sent sent = put(message, &waiter); sent != Sent::full) return sent;
    return waiter.block(deadline, where) ? waiter.sent : Sent::full;
}

template <class M>
Sent Mailbox<M>::put_dropping_oldest(M& message, bool& dropped) {
    Waiter* receiver = nullptr;
    std::optional<M> oldest;  // destroyed when the lock is free
    {
        WaitQueue::Lock lock(receivers_, kLate);
        if (shut_) return Sent::dead;
        if (receiver = lock.pop(); receiver) {
            hand_to(*receiver, message);
        } else {
            if (inbox_.size() >= limit_) oldest.emplace(inbox_.pop());
            inbox_.push(std::move(message));
        }
    }
    if (receiver) receiver->wake();
    dropped = oldest.has_value();
    return Sent::done;
}

template <class M>
bool Mailbox<M>::tell(const Down& down) noexcept {
    if constexpr (std::is_constructible_v<M, Down>) {
        try {
            M message{Down(down)};
            Waiter* receiver = nullptr;
            {
                WaitQueue::Lock lock(receivers_, kLate);
                if (shut_) return false;
                if (receiver = lock.pop(); receiver) {
                    hand_to(*receiver, message);
                } else {
                    inbox_.push(std::move(message));  // whatever the bound: it is told once
                }
            }
            if (receiver) receiver->wake();
            return true;
        } catch (const std::bad_alloc&) {
            return false;  // the error is reported as one that nobody has seen
        }
    } else {
        (void)down;
        return false;
    }
}

template <class M>
std::size_t Mailbox<M>::drop_unread() noexcept {
    const std::size_t count = unread();
    reading_.clear();
    inbox_.clear();
    return count;
}

template <class M>
std::vector<M> Mailbox<M>::take_unread() {
    std::vector<M> messages;
    if (!ended()) return messages;
    WaitQueue::Lock lock(receivers_);
    messages.reserve(unread());
    while (!reading_.empty()) messages.push_back(reading_.pop());
    while (!inbox_.empty()) messages.push_back(inbox_.pop());
    return messages;
}

}  // namespace hocket::detail
