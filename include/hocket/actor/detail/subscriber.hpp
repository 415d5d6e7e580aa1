// What can be attached to an exchange, each kind behind one face.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hocket/actor/actor_ref.hpp"
#include "hocket/actor/detail/exchange_core.hpp"
#include "hocket/aio/task.hpp"
#include "hocket/core/errors.hpp"

namespace hocket {

/// What an exchange does with a message for a subscriber, an actor or a queue, that has no room for it.
enum class WhenFull : std::uint8_t {
    wait,         ///< send() waits for room
    drop_oldest,  ///< drops the message that has waited longest for that subscriber, and counts it
    drop_newest,  ///< drops this message for that subscriber, and counts it
    error,        ///< the same, and reports it
};

namespace detail {

/// What came of a delivery. `gone`: the subscriber takes no more, ever. `full`: it would have to be waited for.
enum class Delivery : std::uint8_t { done, dropped, gone, full };

/// Whether a delivery may wait.
enum class Patience : bool { none, wait };

template <class T>
class Subscriber : public Attachment {
public:
    using Attachment::Attachment;
    virtual Delivery deliver(const T& message, std::string_view topic, Patience patience) = 0;
    /// Whether a delivery waits for room, so that CancelledError means the one who sends. Else it may be an error of
    /// the subscriber's own.
    virtual bool has_room_to_wait_for() const noexcept { return false; }
    /// After `full`: the same in a coroutine. The subscriber must stay attached to be.
    virtual Task<Delivery> deliver_waiting(T message) {
        const Delivery delivered = deliver(message, {}, Patience::none);
        co_return delivered;
    }
};

[[noreturn]] void throw_subscriber_full();
/// Whether the calling thread, or the task that it runs, is cancelled.
bool sender_is_cancelled() noexcept;

/// An object with a send().
template <class T, class S>
class ObjectSubscriber final : public Subscriber<T> {
public:
    ObjectSubscriber(S& object, std::string_view pattern)
        : Subscriber<T>(std::addressof(object), pattern), object_(object) {}
    Delivery deliver(const T& message, std::string_view topic, Patience) override {
        if constexpr (requires { object_.send(topic, message); }) {
            object_.send(topic, message);
        } else {
            (void)topic;
            object_.send(message);
        }
        return Delivery::done;
    }

private:
    S& object_;
};

/// A function: of the message, or of topic and message. F may be a reference.
template <class T, class F>
class FunctionSubscriber final : public Subscriber<T> {
public:
    FunctionSubscriber(F&& function, const void* key, std::string_view pattern)
        : Subscriber<T>(key, pattern), function_(std::forward<F>(function)) {}
    Delivery deliver(const T& message, std::string_view topic, Patience) override {
        if constexpr (std::is_invocable_v<F&, std::string_view, const T&>) {
            std::invoke(function_, topic, message);
        } else {
            (void)topic;
            std::invoke(function_, message);
        }
        return Delivery::done;
    }

private:
    F function_;
};

/// An actor whose messages can be made of a T.
template <class T, class M>
class ActorSubscriber final : public Subscriber<T> {
    static_assert(std::is_constructible_v<M, const T&>,
                  "hocket: the messages of this actor cannot be made of those of the exchange");

public:
    ActorSubscriber(const ActorRef<M>& actor, std::string_view pattern, WhenFull when_full)
        : Subscriber<T>(&ActorAccess::core(actor), pattern, Attachment::Lifetime::shared),
          mailbox_(ActorAccess::mailbox(actor)),
          when_full_(when_full) {}
    bool has_room_to_wait_for() const noexcept override { return true; }
    Delivery deliver(const T& message, std::string_view, Patience patience) override {
        M copy(message);
        if (when_full_ == WhenFull::drop_oldest) {
            bool dropped = false;
            const Sent sent = mailbox_->put_dropping_oldest(copy, dropped);
            if (dropped) this->count_dropped();
            return result(sent);
        }
        // The thread may be cancelled, which is not this actor's loss as long as it has room.
        Sent sent = mailbox_->put(copy);
        if (sent == Sent::full && when_full_ == WhenFull::wait && patience == Patience::wait)
            sent = mailbox_->put_until(copy, kNever, std::source_location::current());
        return result(sent);
    }
    Task<Delivery> deliver_waiting(T message) override {
        M copy(std::move(message));
        bool gone = false;
        try {
            co_await SendMessage<M>(mailbox_, std::move(copy));
        } catch (const ActorExit&) {
            gone = true;
        }
        co_return gone ? Delivery::gone : Delivery::done;
    }

private:
    Delivery result(Sent sent) {
        if (sent == Sent::done) [[likely]]
            return Delivery::done;
        if (sent == Sent::dead) {
            this->count_dropped();
            return Delivery::gone;
        }
        if (when_full_ == WhenFull::wait && !mailbox_->refuses()) return Delivery::full;
        this->count_dropped();
        if (when_full_ != WhenFull::drop_newest) mailbox_->throw_full();
        return Delivery::dropped;
    }
    StateRef<Mailbox<M>> mailbox_;
    const WhenFull when_full_;
};

/// A queue of messages, or something like it.
template <class T, class Q>
class QueueSubscriber final : public Subscriber<T> {
public:
    QueueSubscriber(Q& queue, std::string_view pattern, WhenFull when_full)
        : Subscriber<T>(std::addressof(queue), pattern), queue_(queue), when_full_(when_full) {}
    bool has_room_to_wait_for() const noexcept override { return true; }
    Delivery deliver(const T& message, std::string_view, Patience patience) override {
        try {
            typename Q::value_type copy(message);
            while (!queue_.try_put(std::move(copy))) {
                if (when_full_ == WhenFull::wait) {
                    if (patience == Patience::none) return Delivery::full;
                    queue_.put(std::move(copy));
                    return Delivery::done;
                }
                if (when_full_ == WhenFull::drop_oldest) {
                    if (queue_.try_get()) this->count_dropped();
                    continue;
                }
                this->count_dropped();
                if (when_full_ == WhenFull::error) throw_subscriber_full();
                return Delivery::dropped;
            }
            return Delivery::done;
        } catch (const QueueShutDown&) {
            this->count_dropped();
            return Delivery::gone;
        }
    }
    Task<Delivery> deliver_waiting(T message) override {
        typename Q::value_type copy(std::move(message));
        bool gone = false;
        try {
            co_await queue_.async_put(std::move(copy));
        } catch (const QueueShutDown&) {
            gone = true;
        }
        co_return gone ? Delivery::gone : Delivery::done;
    }

private:
    Q& queue_;
    const WhenFull when_full_;
};

template <class S>
concept ActorLike = std::derived_from<std::remove_cvref_t<S>, AnyActor> && requires {
    typename std::remove_cvref_t<S>::Message;
};
template <class S, class T>
concept QueueLike = requires(S& queue, T item) {
    typename S::value_type;
    queue.put(std::move(item));
    { queue.try_put(std::move(item)) } -> std::convertible_to<bool>;
    queue.async_put(std::move(item));
};
template <class S, class T>
concept SendsMessages = requires(S& object, const T& message) {
    object.send(message);
}
|| requires(S& object, std::string_view topic, const T& message) { object.send(topic, message); };
template <class S, class T>
concept TakesMessages = std::is_invocable_v<S&, const T&> || std::is_invocable_v<S&, std::string_view, const T&>;

/// What tells one subscriber from another.
template <class S>
const void* subscriber_key(const S& subscriber) {
    if constexpr (ActorLike<S>) {
        return &ActorAccess::core(subscriber);
    } else {
        return std::addressof(subscriber);
    }
}

/// The attachment for a subscriber: an lvalue by reference, an actor by reference to it, a function that is an rvalue
/// by itself.
template <class T, class S>
AttachmentRef make_attachment(S&& subscriber, std::string_view pattern, WhenFull when_full) {
    using Plain = std::remove_reference_t<S>;
    constexpr bool kLasts = std::is_lvalue_reference_v<S>;
    if constexpr (ActorLike<S>) {
        using M = typename std::remove_cvref_t<S>::Message;
        return AttachmentRef(new ActorSubscriber<T, M>(subscriber, pattern, when_full));
    } else if constexpr (SendsMessages<Plain, T>) {
        static_assert(kLasts, "hocket: an exchange refers to its subscribers: keep this one in a variable");
        return AttachmentRef(new ObjectSubscriber<T, Plain>(subscriber, pattern));
    } else if constexpr (QueueLike<Plain, T>) {
        static_assert(kLasts, "hocket: an exchange refers to its subscribers: keep this queue in a variable");
        return AttachmentRef(new QueueSubscriber<T, Plain>(subscriber, pattern, when_full));
    } else {
        static_assert(
            TakesMessages<Plain, T>,
            "hocket: a subscriber is an actor, a queue, a function of the message (or of topic and message), or "
            "an object with send(message)");
        return AttachmentRef(new FunctionSubscriber<T, S>(std::forward<S>(subscriber),
                                                          kLasts ? std::addressof(subscriber) : nullptr, pattern));
    }
}

}  // namespace detail
}  // namespace hocket
