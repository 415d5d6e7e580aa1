// What an actor is, whatever the type of its messages: its life, who waits for its end, who is told of it.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include "hocket/actor/down.hpp"
#include "hocket/actor/errors.hpp"
#include "hocket/actor/options.hpp"
#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/task.hpp"
#include "hocket/core/detail/context.hpp"
#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/futures/detail/shared_state.hpp"

namespace hocket::detail {

class ActorCore;
class ActorThread;

/// What the program wrote: the object whose run() an actor is.
class ActorBody {
public:
    virtual ~ActorBody() = default;

protected:
    ActorBody() noexcept = default;
    ActorBody(const ActorBody&) = default;
    ActorBody& operator=(const ActorBody&) = default;

private:
    friend class ActorCore;
    virtual Task<void> begin() = 0;
};

/// Somebody who is told of the end of an actor, once, on the thread where it ends; or else forgotten.
class EndObserver {
public:
    explicit EndObserver(std::uint64_t id) noexcept : id(id) {}
    EndObserver(const EndObserver&) = delete;
    EndObserver& operator=(const EndObserver&) = delete;
    virtual ~EndObserver() = default;
    /// Whether somebody got to know of the error.
    virtual bool actor_ended(const Down& down) noexcept = 0;
    /// For one half of a link: the other actor.
    virtual const ActorCore* linked_to() const noexcept { return nullptr; }
    /// Whether nobody is left to be told.
    virtual bool obsolete() const noexcept { return false; }

    const std::uint64_t id;
    EndObserver* next = nullptr;
};

/// The task that an actor runs as.
class ActorTask final : public TaskContext {
public:
    ActorTask(TaskPromise<void>& root, Scheduler& home, const TaskOrigin& origin, ActorCore& core)
        : TaskContext(root, home, origin), core_(core) {}
    /// Runs up to its first wait.
    void first_step() noexcept { Suspension::run(); }
    void root_finished() noexcept override;

private:
    ActorCore& core_;
};

/// The part of an actor that lives as long as anybody refers to it. Counted; one reference is that of the running task.
///
/// Life: fresh -> running -> ended -> told. It is begun on the thread of its event loop, as a task of that loop, by the
/// node that start() posts; the same node carries stop() there.
///
/// Invariants: the lock of `receivers_` guards what is not marked otherwise. `shut_` (no message comes in any more) is
/// set by close(), stop() or the end, once. An actor that was started ends on its loop's thread, before that loop is
/// closed; so whoever finds it not ended under the lock may post to its loop. `phase_` becomes `ended` under the lock,
/// after everything that joiners want to see was written; then the observers are told; then it becomes `told`, under
/// the lock of `joiners_`, and joiners are woken after that. So whoever has joined finds that all others know of the
/// end.
class ActorCore : public RunNode {
public:
    ActorCore(const ActorOptions& options, ActorBody* body);
    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_reference() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    std::uint64_t id() const noexcept { return id_; }
    std::string name() const;
    bool started() const noexcept { return phase_.load(std::memory_order_acquire) != Phase::fresh; }
    bool ended() const noexcept { return phase_.load(std::memory_order_acquire) >= Phase::ended; }
    /// Whether those who observe it have been told of its end, too, or are being told by the calling thread.
    bool told() const noexcept;
    bool is_alive() const noexcept { return phase_.load(std::memory_order_acquire) == Phase::running; }
    /// Only after ended().
    ExitKind exit_kind() const noexcept { return kind_; }
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    virtual std::size_t unread() const noexcept = 0;

    /// Throws InvalidStateError if it was started, or the loop is closed.
    void start_on(EventLoop& loop, std::source_location where);
    void start_thread(std::source_location where);
    /// The core destroys the body at the end of the actor.
    void own_body(bool owns) noexcept { owns_body_ = owns; }
    /// No more messages. The actor gets to read those that are there.
    void close() noexcept;
    /// The actor is to end at its next wait, and unread messages are dropped. With `cause` it counts as failed by that.
    /// `keep`: see unread messages kept instead.
    void stop(std::string_view reason, bool keep = false, std::exception_ptr cause = nullptr) noexcept;
    /// The end of the object that the program wrote: stops the actor, waits for its end and that of its thread.
    void end_with_object() noexcept;
    /// The same when the derived class is gone already; in debug mode, reports if run() may have used that.
    void end_with_base() noexcept;

    /// Blocks until told(), or `deadline`; whether it was. Throws InvalidStateError if it was not started,
    /// DeadlockError in a circle.
    bool block_until_ended(TimePoint deadline, std::source_location where);
    void check_started() const;
    /// Adds `waiter` unless it is told().
    bool wait_with(Waiter& waiter) noexcept {
        return joiners_.push_unless(waiter, [this] { return told(); });
    }
    /// After the end: throws what made it fail.
    void rethrow();
    /// For a WaitEdge of who waits for its end, or for room in its mailbox.
    static const OwnedKind kOwnedKind, kRoomKind;

