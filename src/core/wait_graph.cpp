#include "hocket/core/detail/wait_graph.hpp"

#include <mutex>
#include <optional>
#include <unordered_set>
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
            while ((word_ = bucket_.word_.fetch_or(1, std::memory_order_acquire)) & 1) spin.once();
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock() { bucket_.word_.store(word_, std::memory_order_release); }
        WaitEdge* first() const noexcept { return reinterpret_cast<WaitEdge*>(word_); }
        void set_first(WaitEdge* edge) noexcept { word_ = reinterpret_cast<std::uintptr_t>(edge); }

    private:
        Bucket& bucket_;
        std::uintptr_t word_ = 0;
    };

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

    static void insert(WaitEdge& edge) noexcept {
        Bucket::Lock lock(bucket_of(edge.who_));
        edge.previous_ = nullptr;
        edge.next_ = lock.first();
        if (edge.next_) edge.next_->previous_ = &edge;
        lock.set_first(&edge);
    }

    static void remove(WaitEdge& edge) noexcept {
        Bucket::Lock lock(bucket_of(edge.who_));
        if (edge.next_) edge.next_->previous_ = edge.previous_;
        if (edge.previous_) {
            edge.previous_->next_ = edge.next_;
        } else {
            lock.set_first(edge.next_);
        }
    }

    // What `who` waits for, if it waits.
    template <class See>
    static std::optional<Step> step_of(PartyId who, See&& see) {
        Bucket::Lock lock(bucket_of(who));
        for (WaitEdge* edge = lock.first(); edge; edge = edge->next_) {
            if (edge->who_ != who) continue;
            // The owner first: it is the next one's doing, whose edge is looked at after that.
            const PartyId owner = edge->kind_->owner(edge->thing_);
            if (edge->waiter_->outcome() != WaitOutcome::waiting) return std::nullopt;
            see(*edge);
            return Step{who, edge->serial_, owner};
        }
        return std::nullopt;
    }

    // Whether some chain of owners from `mine` comes back to its party; `circle`, if given, gets it.
    static bool closes(const WaitEdge& mine, std::vector<Step>* circle) {
        const PartyId owner = mine.kind_->owner(mine.thing_);
        if (owner == 0) return false;
        if (owner == mine.who_) return true;
        const Scheduler* here = mine.waiter_->promise() ? Scheduler::current() : nullptr;  // runs, since it runs us
        const auto may_be_stopped = [&](PartyId home) { return home != 0 && !(here && here->mark() == home); };
        // Most often the owner waits for nothing.
        if (!may_be_stopped(home_of(owner)) && !step_of(owner, [](const WaitEdge&) {})) return false;

        struct Link {
            Step step;
            std::size_t from;
        };
        constexpr std::size_t kStart = static_cast<std::size_t>(-1);
        std::vector<Link> links;
        std::unordered_set<PartyId> seen;
        const auto look_at = [&](PartyId who, std::size_t from) {
            const auto step = step_of(who, [](const WaitEdge&) {});
            if (step && step->owner != 0 && seen.insert(who).second) links.push_back({*step, from});
        };
        const auto go_on_from = [&](PartyId owner, std::size_t from) {
            if (owner != mine.who_) look_at(owner, from);
            const PartyId home = home_of(owner);
            if (may_be_stopped(home)) look_at(home, from);
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
    static std::optional<std::string> confirm(const WaitEdge& mine) {
        std::vector<Step> steps;
        if (!closes(mine, &steps)) return std::nullopt;
        std::string text = "deadlock: this wait would never end, because those who hold what it needs wait for it\n  " +
                           describe(mine);
        PartyId owner = mine.kind_->owner(mine.thing_);
        for (const Step& step : steps) {
            if (step.who != owner && step.who != home_of(owner)) return std::nullopt;
            std::string line;
            const auto again = step_of(step.who, [&](const WaitEdge& edge) { line = describe(edge); });
            if (!again || again->serial != step.serial || again->owner != step.owner) return std::nullopt;
            text += "\n  held by " + line;
            owner = step.owner;
        }
        if (owner != mine.who_) return std::nullopt;
        return text + "\n  held by the first";
    }

private:
    static std::string describe(const WaitEdge& edge) {
        std::string text;
        if (number_of(edge.who_) == 0) return "a task, which " + edge.kind_->describe(edge.thing_);
        if (edge.task_) {
            text = "task '" + edge.task_->name() + "'";
        } else {
            text = "thread '" + edge.thread_->name() + "'";
            if (edge.who_ != edge.thread_->id()) text += ", job";
        }
        return text + " (" + std::to_string(number_of(edge.who_)) + "), which at " + place(edge.where_) +
               " waits for " + edge.kind_->describe(edge.thing_);
    }
};

std::string place(const std::source_location& where) {
    // std::lock() and a scoped_lock of several pass on their own place, which says nothing.
    const std::string_view file = where.file_name();
    if (file.find("/include/c++/") != std::string_view::npos) return "a place that the standard library does not tell";
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

void WaitEdge::enter(const Waiter& waiter, const void* thing, const OwnedKind& kind, std::source_location where,
                     OnCircle on_circle) {
    const Scheduler* scheduler = Scheduler::current();
    if (waiter.promise() && waiter.promise()->task()->scope().time_limited()) return;
    task_ = scheduler ? scheduler->current_task() : nullptr;
    thread_ = task_ ? nullptr : &ThreadRecord::current();
    // Allocated before there is anything to undo.
    const bool stops_loop = scheduler && scheduler->mark() != 0 && !waiter.promise();
    if (stops_loop) stopped_loop_ = std::make_unique<WaitEdge>();
    who_ = current_party();
    serial_ = next_party_id();
    waiter_ = &waiter;
    thing_ = thing;
    kind_ = &kind;
    where_ = where;
    if (stops_loop) stop_loop(*scheduler);
    WaitGraph::insert(*this);
    if (!WaitGraph::closes(*this, nullptr)) return;
    std::optional<std::string> circle;
    try {
        std::scoped_lock guard(confirmation());
        circle = WaitGraph::confirm(*this);
        if (circle && on_circle == OnCircle::fail) leave();
    } catch (...) {
        if (on_circle == OnCircle::report) return report(ReportKind::deadlock, "a deadlock, but no memory to tell it");
        leave();
        throw;
    }
    if (!circle) return;
    if (on_circle == OnCircle::fail) throw DeadlockError("hocket: " + *circle);
    report(ReportKind::deadlock, *circle);
}

// The thing is this edge, its owner the party that waits.
void WaitEdge::stop_loop(const Scheduler& scheduler) {
    static constexpr OwnedKind kLoop{
        [](const void* edge) noexcept { return static_cast<const WaitEdge*>(edge)->who_; },
        [](const void*) { return std::string("needs the thread of its event loop, which is blocked"); }};
    stopped_loop_->who_ = scheduler.mark();
    stopped_loop_->serial_ = serial_;
    stopped_loop_->waiter_ = waiter_;
    stopped_loop_->thing_ = this;
    stopped_loop_->kind_ = &kLoop;
    WaitGraph::insert(*stopped_loop_);
}

void WaitEdge::leave() noexcept {
    if (who_ == 0) return;
    stopped_loop_.reset();
    WaitGraph::remove(*this);
    who_ = 0;
}

}  // namespace hocket::detail
