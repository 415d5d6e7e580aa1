// What can be done with an actor by those who know it: AnyActor and ActorRef<Message>.
#pragma once
#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/actor/detail/mailbox.hpp"
#include "hocket/actor/request.hpp"

namespace hocket {
namespace detail {

/// What async_join() of an actor returns: `co_await` it.
class [[nodiscard("joining an actor does nothing until it is awaited: write co_await")]] JoinActor {
public:
    JoinActor(StateRef<ActorCore> core, std::source_location where, bool rethrow) noexcept
        : core_(std::move(core)), where_(where), rethrow_(rethrow) {}
    JoinActorAwaiter operator co_await() const noexcept { return JoinActorAwaiter(core_, where_, rethrow_); }

private:
    StateRef<ActorCore> core_;
    std::source_location where_;
    bool rethrow_;
};

/// What async_send() returns: `co_await` it, once.
template <class M>
class [[nodiscard("nothing is sent until it is awaited: write co_await")]] SendMessage {
public:
    SendMessage(StateRef<Mailbox<M>> mailbox, M && message) noexcept
        : mailbox_(std::move(mailbox)), message_(std::move(message)) {}
    typename Mailbox<M>::SendAwaiter operator co_await()&& noexcept {
        return typename Mailbox<M>::SendAwaiter(std::move(mailbox_), std::move(message_));
    }

private:
    StateRef<Mailbox<M>> mailbox_;
    M message_;
};

/// For the library: what is behind a handle.
struct ActorAccess;

}  // namespace detail

/// A reference to an actor, whatever its messages. Copies are cheap; it stays valid when the actor has ended. Its
/// functions are for any thread, on one handle as on many.
class AnyActor {
    using Where = std::source_location;

public:
    /// A reference to nothing, whose functions throw InvalidStateError.
    AnyActor() noexcept = default;

    explicit operator bool() const noexcept { return static_cast<bool>(core_); }
    bool operator==(const AnyActor& other) const noexcept {
        return core_ ? other.core_ && id() == other.id() : !other.core_;
    }
    /// Unique in this process and never used again.
    std::uint64_t id() const { return core().id(); }
    std::string name() const { return core().name(); }
    /// Whether it was started and has not ended.
    bool is_alive() const { return core().is_alive(); }
    /// Whether it has ended, and how; finished as long as it has not.
    bool ended() const { return core().ended(); }
    ExitKind exit_kind() const { return core().ended() ? core().exit_kind() : ExitKind::finished; }
    /// Messages that wait to be read: a hint while it runs.
    std::size_t unread() const { return core().unread(); }
    /// Messages that it had not read at its end.
    std::uint64_t dropped() const { return core().dropped(); }

    /// No more messages: who sends gets ActorExit. The actor reads those that were sent before, then its receive()
    /// throws ActorExit.
    void close() const { core().close(); }
    /// Ends it now: its current or next wait throws CancelledError, and messages that it has not read are dropped and
    /// counted, see dropped(). Does not wait.
    void stop(std::string_view reason = {}) const { core().stop(reason); }
    /// The same, but keeps them for take_unread().
    void stop_and_keep(std::string_view reason = {}) const { core().stop(reason, true); }

    /// Blocks until the actor has ended and all who observe it (links, monitors, its names) have been told, and throws
    /// what its run() threw. An end by close() or stop() is none. Throws InvalidStateError if it was not started,
    /// DeadlockError if the end would wait for the caller.
    void join(Where where = Where::current()) const {
        (void)core().block_until_ended(kNever, where);
        core().rethrow();
    }
    /// Blocks for at most `limit`; whether it has ended. Throws as join() does.
    template <class Rep, class Period>
    [[nodiscard]] bool join_for(std::chrono::duration<Rep, Period> limit, Where where = Where::current()) const {
        if (!core().block_until_ended(detail::deadline_after(limit), where)) return false;
        core().rethrow();
        return true;
    }
    /// `co_await actor.async_join()` suspends the task until it has ended, and throws as join() does.
    detail::JoinActor async_join(Where where = Where::current()) const {
        core().check_started();
        return detail::JoinActor(core_, where, true);
    }
    /// The same, whatever it ended by, which remains to be joined.
    detail::JoinActor async_wait(Where where = Where::current()) const {
        core().check_started();
        return detail::JoinActor(core_, where, false);
    }

    /// Ties the ends of two actors together: when one of them is stopped or fails, the other one is stopped and counts
    /// as failed too, with ActorExit, or is told by a Down if it traps exits. One that finishes does the other nothing.
    /// At once if one has ended so already.
    void link(const AnyActor& other) const;
    /// Unties them.
    void unlink(const AnyActor& other) const;

protected:
    explicit AnyActor(detail::StateRef<detail::ActorCore> core) noexcept : core_(std::move(core)) {}
    detail::ActorCore& core() const {
        if (!core_) throw_nothing();
        return *core_;
    }

private:
    friend struct detail::ActorAccess;
    [[noreturn]] static void throw_nothing();
    detail::StateRef<detail::ActorCore> core_;
};

/// A reference to an actor that takes messages of type M. An `Actor<M>&` converts to it.
template <class M>
class ActorRef : public AnyActor {
    using Where = std::source_location;

public:
    using Message = M;
    ActorRef() noexcept = default;

