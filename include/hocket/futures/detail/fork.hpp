// The forked half of a computation: run by whoever forked it, unless a thief was faster.
#pragma once
#include <atomic>
#include <exception>
#include <source_location>

#include "hocket/core/detail/context.hpp"
#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/futures/detail/pool_core.hpp"

namespace hocket::detail {

/// Lives on the stack of the worker that forked it, which pushes it to its deque, does something else, and takes it
/// back. If that fails, a thief has it: the worker joins it. Run by a thief it is a party of its own.
class Fork : public WorkItem {
public:
    void run(Worker& worker) noexcept final;
    bool abandon(const std::exception_ptr&, bool) noexcept final { return false; }  // its job is being run
    bool claimed() const noexcept final { return false; }
    void forget() noexcept final {}
    bool joined_by_maker() const noexcept final { return true; }

    /// Waits for the end of a fork that a thief has, running parts of it, what it has forked, meanwhile. A cancellation
    /// of the waiting job is passed on to the fork, whose end is awaited nevertheless. Throws what the fork has thrown.
    void join(Worker& worker, std::source_location where);
    /// The same, throwing nothing.
    void join_quietly(Worker& worker) noexcept;

protected:
    Fork() noexcept : context_(current_context()) {}
    ~Fork() = default;
    virtual void call() = 0;

private:
    static const OwnedKind kOwnedKind;
    bool done() const noexcept { return done_.load(std::memory_order_acquire); }
    void help(Worker& worker) noexcept;
    void wait_for_end() noexcept;

    std::atomic<bool> done_{false};  // set under the lock of waiter_
    WaitQueue waiter_;
    std::atomic<PartyId> party_{0};
    std::atomic<Worker*> runner_{nullptr};  // after floor_
    WorkDeque<WorkItem>::Position floor_ = 0;
    ThreadCanceller canceller_;
    ContextRef context_;  // of who forked it
    std::exception_ptr error_;
};

template <class F>
class ForkOf final : public Fork {
public:
    explicit ForkOf(F& function) noexcept : function_(function) {}
    ~ForkOf() = default;
    void call() override { function_(); }

private:
    F& function_;
};

}  // namespace hocket::detail
