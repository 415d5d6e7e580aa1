// Actor: a coroutine with a mailbox.
#pragma once
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "hocket/actor/actor_ref.hpp"
#include "hocket/aio/loop_pool.hpp"
#include "hocket/aio/loop_thread.hpp"

namespace hocket {
namespace detail {

/// What receive() returns: `co_await` it.
template <class M>
class [[nodiscard("no message is received until it is awaited: write co_await")]] ReceiveMessage {
public:
    explicit ReceiveMessage(Mailbox<M> & mailbox) noexcept : mailbox_(mailbox) {}
    typename Mailbox<M>::ReceiveAwaiter operator co_await() const noexcept {
        return typename Mailbox<M>::ReceiveAwaiter(mailbox_);
    }

private:
    Mailbox<M>& mailbox_;
};

/// Has `watcher` told of the end of `target`; returns the number of the observer.
std::uint64_t monitor(ActorCore& target, StateRef<ActorCore> watcher);

/// Starts an actor that belongs to itself from now on.
template <class A>
ActorRef<typename A::Message> start_owned(std::unique_ptr<A> actor, EventLoop& loop, std::source_location where) {
    ActorRef<typename A::Message> reference = *actor;
    ActorCore& core = ActorAccess::core(reference);
    core.own_body(true);
    try {
        core.start_on(loop, where);
    } catch (...) {
        core.own_body(false);
        throw;
    }
    (void)actor.release();
    return reference;
}

}  // namespace detail

/// Something that runs by itself and is spoken to by messages only. Derive from it, and write run(), a coroutine that
/// receives messages one after another, so that what it owns needs no lock:
///
///     class Printer : public hk::Actor<std::string> {
///         hk::Task<void> run() override {
///             for (;;) std::cout << co_await receive() << '\n';  // ends by ActorExit when closed and drained
///         }
///     };
///
/// It runs from start() on, once: on a thread of its own, where it may block, or as a task of an event loop, where it
/// costs some hundred bytes. Messages of one sender arrive in their order; those sent before start() wait for it.
///
/// Its end: run() returns; or was closed, has read everything, and lets the ActorExit of receive() pass; or is stopped;
/// or throws. join() tells, and what it threw and nobody got by join(), a link or a monitor is reported
/// (ReportKind::lost_exception) with the last reference to it.
///
/// The destructor stops the actor and waits for its end and that of its thread. By then the members of the derived
/// class are gone, which run() may use: make the object as a ScopedActor, let spawn_actor() own it, join it before, or
/// call end() in the destructor of that class. With HOCKET_DEBUG=1, what did none of this is reported
/// (ReportKind::stuck_shutdown).
template <class M>
class Actor : public ActorRef<M>, private detail::ActorBody {
    using Where = std::source_location;

public:
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;
    ~Actor() override { this->core().end_with_base(); }

    /// Runs it on a thread of its own. Throws InvalidStateError if it was started or stopped before, std::system_error
    /// if the system refuses a thread.
    void start(Where where = Where::current()) { this->core().start_thread(where); }
    /// Runs it as a task of `loop`, which must be run by somebody. Any thread. Throws InvalidStateError also if the
    /// loop is closed.
    void start(EventLoop& loop, Where where = Where::current()) { this->core().start_on(loop, where); }
    void start(LoopThread& thread, Where where = Where::current()) { start(thread.loop(), where); }
    /// On the loops of the pool in turn.
    void start(LoopPool& pool, Where where = Where::current()) { start(pool.next_loop(), where); }

protected:
    explicit Actor(const ActorOptions& options = ActorOptions())
        : ActorRef<M>(detail::StateRef<detail::ActorCore>(new detail::Mailbox<M>(options, this))) {}

    /// For the destructor of a class whose members run() uses: stops the actor and waits for its end while they are
    /// still there.
    void end() noexcept { this->core().end_with_object(); }

    /// What the actor does. Runs on its event loop.
    virtual Task<void> run() = 0;

    /// `co_await receive()` suspends the actor until there is a message, and gives it. Throws ActorExit when it was
    /// closed and every message has been read. Only in run() and what that awaits or spawns.
    detail::ReceiveMessage<M> receive() { return detail::ReceiveMessage<M>(this->mailbox()); }
    /// A message if there is one.
    std::optional<M> try_receive() { return this->mailbox().try_receive(); }

    /// Has the actor told of the end of `target`, once, by a message Down, which M must be able to hold; at once if it
    /// has ended already. Returns a number for demonitor() and Down::monitor. It does `target` nothing.
    std::uint64_t monitor(const AnyActor& target) {
        static_assert(std::is_constructible_v<M, Down>,
                      "hocket: to monitor others, an actor's messages must hold a Down: "
                      "std::variant<..., hocket::Down>");
        return detail::monitor(detail::ActorAccess::core(target), detail::ActorAccess::shared(*this));
    }
    /// Whether it had not been told yet.
    bool demonitor(const AnyActor& target, std::uint64_t number) {
        return detail::ActorAccess::core(target).forget(number);
    }
    /// From now on the end of a linked actor does not stop this one, but is a message Down.
    void trap_exits(bool on = true) {
        static_assert(std::is_constructible_v<M, Down>,
                      "hocket: to trap exits, an actor's messages must hold a Down: "
                      "std::variant<..., hocket::Down>");
        this->core().trap_exits(on);
    }

private:
    Task<void> begin() final { return run(); }
};

/// An actor of class A whose end is waited for while everything is still there that its run() may use:
///
///     hk::ScopedActor<Printer> printer(arguments_of_its_constructor);
///     printer.start();
///
/// For actors that live in a scope, as a member, or by std::unique_ptr<ScopedActor<A>>.
template <class A>
class ScopedActor final : public A {
    static_assert(std::is_base_of_v<AnyActor, A>,
                  "hocket: ScopedActor<A> is for a class A that derives from hocket::Actor");

public:
    template <class... Arguments>
    explicit ScopedActor(Arguments&&... arguments) : A(std::forward<Arguments>(arguments)...) {}
    ~ScopedActor() override { this->core().end_with_object(); }
};

/// Makes an actor of class A that belongs to itself, and starts it on `loop`: it is destroyed when it has ended, there.
/// Keep the reference to speak to it. The end of the loop stops it. Throws as start() does.
template <class A, class... Arguments>
ActorRef<typename A::Message> spawn_actor(EventLoop& loop, Arguments&&... arguments) {
    return detail::start_owned(std::make_unique<A>(std::forward<Arguments>(arguments)...), loop,
                               std::source_location::current());
}
template <class A, class... Arguments>
ActorRef<typename A::Message> spawn_actor(LoopThread& thread, Arguments&&... arguments) {
    return spawn_actor<A>(thread.loop(), std::forward<Arguments>(arguments)...);
}
/// On the loops of the pool in turn.
template <class A, class... Arguments>
ActorRef<typename A::Message> spawn_actor(LoopPool& pool, Arguments&&... arguments) {
    return spawn_actor<A>(pool.next_loop(), std::forward<Arguments>(arguments)...);
}

}  // namespace hocket
