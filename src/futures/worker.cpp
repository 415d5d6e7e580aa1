#include "hocket/core/detail/party.hpp"
#include "hocket/futures/detail/pool_core.hpp"

namespace hocket::detail {
namespace {

// How often a worker looks everywhere before it sleeps.
constexpr int kSearchRounds = 64;
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
            deque_.push(newest, WorkDeque<WorkItem>::Publish::soon);  // its place is free
            return false;
        }
        newest->forget();
    }
    return false;
}

bool Worker::take_back_fork(WorkItem& fork) noexcept {
    while (WorkItem* newest = deque_.pop()) {
        if (newest == &fork) return true;
        pool_.injected_.push_back(*newest);
        pool_.notify_soon();
    }
    return false;
}

bool Worker::leapfrog(Worker& victim, WorkDeque<WorkItem>::Position floor) noexcept {
    WorkItem* item = victim.deque_.steal(floor);
    if (!item) return false;
    stolen_.store(stolen_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    run(*item);
    return true;
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
    for (;;) {
        for (int round = 0; round < kSearchRounds; ++round) {
            WorkItem* item = find();
            if (!item) item = steal();
            if (item) {
                pool_.search_ended();
                return item;
            }
            if (pool_.stopping_.load(std::memory_order_acquire)) break;
            pause_spinning();
        }
        if (pool_.sleep()) continue;  // woken, as a searcher
        if (!pool_.has_work() && pool_.stopping_.load(std::memory_order_acquire)) {
            pool_.word_.fetch_sub(PoolCore::kOneSearching, std::memory_order_seq_cst);
            return nullptr;
        }
    }
}

void Worker::main() noexcept {
    current_ = this;
    { std::scoped_lock started(pool_.threads_mutex_); }  // by then the pool knows this worker
    try {
        ThreadRecord::current().set_name(pool_.options_.name + "-" + std::to_string(index_));
        if (pool_.options_.initializer) pool_.options_.initializer();
    } catch (...) {
        pool_.break_with(std::current_exception());
    }
    // A thread that was just started counts as searching.
    WorkItem* item = search();
    while (item) {
        run(*item);
        item = find();
        if (item) continue;
        if (pool_.park_surplus()) {
            pool_.word_.fetch_add(PoolCore::kOneSearching, std::memory_order_seq_cst);
            item = search();
            continue;
        }
        item = steal();
        if (item) continue;
        pool_.word_.fetch_add(PoolCore::kOneSearching, std::memory_order_seq_cst);
        item = search();
    }
    current_ = nullptr;
    pool_.worker_ended();
}

}  // namespace hocket::detail
