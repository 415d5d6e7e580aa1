// Waiting for any of several futures.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>

#include "hocket/futures/detail/shared_state.hpp"

namespace hocket::detail {

/// Collects which of a number of states have become done, in that order. One thread asks; the states must live as long.
///
/// Invariant: each watched state has one Watch in its wait queue. Whoever completes the state appends the watch to
/// `completed_` under the lock of `waiter_`; the last thing that it does on the board is to decrement `watching_`. The
/// destructor takes out the watches that are still queued and waits for the others, which takes a few instructions.
class CompletionBoard {
public:
    /// For up to `capacity` states.
    explicit CompletionBoard(std::size_t capacity);
    CompletionBoard(const CompletionBoard&) = delete;
    CompletionBoard& operator=(const CompletionBoard&) = delete;
    ~CompletionBoard();

    /// From now on `state` is watched; next() tells of it by `index`, at once if it is done already.
    void watch(SharedStateBase& state, std::size_t index);
    /// Blocks until a state that was not told of yet is done, and returns its index; nothing when `deadline` has come.
    /// Throws CancelledError when the thread is cancelled, DeadlockError on the thread of an event loop.
    std::optional<std::size_t> next(TimePoint deadline, std::source_location where);

private:
    class Watch;
    void complete(Watch& watch) noexcept;
    std::optional<std::size_t> try_next() noexcept;

    std::unique_ptr<Watch[]> watches_;
    std::size_t used_ = 0;
    WaitQueue waiter_;
    Watch* completed_ = nullptr;  // oldest first; under the lock of waiter_
    Watch* newest_ = nullptr;
    std::atomic<std::size_t> watching_{0};
};

}  // namespace hocket::detail
