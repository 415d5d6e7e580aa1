#include "hocket/core/detail/wait_graph.hpp"

#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/core/report.hpp"

namespace hocket::detail {
namespace {

// The edges of the parties whose ids fall into one bucket; the lowest bit of the word is a spin lock.
class Bucket {
public:
    class Lock {
    public:
        explicit Lock(Bucket& bucket) noexcept : bucket_(bucket) {
            SpinWait spin;
            while ((word_ = bucket_.word_.fetch_or(1, std::memory_order_seq_cst)) & 1) spin.once();
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock() { bucket_.word_.store(word_, std::memory_order_release); }
        GraphEdge* first() const noexcept { return reinterpret_cast<GraphEdge*>(word_); }
        void set_first(GraphEdge* edge) noexcept { word_ = reinterpret_cast<std::uintptr_t>(edge); }

    private:
        Bucket& bucket_;
        std::uintptr_t word_ = 0;
    };

    /// Whether it has no edges, and nobody who is about to change that.
    bool at_rest_and_empty() const noexcept { return word_.load(std::memory_order_seq_cst) == 0; }

private:
    std::atomic<std::uintptr_t> word_{0};
};

constexpr std::size_t kBuckets = 4096;  // ids are given out one after another, so that they spread evenly
constinit Bucket buckets[kBuckets];
Bucket& bucket_of(PartyId party) noexcept { return buckets[(party ^ party >> kMarkShift) % kBuckets]; }

std::mutex& confirmation() {
    static auto* mutex = new std::mutex;  // never destroyed: threads wait during exit too
    return *mutex;
}

}  // namespace

class WaitGraph {
public:
    struct Step {
        PartyId who;  // a party, or the thread of an event loop (home_of)
        PartyId serial;
        PartyId owner;  // of what it waits for
    };

    static void insert(GraphEdge& edge) noexcept {
        Bucket::Lock lock(bucket_of(edge.who_));
        edge.previous_ = nullptr;
        edge.next_ = lock.first();
        if (edge.next_) edge.next_->previous_ = &edge;
        lock.set_first(&edge);
    }

    static void remove(GraphEdge& edge) noexcept {
        Bucket::Lock lock(bucket_of(edge.who_));
        if (edge.next_) edge.next_->previous_ = edge.previous_;
        if (edge.previous_) {
            edge.previous_->next_ = edge.next_;
        } else {
            lock.set_first(edge.next_);
        }
    }

    static std::string description(const GraphEdge& edge) { return edge.description(); }

    // What `who` waits for, if it waits.
    template <class See>
    static std::optional<Step> step_of(PartyId who, See&& see) {
        Bucket::Lock lock(bucket_of(who));
        for (GraphEdge* edge = lock.first(); edge; edge = edge->next_) {
            if (edge->who_ != who) continue;
            // The owner first: it is the next one's doing, whose edge is looked at after that.
            const PartyId owner = edge->owner();
            if (!edge->waiting()) return std::nullopt;
            see(*edge);
            return Step{who, edge->serial_, owner};
        }
        return std::nullopt;
    }

    // Whether the thread of `home` (see home_of) may be stopped. `runs`: the scheduler whose thread goes on.
    static bool may_be_stopped(PartyId home, const Scheduler* runs) noexcept {
        return home != 0 && !(runs && runs->mark() == home);
    }

    // Whether `who` waits for anything.
    static bool waits(PartyId who) noexcept {
        Bucket& bucket = bucket_of(who);
        if (bucket.at_rest_and_empty()) return false;
        Bucket::Lock lock(bucket);
        const GraphEdge* edge = lock.first();
        while (edge && edge->who_ != who) edge = edge->next_;
        return edge && edge->waiting();
    }

    // Whether there is anything to look at. Most often the owner waits for nothing.
    static bool may_close(const GraphEdge& mine, const Scheduler* runs) noexcept {
        const PartyId owner = mine.owner();
        return owner != 0 && (owner == mine.who_ || may_be_stopped(home_of(owner), runs) || waits(owner));
    }

