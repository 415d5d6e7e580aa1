// Waiting for any of several futures.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>

#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/futures/detail/shared_state.hpp"

namespace hocket::detail {

/// Collects which of a number of states have become done, in that order. One thread or task asks; the states must live
/// as long.
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

    class [[nodiscard]] NextAwaiter final : public QueueAwaiter<NextAwaiter> {
    public:
        explicit NextAwaiter(CompletionBoard& board) noexcept : board_(board) {}
        ~NextAwaiter() = default;
        bool try_now() const noexcept { return board_.told(); }
        std::string waits_for() const override { return "the first of several results"; }
        bool take_or_queue() noexcept {
            return !board_.waiter_.push_unless(*this, [this] { return board_.completed_ != nullptr; });
        }
        std::size_t await_resume() {
            check();
            return *board_.try_next();
        }

    private:
        CompletionBoard& board_;
    };
    class [[nodiscard]] Next {
    public:
        explicit Next(CompletionBoard& board) noexcept : board_(board) {}
        NextAwaiter operator co_await() const noexcept { return NextAwaiter(board_); }

    private:
        CompletionBoard& board_;
    };
    /// `co_await async_next()` does in a coroutine what next() does without a deadline.
    Next async_next() noexcept { return Next(*this); }

private:
    class Watch;
    void complete(Watch& watch) noexcept;
    std::optional<std::size_t> try_next() noexcept;
    bool told() noexcept;

    std::unique_ptr<Watch[]> watches_;
    std::size_t used_ = 0;
    WaitQueue waiter_;
    Watch* completed_ = nullptr;  // oldest first; under the lock of waiter_
    Watch* newest_ = nullptr;
    std::atomic<std::size_t> watching_{0};
};

}  // namespace hocket::detail
