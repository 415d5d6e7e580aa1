#include "hocket/sync/detail/lock_order.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/report.hpp"
#include "hocket/sync/detail/lock_core.hpp"

namespace hocket::detail {
namespace {

struct Held {
    const LockCore* lock;
    std::source_location where;
    bool may_wait = false;  // it was awaited, or has been told of
};

// Two locks of which the first was held, since `first_at`, when the second was taken at `second_at`.
struct Order {
    std::source_location first_at;
    std::source_location second_at;
};

struct Relation {
    std::vector<Order> before;  // this lock was the first; one entry at most
    bool told = false;
};

struct Orders {
    std::mutex mutex;
    std::unordered_map<PartyId, std::vector<Held>> held;
    // Kept in both directions, so that a lock is forgotten without a search.
    std::unordered_map<const LockCore*, std::unordered_map<const LockCore*, Relation>> relations;
};

// Never destroyed: locks may be taken by static destructors.
Orders& orders() {
    static auto* orders = new Orders;
    return *orders;
}

std::string inversion(const LockCore& wanted, std::source_location where, const Held& held, const Order& other) {
    return "lock order: " + wanted.title() + " is taken at " + place(where) + " by who holds " + held.lock->title() +
           " since " + place(held.where) + "; elsewhere the former was held, since " + place(other.first_at) +
           ", when the latter was taken at " + place(other.second_at) +
           ". Two that do this at the same time deadlock: take them in one order, or with acquire()";
}

}  // namespace

void LockOrder::about_to_take(PartyId party, const LockCore& lock, std::source_location where) noexcept try {
    std::vector<std::string> reports;
    {
        Orders& all = orders();
        std::scoped_lock guard(all.mutex);
        const auto mine = all.held.find(party);
        if (mine == all.held.end()) return;
        for (const Held& held : mine->second) {
            if (held.lock == &lock) continue;
            Relation& there = all.relations[&lock][held.lock];
            Relation& here = all.relations[held.lock][&lock];
            if (here.before.empty()) here.before.push_back({held.where, where});
            if (there.before.empty() || there.told) continue;
            there.told = here.told = true;
            reports.push_back(inversion(lock, where, held, there.before.front()));
        }
    }
    for (const std::string& text : reports) report(ReportKind::lock_order, text);
} catch (...) {  // no memory: an order less is known
}

void LockOrder::taken(PartyId party, const LockCore& lock, std::source_location where) noexcept try {
    Orders& all = orders();
    std::scoped_lock guard(all.mutex);
    all.held[party].push_back({&lock, where, false});
} catch (...) {
}

void LockOrder::was_awaited(PartyId party, const LockCore& lock) noexcept {
    Orders& all = orders();
    std::scoped_lock guard(all.mutex);
    const auto mine = all.held.find(party);
    if (mine == all.held.end()) return;
    for (Held& held : mine->second) {
        if (held.lock == &lock) held.may_wait = true;
    }
}

void LockOrder::step_ended(PartyId party, std::string_view who) noexcept try {
    std::vector<std::string> reports;
    {
        Orders& all = orders();
        std::scoped_lock guard(all.mutex);
        const auto mine = all.held.find(party);
        if (mine == all.held.end()) return;
        for (Held& held : mine->second) {
            if (held.may_wait) continue;
            held.may_wait = true;
            reports.push_back(std::string(who) + " waits while it holds " + held.lock->title() +
                              ", which it took by a blocking call at " + place(held.where) +
                              "; a task that blocks for it meanwhile stops the loop, and so the one that holds it. "
                              "Take it by co_await async_lock()");
        }
    }
    for (const std::string& text : reports) report(ReportKind::lock_across_await, text);
} catch (...) {  // no memory
}

void LockOrder::given_back(PartyId party, const LockCore& lock) noexcept {
    Orders& all = orders();
    std::scoped_lock guard(all.mutex);
    const auto mine = all.held.find(party);
    if (mine == all.held.end()) return;
    std::erase_if(mine->second, [&](const Held& held) { return held.lock == &lock; });
    if (mine->second.empty()) all.held.erase(mine);
}

void LockOrder::forget(const LockCore& lock) noexcept {
    Orders& all = orders();
    std::scoped_lock guard(all.mutex);
    const auto its = all.relations.find(&lock);
    if (its == all.relations.end()) return;
    for (const auto& [other, relation] : its->second) {
        const auto others = all.relations.find(other);
        others->second.erase(&lock);
        if (others->second.empty()) all.relations.erase(others);
    }
    all.relations.erase(its);
}

}  // namespace hocket::detail