    // Whether some chain of owners from `mine` comes back to its party; `circle`, if given, gets it.
    static bool closes(const GraphEdge& mine, const Scheduler* runs, std::vector<Step>* circle) {
        const PartyId owner = mine.owner();
        if (owner == 0) return false;
        if (owner == mine.who_) return true;

        struct Link {
            Step step;
            std::size_t from;
        };
        constexpr std::size_t kStart = static_cast<std::size_t>(-1);
        std::vector<Link> links;
        std::unordered_set<PartyId> seen;
        const auto look_at = [&](PartyId who, std::size_t from) {
            const auto step = step_of(who, [](const GraphEdge&) {});
            if (step && step->owner != 0 && seen.insert(who).second) links.push_back({*step, from});
        };
        const auto go_on_from = [&](PartyId owner, std::size_t from) {
            if (owner != mine.who_) look_at(owner, from);
            const PartyId home = home_of(owner);
            if (may_be_stopped(home, runs)) look_at(home, from);
        };
        go_on_from(owner, kStart);
        for (std::size_t at = 0; at < links.size(); ++at) {
            if (links[at].step.owner != mine.who_) {
                go_on_from(links[at].step.owner, at);
                continue;
            }
            for (; circle && at != kStart; at = links[at].from) circle->insert(circle->begin(), links[at].step);
            return true;
        }
        return false;
    }

