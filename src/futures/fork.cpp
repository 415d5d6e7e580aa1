#include "hocket/futures/detail/fork.hpp"

#include "hocket/core/detail/spin_wait.hpp"

namespace hocket::detail {
namespace {

// How long a join looks for parts of the fork to run before it blocks.
constexpr int kSpins = 256;

}  // namespace

const OwnedKind Fork::kOwnedKind{[](const void* fork) noexcept {
                                     const auto& self = *static_cast<const Fork*>(fork);
                                     return self.done() ? PartyId{0} : self.party_.load(std::memory_order_acquire);
                                 },
                                 [](const void*) { return std::string("the end of what it has forked"); }};

void Fork::run(Worker& worker) noexcept {
    {
        const EnterContext inherited(context_);
        const Worker::Nested nested(worker);
        floor_ = worker.next_position();
        runner_.store(&worker, std::memory_order_release);
        const PartyId party = next_party_id();
        party_.store(party, std::memory_order_release);
        const ActAs as(party);
        ThreadCanceller* before = ThreadCanceller::install_over(canceller_);
        try {
            call();
        } catch (...) {
            error_ = std::current_exception();
        }
        ThreadCanceller::install(before);
    }
    Waiter* waiter = nullptr;
    {
        WaitQueue::Lock lock(waiter_);
        done_.store(true, std::memory_order_release);
        waiter = lock.pop();
    }
    if (waiter) waiter->wake();
}

void Fork::help(Worker& worker) noexcept {
    for (int spins = 0; spins < kSpins && !done(); ++spins) {
        Worker* runner = runner_.load(std::memory_order_acquire);
        if (runner && worker.leapfrog(*runner, floor_, [this] { return done(); })) {
            spins = 0;
        } else {
            pause_spinning();
        }
    }
}

void Fork::wait_for_end() noexcept {
    ThreadCanceller* canceller = ThreadCanceller::install(nullptr);
    {
        ThreadWaiter waiter;
        const BlockedWorker blocked;
        if (waiter_.push_unless(waiter, [this] { return done(); })) waiter.park();
    }
    ThreadCanceller::install(canceller);
}

void Fork::join(Worker& worker, std::source_location where) {
    help(worker);
    if (!done()) {
        try {
            ThreadWaiter waiter;
            WaitEdge edge;
            edge.enter(waiter, this, kOwnedKind, where);
            const BlockedWorker blocked;
            if (waiter_.push_unless(waiter, [this] { return done(); })) (void)waiter.block(kNever, where);
        } catch (...) {
            canceller_.cancel();
            wait_for_end();
            throw;
        }
    }
    // A waker that holds the lock still has a use for this object.
    { WaitQueue::Lock lock(waiter_); }
    if (error_) std::rethrow_exception(error_);
}

void Fork::join_quietly(Worker& worker) noexcept {
    canceller_.cancel();
    help(worker);
    wait_for_end();
}

}  // namespace hocket::detail
