#include "hocket/core/detail/wait_graph.hpp"

#include <mutex>
#include <optional>
#include <vector>

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
Bucket& bucket_of(PartyId party) noexcept { return buckets[party % kBuckets]; }

std::mutex& confirmation() {
    static auto* mutex = new std::mutex;  // never destroyed: threads wait during exit too
    return *mutex;
}

}  // namespace

class WaitGraph {
public:
    struct Step {
        PartyId who;
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

    // Whether the chain of owners from `mine` comes back to its party; `steps`, if given, gets the chain.
    static bool closes(const WaitEdge& mine, std::vector<Step>* steps) {
        PartyId at = mine.kind_->owner(mine.thing_);
        PartyId milestone = 0;  // Brent's way of noticing that the chain has run into a circle of others
        for (std::size_t walked = 0, next_milestone = 1; at != 0; ++walked) {
            if (at == mine.who_) return true;
            if (at == milestone) return false;
            if (walked == next_milestone) {
                milestone = at;
                next_milestone *= 2;
            }
            const auto step = step_of(at, [](const WaitEdge&) {});
            if (!step || step->owner == at) return false;
            if (steps) steps->push_back(*step);
            at = step->owner;
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
            if (step.who != owner) return std::nullopt;
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
        if (edge.task_) {
            text = "task '" + edge.task_->name() + "'";
        } else {
            text = "thread '" + edge.thread_->name() + "'";
            if (edge.who_ != edge.thread_->id()) text += ", job";
        }
        return text + " (" + std::to_string(edge.who_) + "), which at " + place(edge.where_) + " waits for " +
               edge.kind_->describe(edge.thing_);
    }
};

std::string place(const std::source_location& where) {
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

void WaitEdge::enter(const Waiter& waiter, const void* thing, const OwnedKind& kind, std::source_location where,
                     OnCircle on_circle) {
    const Scheduler* scheduler = Scheduler::current();
    task_ = scheduler ? scheduler->current_task() : nullptr;
    thread_ = task_ ? nullptr : &ThreadRecord::current();
    who_ = current_party();
    serial_ = next_party_id();
    waiter_ = &waiter;
    thing_ = thing;
    kind_ = &kind;
    where_ = where;
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

void WaitEdge::leave() noexcept {
    if (who_ == 0) return;
    WaitGraph::remove(*this);
    who_ = 0;
}

}  // namespace hocket::detail