    // The text of the circle that `mine` closes, if it still does. Under confirmation().
    static std::optional<std::string> confirm(const GraphEdge& mine, const Scheduler* runs) {
        std::vector<Step> steps;
        if (!closes(mine, runs, &steps)) return std::nullopt;
        std::string text = "deadlock: this wait would never end, because those who hold what it needs wait for it\n  " +
                           mine.description();
        PartyId owner = mine.owner();
        for (const Step& step : steps) {
            if (step.who != owner && step.who != home_of(owner)) return std::nullopt;
            std::string line;
            const auto again = step_of(step.who, [&](const GraphEdge& edge) { line = edge.description(); });
            if (!again || again->serial != step.serial || again->owner != step.owner) return std::nullopt;
            text += "\n  held by " + line;
            owner = step.owner;
        }
        if (owner != mine.who_) return std::nullopt;
        return text + "\n  held by the first";
    }
};

std::string place(const std::source_location& where) {
    // std::lock() and a scoped_lock of several pass on their own place, which says nothing.
    const std::string_view file = where.file_name();
    if (file.find("/include/c++/") != std::string_view::npos) return "a place that the standard library does not tell";
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

void GraphEdge::insert(PartyId who) noexcept {
    who_ = who;
    serial_ = next_party_id();
    WaitGraph::insert(*this);
}

void GraphEdge::remove() noexcept {
    WaitGraph::remove(*this);
    who_ = 0;
}

void GraphEdge::check(const Scheduler* runs, OnCircle on_circle) {
    if (WaitGraph::may_close(*this, runs)) check_slowly(runs, on_circle);
}

void GraphEdge::check_slowly(const Scheduler* runs, OnCircle on_circle) {
    std::optional<std::string> circle;
    try {
        if (!WaitGraph::closes(*this, runs, nullptr)) return;
        std::scoped_lock guard(confirmation());
        circle = WaitGraph::confirm(*this, runs);
        if (circle && on_circle == OnCircle::fail) remove();
    } catch (const std::exception&) {
        // No memory to look for a circle, or to tell of it. Who cannot go on without the thing waits nevertheless.
        if (on_circle == OnCircle::report) return;
        remove();
        throw;
    }
    if (!circle) return;
    if (on_circle == OnCircle::report) return report(ReportKind::deadlock, *circle);
    throw DeadlockError("hocket: " + *circle);
}

std::string describe_wait(PartyId who) {
    std::string text;
    (void)WaitGraph::step_of(who, [&](const GraphEdge& edge) { text = WaitGraph::description(edge); });
    return text;
}

std::string description_of(const TaskContext& task, const std::source_location& where) {
    return "task '" + task.name() + "' (" + std::to_string(number_of(task.party())) + "), which at " + place(where) +
           " waits for ";
}

// Its owner is the party that waits.
class WaitEdge::StoppedLoop final : GraphEdge {
public:
    StoppedLoop(const WaitEdge& wait, PartyId who) noexcept : wait_(wait), blocked_(who) {}
    ~StoppedLoop() {
        if (in_graph()) remove();
    }
    using GraphEdge::insert;

private:
    PartyId owner() const noexcept override { return blocked_; }
    bool waiting() const noexcept override { return wait_.waiting(); }
    std::string description() const override {
        return "a task, which needs the thread of its event loop, which is blocked";
    }
    const WaitEdge& wait_;
    const PartyId blocked_;  // of its own: the edge of the wait comes later and goes sooner
};

void WaitEdge::enter(const Waiter& waiter, const void* thing, const OwnedKind& kind, std::source_location where,
                     OnCircle on_circle) {
    waiter_ = &waiter;
    thing_ = thing;
    kind_ = &kind;
    where_ = where;
    if (!waiter.promise()) return enter_as_thread(on_circle);
    TaskContext& task = *waiter.promise()->task();
    if (task.scope().time_limited()) return;
    task_ = &task;
    insert(task.party());
    check(Scheduler::current(), on_circle);
}

void WaitEdge::enter_as_thread(OnCircle on_circle) {
    const ThreadCanceller* canceller = ThreadCanceller::current();
    if (canceller && canceller->pending()) return;  // it will not wait
    const Scheduler* scheduler = Scheduler::current();
    task_ = scheduler ? scheduler->current_task() : nullptr;
    thread_ = task_ ? nullptr : &ThreadRecord::current();
    const PartyId who = current_party();
    std::unique_ptr<StoppedLoop> stops;
    if (scheduler && scheduler->mark() != 0) {
        try {
            stops = std::make_unique<StoppedLoop>(*this, who);
            stops->insert(scheduler->mark());
        } catch (const std::exception&) {
            if (on_circle == OnCircle::fail) throw;
        }
    }
    ActAs::show_stack();
    insert(who);
    check(nullptr, on_circle);
    stopped_loop_ = stops.release();
}

void WaitEdge::leave_graph() noexcept {
    delete std::exchange(stopped_loop_, nullptr);
    remove();
}

std::string WaitEdge::description() const {
    const std::string what = kind_->describe(thing_);
    if (task_) return description_of(*task_, where_) + what;
    std::string text = "thread '" + thread_->name() + "'";
    if (who() != thread_->id()) text += ", job";
    return text + " (" + std::to_string(number_of(who())) + "), which at " + place(where_) + " waits for " + what;
}

void ActAs::show_stack() noexcept {
    for (ActAs* top = top_; top && !top->in_graph(); top = top->below_) {
        if (top->party_below_ == 0) continue;
        top->thread_ = &ThreadRecord::current();
        top->insert(top->party_below_);
    }
}

LoopRun::LoopRun(const void* result, const OwnedKind& kind)
    : result_(result), kind_(kind), thread_(ThreadRecord::current()) {
    insert(current_party());
}

std::string LoopRun::description() const {
    std::string text = "thread '" + thread_.name() + "'";
    if (who() != thread_.id()) text += ", job";
    return text + " (" + std::to_string(number_of(who())) + "), which runs an event loop until there is " +
           kind_.describe(result_);
}

std::string ActAs::description() const {
    std::string text = "thread '" + thread_->name() + "'";
    if (who() != thread_->id()) text += ", job";
    return text + " (" + std::to_string(number_of(who())) + "), which goes on when job (" +
           std::to_string(number_of(party_)) + ") on the same thread has ended";
}

}  // namespace hocket::detail
