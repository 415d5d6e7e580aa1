// Exchange: whoever sends need not know who listens.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/actor/detail/subscriber.hpp"
#include "hocket/actor/subscription.hpp"
#include "hocket/queue/queue.hpp"

namespace hocket {

/// How a subscriber is attached.
struct SubscribeOptions {
    SubscribeOptions() = default;
    /// Only messages whose topic matches; empty for all messages. See Exchange.
    std::string topic;
    /// For actors and queues.
    WhenFull when_full = WhenFull::wait;

    SubscribeOptions& with_topic(std::string pattern) {
        topic = std::move(pattern);
        return *this;
    }
    SubscribeOptions& with_when_full(WhenFull policy) {
        when_full = policy;
        return *this;
    }
};

/// What a tap sees.
template <class T>
struct Tapped {
    std::uint64_t number;    ///< counts the messages that this tap has seen, from 1
    std::string_view topic;  ///< empty for a message without one
    const T& message;
};

template <class T>
class MessageStream;

/// Gives each message to all who are attached, in the order in which they were attached. A subscriber is an object with
/// `send(message)` or `send(topic, message)`, a function of the same, an actor, a Queue or the like, or a coroutine by
/// way of stream(). Objects and functions are called on the sender's thread, actors and queues get a copy.
///
/// Topics are words with dots in between, `sensors.kitchen.temperature`. Who subscribes to a pattern gets the messages
/// that were sent with a topic that matches: `*` stands for one word, `>` at the end for one or more. Who subscribes
/// without one gets every message.
///
/// A subscriber that throws costs nobody else the message: its error is reported (ReportKind::lost_exception) and
/// counted in errors(); so is a CancelledError, unless it is the sender who is cancelled. An actor that has ended and a
/// queue that was shut down are detached by the next message.
///
/// Thread-safe: attach, detach and send may happen at the same time, and inside a delivery. A message goes to those who
/// were attached when its send() began and are not detached when their turn comes. When detach() has returned, or a
/// Subscription is gone, the subscriber is not being called any more, so that it may be destroyed; within a delivery,
/// they do not wait for those that other threads are in the middle of. A delivery that waits for room in a queue
/// counts: shut the queue down first, which ends it. Messages of one thread keep their order.
template <class T>
class Exchange {
    static_assert(std::is_object_v<T> && !std::is_const_v<T>, "hocket: the messages of an exchange are values");

public:
    using Message = T;
    explicit Exchange(std::string name = {}) : core_(std::make_shared<detail::ExchangeCore>(std::move(name))) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    const std::string& name() const noexcept { return core_->name(); }
    /// How many are attached, taps included.
    std::size_t size() const { return core_->size(); }
    /// How many deliveries have thrown.
    std::uint64_t errors() const noexcept { return core_->errors(); }

    /// Gives the message to those who want every message; returns to how many. Waits for those that are full and to be
    /// waited for. Throws CancelledError if this thread is cancelled while it waits so; those that have room have got
    /// the message, and for the others it is dropped and counted.
    std::size_t send(const T& message) { return publish({}, message, detail::Patience::wait, nullptr); }
    /// The same with a topic, also to those whose pattern matches. Throws std::invalid_argument for a topic with an
    /// empty word or a wildcard.
    std::size_t send(std::string_view topic, const T& message) {
        detail::check_topic(topic);
        return publish(topic, message, detail::Patience::wait, nullptr);
    }
    /// `co_await exchange.async_send(message)`: those that are full are waited for without holding up the event loop,
    /// one after another, when the others have got it. Cancelled, it drops the message for those that are full still,
    /// and counts it.
    Task<std::size_t> async_send(T message) { return send_waiting({}, std::move(message)); }
    Task<std::size_t> async_send(std::string topic, T message) {
        detail::check_topic(topic);
        return send_waiting(std::move(topic), std::move(message));
    }

