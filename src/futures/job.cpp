#include "hocket/futures/detail/job.hpp"

namespace hocket::detail {
namespace {

// How many jobs a worker runs on one stack, each waiting for the next, before it leaves the next to another thread.
constexpr int kMostNested = 1000;

}  // namespace

void Job::help(const SharedStateBase& state) {
    Worker* worker = Worker::current();
    if (!worker || &worker->pool() != pool_) {
        if (pool_ && waiters_help_ && claim()) execute(nullptr);
        return;
    }
    if (worker->nesting() >= kMostNested) return;
    if (!claimed() && worker->take_back(*this)) return run(*worker);
    if (claim()) return execute(worker);
    // Somebody else runs it: what that worker has forked since are parts of this job. Nothing else may be run on top of
    // what this thread is doing, which may hold locks that the other work needs, or be what the other work waits for.
    // (Leapfrogging: Wagner, Calder: Portable and efficient futures in a cooperative environment, PPoPP 1993.)
    const auto over = [&state] { return state.done(); };
    while (!state.done()) {
        Worker* runner = runner_.load(std::memory_order_acquire);
        if (!runner || runner == worker || !worker->leapfrog(*runner, floor_, over)) return;
    }
}

}  // namespace hocket::detail