    /// Puts the message into the mailbox; if that is full, waits for room or throws MailboxFull, as its options say.
    /// Throws ActorExit if the actor was closed, stopped or has ended; DeadlockError if the wait could never end, such
    /// as one on the event loop that the actor runs on.
    void send(M message, Where where = Where::current()) const {
        auto& mailbox = this->mailbox();
        mailbox.check(mailbox.put_until(message, kNever, where));
    }
    /// Puts the message if there is room; otherwise it stays where it is. Throws ActorExit.
    [[nodiscard]] bool try_send(M&& message) const {
        auto& mailbox = this->mailbox();
        const detail::Sent sent = mailbox.put(message);
        if (sent == detail::Sent::dead) mailbox.throw_dead();
        return sent == detail::Sent::done;
    }
    [[nodiscard]] bool try_send(const M& message) const { return try_send(M(message)); }
    /// Waits for room for at most `limit`; whether the message was put. Throws ActorExit, MailboxFull.
    template <class Rep, class Period>
    [[nodiscard]] bool send_for(M&& message, std::chrono::duration<Rep, Period> limit,
                                Where where = Where::current()) const {
        auto& mailbox = this->mailbox();
        const detail::Sent sent = mailbox.put_until(message, detail::deadline_after(limit), where);
        if (sent == detail::Sent::full && !mailbox.refuses()) return false;
        mailbox.check(sent);
        return true;
    }
    /// `co_await actor.async_send(message)` suspends the task while the mailbox is full. Throws ActorExit,
    /// MailboxFull. Actors that wait so for room in each other's mailboxes are not detected: others may read from them.
    detail::SendMessage<M> async_send(M message) const {
        (void)mailbox();
        return detail::SendMessage<M>(mailbox_ref(), std::move(message));
    }

    /// Sends `question` as a Request and returns the Future of its answer. M is `Request<Question, Reply>` or a variant
    /// with it. Throws as send() does; the Future gives ActorExit if the actor ends before it answers.
    template <class Question>
    auto ask(Question question, Where where = Where::current()) const {
        using Asked = typename detail::RequestFor<M, Question>::Type;
        static_assert(!std::is_void_v<Asked>, "hocket: the messages of this actor hold no Request for such a question");
        Asked request(std::move(question));
        auto future = request.future();
        try {
            send(M(std::move(request)), where);
        } catch (...) {
            // The Request has gone, and its answer is this exception, which the caller gets.
            if (future.done()) (void)future.exception();
            throw;
        }
        return future;
    }

    /// What an actor that was ended by stop_and_keep() had not read, oldest first; each is given once. Empty before its
    /// end.
    std::vector<M> take_unread() const { return mailbox().take_unread(); }

protected:
    explicit ActorRef(detail::StateRef<detail::ActorCore> core) noexcept : AnyActor(std::move(core)) {}
    detail::Mailbox<M>& mailbox() const { return static_cast<detail::Mailbox<M>&>(this->core()); }
    detail::StateRef<detail::Mailbox<M>> mailbox_ref() const {
        mailbox().add_reference();
        return detail::StateRef<detail::Mailbox<M>>(&mailbox());
    }

private:
    friend struct detail::ActorAccess;
};

/// The same actor with the type of its messages; a reference to nothing if they are of another type.
template <class M>
ActorRef<M> actor_cast(const AnyActor& actor);

namespace detail {

struct ActorAccess {
    static ActorCore& core(const AnyActor& actor) { return actor.core(); }
    static StateRef<ActorCore> shared(const AnyActor& actor) {
        actor.core().add_reference();
        return StateRef<ActorCore>(&actor.core());
    }
    template <class M>
    static StateRef<Mailbox<M>> mailbox(const ActorRef<M>& actor) {
        return actor.mailbox_ref();
    }
    template <class M>
    static ActorRef<M> reference(StateRef<ActorCore> core) {
        return ActorRef<M>(std::move(core));
    }
    static AnyActor any(StateRef<ActorCore> core) { return AnyActor(std::move(core)); }
};

}  // namespace detail

template <class M>
ActorRef<M> actor_cast(const AnyActor& actor) {
    if (!actor || !dynamic_cast<detail::Mailbox<M>*>(&detail::ActorAccess::core(actor))) return ActorRef<M>();
    return detail::ActorAccess::reference<M>(detail::ActorAccess::shared(actor));
}

}  // namespace hocket
