#include <algorithm>

#include "hocket/core/detail/party.hpp"
#include "hocket/futures/detail/pool_core.hpp"

namespace hocket::detail {
namespace {

// How often a worker looks everywhere before it sleeps: for some ten microseconds, since to wake it costs the one who
// has work more than that, and the work waits for still longer. But where there are many not at more than so many
// places: a thousand workers that become idle together would otherwise look at 256 million.
constexpr std::size_t kSearchRounds = 256;
constexpr std::size_t kSearchPlaces = 1024;
// Every how many turns it looks into the injection queue first.
constexpr unsigned kInjectedFirst = 61;

}  // namespace

void Worker::push(WorkItem& item) {
    deque_.push(&item, WorkDeque<WorkItem>::Publish::at_once);
    pool_.notify();
}

bool Worker::take_back(WorkItem& item) noexcept {
    while (WorkItem* newest = deque_.pop()) {
        if (newest == &item) return true;
        if (!newest->claimed()) {
            // Its place is free. Somebody may have looked while it was away.
            deque_.push(newest, WorkDeque<WorkItem>::Publish::at_once);
            pool_.notify();
            return false;
        }
        newest->forget();
    }
    return false;
}

bool Worker::take_back_fork(WorkItem& fork) noexcept {
    while (WorkItem* newest = deque_.pop()) {
        if (newest == &fork) return true;
        put_back(*newest);
    }
    return false;
}

WorkItem* Worker::steal_part(Worker& victim, WorkDeque<WorkItem>::Position floor) noexcept {
    while (WorkItem* item = victim.deque_.steal(floor)) {
        if (item->joined_by_maker()) {
            stolen_.store(stolen_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            return item;
        }
        put_back(*item);
    }
    return nullptr;
}

void Worker::put_back(WorkItem& item) noexcept {
    if (item.claimed()) return item.forget();
    pool_.put_back(item);
}

void Worker::run(WorkItem& item) noexcept {
    if (pool_.abandons_.load(std::memory_order_acquire)) [[unlikely]] {
        try {
            if (item.abandon(pool_.refusal(), !pool_.broken_.load(std::memory_order_acquire))) return;
        } catch (...) {  // no memory for the error: run it
        }
    }
    item.run(*this);
}

WorkItem* Worker::steal() noexcept {
    // Once around, beginning with the next one.
    Worker* const first = next_ ? next_ : pool_.first_.load(std::memory_order_acquire);
    Worker* victim = first;
    do {
        if (victim != this) {
            if (WorkItem* item = victim->deque_.steal()) {
                stolen_.store(stolen_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
                return item;
            }
        }
        victim = victim->next_ ? victim->next_ : pool_.first_.load(std::memory_order_acquire);
    } while (victim != first);
    return nullptr;
}

WorkItem* Worker::find() noexcept {
    if (++turns_ % kInjectedFirst == 0) {
        if (WorkItem* item = pool_.injected_.pop()) return item;
    }
    if (WorkItem* item = deque_.pop()) return item;
    return pool_.injected_.pop();
}

WorkItem* Worker::search() noexcept {
    // With one processor nobody can bring work meanwhile.
    const std::size_t most = can_spin() ? kSearchRounds : 1;
    for (;;) {
        const std::size_t workers = pool_.first_.load(std::memory_order_acquire)->index_ + 1;  // started so far
        const std::size_t rounds = std::clamp<std::size_t>(kSearchPlaces / workers, 1, most);
        for (std::size_t round = 0; round < rounds; ++round) {
            WorkItem* item = find();
            if (!item) item = steal();
            if (item) {
                pool_.search_ended();
                return item;
            }
            if (pool_.stopping()) break;
            pause_spinning();
        }
        if (pool_.sleep()) continue;  // woken, as a searcher
        if (pool_.stopping() && !pool_.has_work()) return nullptr;
    }
}

const OwnedKind Worker::kOwnedKind{[](const void* worker) noexcept {
                                       const auto& self = *static_cast<const Worker*>(worker);
                                       return self.ended() ? PartyId{0} : self.party_.load(std::memory_order_acquire);
                                   },
                                   [](const void* worker) {
                                       return "the end of the pool's thread '" +
                                              static_cast<const Worker*>(worker)->name() + "'";
                                   }};

std::string Worker::name() const { return pool_.options_.name + "-" + std::to_string(index_); }

void Worker::end() noexcept {
    pool_.worker_ended();
    WaitQueue::Popped joiners;
    {
        WaitQueue::Lock lock(joiners_);
        ended_.store(true, std::memory_order_release);
        joiners = lock.pop_all();
    }
    WaitQueue::wake_all(joiners);
}

void Worker::main() noexcept {
    current_ = this;
    { std::scoped_lock started(pool_.threads_mutex_); }  // by then the pool knows this worker
    try {
        party_.store(introduce_thread(), std::memory_order_release);
        ThreadRecord::current().set_name(name());
        if (pool_.options_.initializer && !pool_.broken_.load(std::memory_order_acquire)) pool_.options_.initializer();
    } catch (...) {
        pool_.break_with(std::current_exception());
    }
    // Without one, a thread counts as searching from its start.
    if (pool_.options_.initializer) pool_.begin_search();
    WorkItem* item = search();
    while (item) {
        run(*item);
        item = find();
        if (item) continue;
        if (pool_.park_surplus(static_cast<std::int32_t>(pool_.max_workers_))) {
            pool_.begin_search();
            item = search();
            continue;
        }
        item = steal();
        if (item) continue;
        pool_.begin_search();
        item = search();
    }
    current_ = nullptr;
    end();
}

}  // namespace hocket::detail