    /// Told at the end; at once if that has been. Takes ownership.
    void observe(std::unique_ptr<EndObserver> observer);
    /// Whether it was still to be told.
    bool forget(std::uint64_t observer) noexcept;
    void forget_links_to(const ActorCore& other) noexcept;
    void trap_exits(bool on) noexcept { traps_exits_.store(on, std::memory_order_relaxed); }
    bool traps_exits() const noexcept { return traps_exits_.load(std::memory_order_relaxed); }
    /// Puts `down` into the mailbox, if the actor is there and its messages can hold it.
    virtual bool tell(const Down& down) noexcept = 0;

    /// Why messages are not taken any more, for who sends.
    [[noreturn]] void throw_dead();
    /// For receive() in a mailbox that is shut and empty.
    [[noreturn]] void throw_exit();
    [[noreturn]] void throw_full();

protected:
    enum class Phase : std::uint8_t { fresh, running, ended, told };
    virtual ~ActorCore();
    /// Destroys the unread messages, and counts them. At the end, by nobody else at the same time.
    virtual std::size_t drop_unread() noexcept = 0;
    /// Under the lock: ends the waits of those who wait for room.
    WaitQueue::Popped shut() noexcept {
        shut_ = true;
        return senders_.has_waiters() ? WaitQueue::Lock(senders_).pop_all() : WaitQueue::Popped();
    }

    static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();
    /// Where the actor's task is kept.
    virtual std::optional<ActorTask>& task() noexcept = 0;

    // What the actor reads for each message and what senders write are far from each other, so that the two sides do
    // not take cache lines away from each other: this is read by the actor ...
    std::atomic<bool> stopping_{false};  // written under the lock
    std::uint8_t exits_seen_ = 0;        // by receive(), of the loop's thread

private:
    friend class ActorTask;
    static constexpr std::uint8_t kStart = 1, kStop = 2;
    void run() noexcept override;
    void drop() noexcept override;
    void begin() noexcept;
    void finish(std::exception_ptr error) noexcept;
    void classify(std::exception_ptr error, bool cancelled, std::unique_ptr<const std::string> text) noexcept;
    bool is_own_exit(const std::exception_ptr& error) const noexcept;
    Down down() const;
    void notify(EndObserver* observers) noexcept;
    void tell_everybody(EndObserver* observers) noexcept;
    void end_unstarted() noexcept;
    /// Under the lock.
    template <class Matches>
    EndObserver* take_out(Matches matches) noexcept;
    EndObserver* add(std::unique_ptr<EndObserver> observer) noexcept;
    void report_lost() const noexcept;

    bool owns_body_ = false;
    bool finishing_ = false;  // what stop() says comes too late
    bool keep_ = false;
    std::atomic<bool> traps_exits_{false};
    std::atomic<bool> retrieved_{false};
    ExitKind kind_ = ExitKind::finished;
    std::atomic<Phase> phase_{Phase::fresh};
    std::atomic<std::uint8_t> signals_{0};  // not 0: this node is queued
    std::uint16_t additions_ = 16;          // of observers, until some may be obsolete
    std::atomic<std::uint32_t> references_{1};
    WaitQueue joiners_;
    ActorBody* body_;
    EventLoop* home_ = nullptr;
    std::unique_ptr<ActorThread> thread_;
    EndObserver* observers_ = nullptr;
    const std::uint64_t id_;
    std::atomic<PartyId> party_{0};  // of its task, while it runs
    std::exception_ptr error_;       // what it failed with; before, the cause to be
    std::unique_ptr<const std::string> name_;
    std::unique_ptr<const std::string> reason_;  // given to stop()
    std::atomic<std::uint64_t> dropped_{0};
    std::source_location started_at_;
    ContextRef context_;

protected:
    // ... and this is the senders'.
    WaitQueue receivers_;
    WaitQueue senders_;  // its lock is taken inside that of receivers_
    const std::uint32_t limit_;
    bool shut_ = false;
    const bool refuses_;
};

/// Waits in a coroutine for the end of an actor.
class [[nodiscard]] JoinActorAwaiter final : public QueueAwaiter<JoinActorAwaiter> {
public:
    /// `rethrow`: whether to throw what made it fail, which is then known.
    JoinActorAwaiter(StateRef<ActorCore> core, std::source_location where, bool rethrow) noexcept
        : core_(std::move(core)), where_(where), rethrow_(rethrow) {}
    bool try_now() const noexcept { return core_->told(); }
    void limited_in_time() noexcept override { edge_.leave(); }
    std::string waits_for() const override { return "the end of actor '" + core_->name() + "'"; }
    bool take_or_queue() {
        edge_.enter(*this, &*core_, ActorCore::kOwnedKind, where_);
        return !core_->wait_with(*this);
    }
    void await_resume() {
        edge_.leave();
        check();
        if (rethrow_) core_->rethrow();
    }

private:
    StateRef<ActorCore> core_;
    std::source_location where_;
    const bool rethrow_;
    WaitEdge edge_;
};

}  // namespace hocket::detail