    /// Attaches the subscribers, all or none, until the Subscription ends. Lvalues are referred to, and must live as
    /// long (an actor need not); a function that is an rvalue is moved in. Throws InvalidStateError if one is attached
    /// already.
    template <class... Subscribers>
    requires(sizeof...(Subscribers) > 0) Subscription subscribe(Subscribers&&... subscribers) {
        return subscribe_with(SubscribeOptions(), std::forward<Subscribers>(subscribers)...);
    }
    /// The same to a pattern of topics. Throws std::invalid_argument for one with an empty word, or words after `>`.
    template <class... Subscribers>
    requires(sizeof...(Subscribers) > 0) Subscription
        subscribe_to(std::string_view pattern, Subscribers&&... subscribers) {
        return subscribe_with(SubscribeOptions().with_topic(std::string(pattern)),
                              std::forward<Subscribers>(subscribers)...);
    }
    template <class... Subscribers>
    Subscription subscribe_with(const SubscribeOptions& options, Subscribers&&... subscribers) {
        std::vector<detail::AttachmentRef> attachments;
        attachments.reserve(sizeof...(subscribers));
        (attachments.push_back(
             detail::make_attachment<T>(std::forward<Subscribers>(subscribers), options.topic, options.when_full)),
         ...);
        return enter(std::move(attachments), false);
    }
    /// A coroutine's way to listen: `while (auto message = co_await stream.next()) ...`. `bound`: how many messages may
    /// wait for it, any number with 0.
    [[nodiscard]] MessageStream<T> stream(std::size_t bound = 0, const SubscribeOptions& options = SubscribeOptions());
    /// Has `function(const Tapped<T>&)` see every message before the subscribers do, for diagnosis.
    template <class F>
    Subscription tap(F function) {
        auto see = [function = std::move(function), seen = std::make_unique<std::atomic<std::uint64_t>>(0)](
                       std::string_view topic, const T& message) mutable {
            const std::uint64_t number = seen->fetch_add(1, std::memory_order_relaxed) + 1;
            function(Tapped<T>{number, topic, message});
        };
        std::vector<detail::AttachmentRef> attachments;
        attachments.push_back(detail::make_attachment<T>(std::move(see), {}, WhenFull::wait));
        return enter(std::move(attachments), true);
    }

    /// Attaches one subscriber until detach(). False if it was attached already.
    template <class S>
    bool attach(S& subscriber, const SubscribeOptions& options = SubscribeOptions()) {
        return core_->attach({detail::make_attachment<T>(subscriber, options.topic, options.when_full)});
    }
    /// Takes away all attachments of a subscriber, whoever made them. False if there was none.
    template <class S>
    bool detach(const S& subscriber) {
        return core_->detach(core_->find(detail::subscriber_key(subscriber))) > 0;
    }

private:
    Subscription enter(std::vector<detail::AttachmentRef> attachments, bool in_front) {
        if (!core_->attach(attachments, in_front)) core_->throw_attached();
        return Subscription(core_, std::move(attachments));
    }
    std::size_t publish(std::string_view topic, const T& message, detail::Patience patience,
                        std::vector<detail::AttachmentRef>* full);
    Task<std::size_t> send_waiting(std::string topic, T message);
    void take_out(const detail::AttachmentRef& gone) noexcept;
    static void give_up(detail::ExchangeCore& core, const detail::AttachmentRef& attachment, const T& message);

    const std::shared_ptr<detail::ExchangeCore> core_;
};

/// The messages of an exchange for a coroutine, from the moment that it was made until it is closed or destroyed.
template <class T>
class [[nodiscard("the messages end with this object: keep it")]] MessageStream {
public:
    /// `co_await next()` gives the next message, or nothing when the stream was closed and everything has been read.
    Task<std::optional<T>> next() { return get(*queue_); }
    MessageStream(MessageStream &&) noexcept = default;
    MessageStream& operator=(MessageStream&& other) noexcept {
        std::swap(queue_, other.queue_);
        std::swap(subscription_, other.subscription_);
        return *this;
    }
    ~MessageStream() {
        if (queue_) close();
    }
    /// No more messages. Who waits for room goes on without.
    void close() {
        queue_->shutdown();  // first: cancel() waits for deliveries
        subscription_.cancel();
    }
    std::uint64_t dropped() const noexcept { return subscription_.dropped(); }

