// Who waits for whom: the edges that deadlock detection walks. Kept on the slow path only, by those who wait.
#pragma once
#include <memory>
#include <source_location>
#include <string>

#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

/// What the graph must know of a kind of thing that has an owner: a lock, a thread to be joined, a result.
struct OwnedKind {
    /// The party that must do something before the waiters of `thing` go on; 0 for none. Called with a spin lock held:
    /// reads an atomic.
    PartyId (*owner)(const void* thing) noexcept;
    /// In words: which one, and where it was taken.
    std::string (*describe)(const void* thing);
};

/// What becomes of a wait that would close a circle: it throws DeadlockError, or, where the caller cannot go on without
/// what it waits for, it begins, and the circle is reported (ReportKind::deadlock). When there is no memory to look for
/// one, `fail` throws std::bad_alloc, and `report` waits.
enum class OnCircle : bool { fail, report };

/// "file.cpp:12".
std::string place(const std::source_location& where);

/// An edge of the graph: one party waits, without a time limit, for one thing. Each kind takes it out before it goes.
///
/// Detection: an edge is first made visible and then walked from, by way of the thing's owner along the edges of those
/// who wait. Both use the spin lock of a bucket of edges for each party, in one order (sequentially consistent) with
/// the look, without the lock, whether a bucket is empty and unlocked; so of two parties that close a circle at the
/// same time, at least one sees the other's edge, and it is seen which owner was set before an edge was. A circle
/// that is found so is confirmed under one mutex: the chain is read twice. An edge that is the same one in both
/// readings, its wait not over, belongs to a party that did nothing in between; each owner is read between the two
/// looks at that owner's own edge; and only its owner gives a thing back. So there was a moment, between the readings,
/// when each party of the circle waited, without a time limit, for the next. Before the mutex is released the finder
/// takes its own edge out, so that exactly one party of a circle is told. What may still end such a wait is a
/// cancellation.
///
/// A thread that blocks while it runs an event loop stops all tasks of that loop: they wait for it, whatever else they
/// wait for. One more edge says so, from the loop, found by the mark that its tasks have in their ids. And a party on
/// whose stack another runs waits for that one (ActAs).
class GraphEdge {
public:
    GraphEdge(const GraphEdge&) = delete;
    GraphEdge& operator=(const GraphEdge&) = delete;

protected:
    GraphEdge() noexcept = default;
    ~GraphEdge() = default;
    PartyId who() const noexcept { return who_; }
    bool in_graph() const noexcept { return who_ != 0; }
    void insert(PartyId who) noexcept;
    void remove() noexcept;
    /// After insert(): looks for a circle. If it throws, the edge is no longer in the graph. `runs`: the scheduler
    /// whose thread does not stop by this wait.
    void check(const Scheduler* runs, OnCircle on_circle);

private:
    friend class WaitGraph;
    void check_slowly(const Scheduler* runs, OnCircle on_circle);
    /// The party that must do something before this one goes on; 0 for none. Called with a spin lock held.
    virtual PartyId owner() const noexcept = 0;
    /// Whether the wait is not over. Called likewise.
    virtual bool waiting() const noexcept = 0;
    /// In words: who waits where for what.
    virtual std::string description() const = 0;

    GraphEdge* next_ = nullptr;
    GraphEdge* previous_ = nullptr;
    PartyId who_ = 0;  // 0: not in the graph
    PartyId serial_ = 0;
};

/// Who `who` is, where and what it waits for and who holds that; "" if it waits for nothing without a time limit. For
/// those who look into a program.
std::string describe_wait(PartyId who);

/// A task's edge in words, but for what it waits for.
std::string description_of(const TaskContext& task, const std::source_location& where);

/// The edge of any wait. Lives with the Waiter.
class WaitEdge final : GraphEdge {
public:
    WaitEdge() noexcept = default;
    ~WaitEdge() { leave(); }

    /// The current party is about to wait, and not inside of a scope that limits the time of its waits, for `thing` by
    /// `waiter`. Throws DeadlockError, with the whole chain in its text, if that closes a circle; there is no edge
    /// then.
    void enter(const Waiter& waiter, const void* thing, const OwnedKind& kind, std::source_location where,
               OnCircle on_circle = OnCircle::fail);
    /// The wait is over, or did not begin. Before the thing may be destroyed.
    void leave() noexcept {
        if (in_graph()) leave_graph();
    }

private:
    class StoppedLoop;
    void enter_as_thread(OnCircle on_circle);
    void leave_graph() noexcept;
    PartyId owner() const noexcept override { return kind_->owner(thing_); }
    bool waiting() const noexcept override { return waiter_->outcome() == WaitOutcome::waiting; }
    std::string description() const override;

    const Waiter* waiter_ = nullptr;
    const TaskContext* task_ = nullptr;  // null for a thread
    const ThreadRecord* thread_ = nullptr;
    const void* thing_ = nullptr;
    const OwnedKind* kind_ = nullptr;
    std::source_location where_;
    // In the graph only: the wait stops the thread of an event loop, and so all its tasks.
    StoppedLoop* stopped_loop_ = nullptr;
};

/// The calling thread, or the job that it runs, goes on when its event loop has produced `result`.
class LoopRun final : GraphEdge {
public:
    /// In the scope of the run, outside of any task. Throws std::bad_alloc.
    LoopRun(const void* result, const OwnedKind& kind);
    ~LoopRun() { remove(); }

private:
    PartyId owner() const noexcept override { return kind_.owner(result_); }
    bool waiting() const noexcept override { return true; }
    std::string description() const override;
    const void* const result_;
    const OwnedKind& kind_;
    const ThreadRecord& thread_;
};

/// Makes the calling thread act as another party for a scope: a worker that runs a job, perhaps on top of another that
/// waits for it. The party below goes on when this one has ended; once this one waits, an edge says so.
class ActAs final : GraphEdge {
public:
    explicit ActAs(PartyId party) noexcept : party_(party), party_below_(thread_party), below_(top_) {
        thread_party = party;
        top_ = this;
    }
    ~ActAs() {
        if (in_graph()) remove();
        thread_party = party_below_;
        top_ = below_;
    }
    /// The party on top is about to wait: puts the edges of those below into the graph. They stay there.
    static void show_stack() noexcept;

private:
    PartyId owner() const noexcept override { return party_; }
    bool waiting() const noexcept override { return true; }
    std::string description() const override;

    static inline thread_local constinit ActAs* top_ = nullptr;
    const PartyId party_;
    const PartyId party_below_;
    ActAs* const below_;
    const ThreadRecord* thread_ = nullptr;
};

}  // namespace hocket::detail
