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
/// what it waits for, it begins, and the circle is reported (ReportKind::deadlock).
enum class OnCircle : bool { fail, report };

/// "file.cpp:12".
std::string place(const std::source_location& where);

/// An edge of the graph: one party waits, without a time limit, for one thing. Lives with the Waiter.
///
/// Detection: enter() first makes the edge visible and then walks from the thing's owner along the edges of those who
/// wait. Both use the spin lock of a bucket of edges for each party, so that of two parties that close a circle at the
/// same time, at least one sees the other's edge; and it is seen which owner was set before an edge was. A circle that
/// is found so is confirmed under one mutex: the chain is read twice. An edge that is the same one in both readings,
/// its wait not over, belongs to a party that did nothing in between; each owner is read between the two looks at that
/// owner's own edge; and only its owner gives a thing back. So there was a moment, between the readings, when each
/// party of the circle waited, without a time limit, for the next. Before the mutex is released the finder takes its
/// own edge out, so that exactly one party of a circle is told. What may still end such a wait is a cancellation.
///
/// A thread that blocks while it runs an event loop stops all tasks of that loop: they wait for it, whatever else they
/// wait for. One more edge says so, from the loop, found by the mark that its tasks have in their ids.
class WaitEdge {
public:
    WaitEdge() noexcept = default;
    WaitEdge(const WaitEdge&) = delete;
    WaitEdge& operator=(const WaitEdge&) = delete;
    ~WaitEdge() { leave(); }

    /// The current party is about to wait, and not inside of a scope that limits the time of its waits, for `thing` by
    /// `waiter`. Throws DeadlockError, with the whole chain in its text, if that closes a circle; there is no edge
    /// then.
    void enter(const Waiter& waiter, const void* thing, const OwnedKind& kind, std::source_location where,
               OnCircle on_circle = OnCircle::fail);
    /// The wait is over, or did not begin. Before the thing may be destroyed.
    void leave() noexcept;

private:
    friend class WaitGraph;
    void stop_loop(const Scheduler& scheduler);
    WaitEdge* next_ = nullptr;
    WaitEdge* previous_ = nullptr;
    PartyId who_ = 0;  // 0: not in the graph
    PartyId serial_ = 0;
    const Waiter* waiter_ = nullptr;
    const TaskContext* task_ = nullptr;  // null for a thread
    const ThreadRecord* thread_ = nullptr;
    const void* thing_ = nullptr;
    const OwnedKind* kind_ = nullptr;
    std::source_location where_;
    std::unique_ptr<WaitEdge> stopped_loop_;  // the wait stops the thread of an event loop, and so all its tasks
};

}  // namespace hocket::detail