    /// For the library.
    MessageStream(std::unique_ptr<Queue<T>> queue, Subscription subscription) noexcept
        : queue_(std::move(queue)), subscription_(std::move(subscription)) {}

private:
    static Task<std::optional<T>> get(Queue<T> & queue) {
        try {
            co_return co_await queue.async_get();
        } catch (const QueueShutDown&) {
        }
        co_return std::nullopt;
    }
    std::unique_ptr<Queue<T>> queue_;
    Subscription subscription_;
};

template <class T>
MessageStream<T> Exchange<T>::stream(std::size_t bound, const SubscribeOptions& options) {
    auto queue = std::make_unique<Queue<T>>(bound);
    Subscription subscription = subscribe_with(options, *queue);
    return MessageStream<T>(std::move(queue), std::move(subscription));
}

template <class T>
std::size_t Exchange<T>::publish(std::string_view topic, const T& message, detail::Patience patience,
                                 std::vector<detail::AttachmentRef>* full) {
    std::size_t delivered = 0;
    std::exception_ptr cancelled;
    {
        detail::ExchangeCore::Sending sending(*core_);
        for (const detail::AttachmentRef& attachment : sending.attachments()) {
            if (!attachment->wants(topic) || !sending.enter(*attachment)) continue;
            auto& subscriber = static_cast<detail::Subscriber<T>&>(*attachment);
            try {
                switch (subscriber.deliver(message, topic, patience)) {
                    [[likely]] case detail::Delivery::done : ++delivered;
                    break;
                    case detail::Delivery::dropped:
                        break;
                    case detail::Delivery::gone:
                        take_out(attachment);
                        break;
                    case detail::Delivery::full:
                        if (full) full->push_back(attachment);
                        break;
                }
            } catch (const CancelledError&) {
                if (subscriber.has_room_to_wait_for() || detail::sender_is_cancelled()) {
                    cancelled = std::current_exception();
                    attachment->count_dropped();
                } else {
                    core_->report_error();
                }
            } catch (...) {
                core_->report_error();
            }
        }
    }
    if (cancelled) std::rethrow_exception(cancelled);
    return delivered;
}

template <class T>
void Exchange<T>::take_out(const detail::AttachmentRef& gone) noexcept {
    try {
        core_->detach({gone});
    } catch (const std::bad_alloc&) {  // the next message tries again
    }
}

// The sender is cancelled: a last try, without waiting.
template <class T>
void Exchange<T>::give_up(detail::ExchangeCore& core, const detail::AttachmentRef& attachment, const T& message) {
    const detail::ExchangeCore::Held held(core, *attachment);
    if (attachment->detached()) return;
    try {
        auto& subscriber = static_cast<detail::Subscriber<T>&>(*attachment);
        if (subscriber.deliver(message, {}, detail::Patience::none) == detail::Delivery::full)
            attachment->count_dropped();
    } catch (const std::exception&) {
        core.report_error();
    }
}

template <class T>
Task<std::size_t> Exchange<T>::send_waiting(std::string topic, T message) {
    std::vector<detail::AttachmentRef> full;
    const auto core = core_;
    std::size_t delivered = publish(topic, message, detail::Patience::none, &full);
    std::exception_ptr cancelled;
    for (const detail::AttachmentRef& attachment : full) {
        if (cancelled) {
            give_up(*core, attachment, message);
            continue;
        }
        detail::ExchangeCore::Held held(*core, *attachment);
        if (attachment->detached()) continue;
        try {
            T copy(message);
            const detail::Delivery result =
                co_await static_cast<detail::Subscriber<T>&>(*attachment).deliver_waiting(std::move(copy));
            if (result == detail::Delivery::done) ++delivered;
        } catch (const CancelledError&) {
            cancelled = std::current_exception();
            attachment->count_dropped();
        } catch (const std::exception&) {
            core->report_error();
        }
    }
    if (cancelled) std::rethrow_exception(cancelled);
    co_return delivered;
}

}  // namespace hocket

#include "hocket/actor/exchange_registry.hpp"
