#include "hocket/futures/detail/completion_board.hpp"

#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/futures/detail/pool_core.hpp"

namespace hocket::detail {

class CompletionBoard::Watch final : public Waiter {
public:
    Watch() noexcept : Waiter(Kind::relays) {}
    ~Watch() = default;
    void run() noexcept override {
        CompletionBoard& on = *board;
        if (outcome() != WaitOutcome::cancelled) on.complete(*this);
        on.watching_.fetch_sub(1, std::memory_order_release);
    }
    CompletionBoard* board = nullptr;
    SharedStateBase* state = nullptr;
    std::size_t index = 0;
    Watch* next_completed = nullptr;
};

CompletionBoard::CompletionBoard(std::size_t capacity) : watches_(new Watch[capacity]) {}

CompletionBoard::~CompletionBoard() {
    for (std::size_t i = 0; i < used_; ++i) {
        if (watches_[i].board) watches_[i].interrupt(WaitOutcome::cancelled);
    }
    SpinWait spin;
    while (watching_.load(std::memory_order_acquire) != 0) spin.once();
}

void CompletionBoard::watch(SharedStateBase& state, std::size_t index) {
    Watch& watch = watches_[used_++];
    watch.state = &state;
    watch.index = index;
    watch.board = this;
    watching_.fetch_add(1, std::memory_order_relaxed);
    if (state.wait_with(watch)) return;
    watch.board = nullptr;  // in no queue
    complete(watch);
    watching_.fetch_sub(1, std::memory_order_relaxed);
}

void CompletionBoard::complete(Watch& watch) noexcept {
    Waiter* woken = nullptr;
    {
        WaitQueue::Lock lock(waiter_);
        (completed_ ? newest_->next_completed : completed_) = &watch;
        newest_ = &watch;
        woken = lock.pop();
    }
    if (woken) woken->wake();
}

std::optional<std::size_t> CompletionBoard::try_next() noexcept {
    WaitQueue::Lock lock(waiter_);
    if (!completed_) return std::nullopt;
    const std::size_t index = completed_->index;
    completed_ = completed_->next_completed;
    return index;
}

bool CompletionBoard::told() noexcept {
    WaitQueue::Lock lock(waiter_);
    return completed_ != nullptr;
}

std::optional<std::size_t> CompletionBoard::next(TimePoint deadline, std::source_location where) {
    for (bool in_time = true;;) {
        if (const auto index = try_next()) return index;
        if (!in_time) return std::nullopt;
        if (Scheduler::current()) {
            throw DeadlockError(
                "hocket: a blocking wait for Futures on the thread of an event loop would stop the loop that may have "
                "to produce their results; await them instead");
        }
        // Runs none of the jobs itself: one may wait for what only happens after another is done. If the pool's threads
        // all wait, a spare one is started.
        ThreadWaiter waiter;
        const BlockedWorker blocked;
        if (waiter_.push_unless(waiter, [this] { return completed_ != nullptr; }))
            in_time = waiter.block(deadline, where);
    }
}

}  // namespace hocket::detail
