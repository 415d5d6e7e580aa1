// Waiting for several futures.
#pragma once
#include <memory>
#include <ranges>
#include <source_location>
#include <string>
#include <vector>

#include "hocket/futures/detail/completion_board.hpp"
#include "hocket/futures/future.hpp"

namespace hocket {

/// What wait() waits for.
enum ReturnWhen {
    ALL_COMPLETED,    ///< all of them are done
    FIRST_COMPLETED,  ///< one of them is done
    FIRST_EXCEPTION,  ///< one of them has ended with an exception (cancelled ones do not count), or all are done
};

/// The futures given to wait(), each in one of the two, in the order in which they were given.
template <class T>
struct WaitResult {
    WaitResult() = default;
    std::vector<Future<T>> done;
    std::vector<Future<T>> pending;
};

namespace detail {

template <class Range>
using FutureResult = typename std::ranges::range_value_t<Range>::Result;

/// Blocks until what `when` says has happened, or until the deadline. Throws as Future::result() does.
void wait_for_states(const std::vector<SharedStateBase*>& states, ReturnWhen when, TimePoint deadline,
                     std::source_location where);

template <class Range>
WaitResult<FutureResult<Range>> wait_until(const Range& futures, ReturnWhen when, TimePoint deadline,
                                           std::source_location where) {
    std::vector<SharedStateBase*> states;
    for (const auto& future : futures) states.push_back(&*future.checked());
    wait_for_states(states, when, deadline, where);
    WaitResult<FutureResult<Range>> result;
    for (const auto& future : futures) (future.done() ? result.done : result.pending).push_back(future);
    return result;
}

}  // namespace detail

/// Blocks the calling thread until `when` is true of `futures` (a range of Future<T>). Does not throw what the futures
/// hold. Throws CancelledError when this thread is cancelled, DeadlockError as Future::result() does.
template <std::ranges::forward_range Range>
WaitResult<detail::FutureResult<Range>> wait(const Range& futures, ReturnWhen when = ALL_COMPLETED,
                                             std::source_location where = std::source_location::current()) {
    return detail::wait_until(futures, when, kNever, where);
}
/// The same for at most `limit`, after which the rest is pending.
template <std::ranges::forward_range Range, class Rep, class Period>
WaitResult<detail::FutureResult<Range>> wait(const Range& futures, ReturnWhen when,
                                             std::chrono::duration<Rep, Period> limit,
                                             std::source_location where = std::source_location::current()) {
    return detail::wait_until(futures, when, detail::deadline_after(limit), where);
}

/// What as_completed() returns: a range that is gone through once, blocking at each step.
template <class T>
class AsCompleted {
public:
    class Iterator {
    public:
        using value_type = Future<T>;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        Iterator() noexcept = default;
        Future<T>& operator*() const noexcept { return range_->futures_[range_->index_]; }
        Iterator& operator++() {
            range_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return range_->left_ == 0; }

    private:
        friend AsCompleted;
        explicit Iterator(AsCompleted& range) noexcept : range_(&range) {}
        AsCompleted* range_ = nullptr;
    };

    /// Blocks until the first is done.
    Iterator begin() {
        if (left_ > 0) step();
        return Iterator(*this);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

    AsCompleted(AsCompleted&&) noexcept = default;
    AsCompleted& operator=(AsCompleted&&) = delete;  // the futures must not go before the board that watches them

    /// For the library: see as_completed().
    AsCompleted(std::vector<Future<T>> futures, TimePoint deadline, std::source_location where)
        : futures_(std::move(futures)),
          left_(futures_.size()),
          deadline_(deadline),
          where_(where),
          board_(std::make_unique<detail::CompletionBoard>(futures_.size())) {
        for (std::size_t i = 0; i < futures_.size(); ++i) board_->watch(*futures_[i].checked(), i);
    }

private:
    void advance() {
        if (--left_ > 0) step();
    }
    void step() {
        const auto index = board_->next(deadline_, where_);
        if (!index) {
            throw TimeoutError("hocket: " + std::to_string(left_) + " of " + std::to_string(futures_.size()) +
                               " futures were not done within the time limit");
        }
        index_ = *index;
    }
    std::vector<Future<T>> futures_;
    std::size_t left_;
    std::size_t index_ = 0;
    TimePoint deadline_;
    std::source_location where_;
    std::unique_ptr<detail::CompletionBoard> board_;  // last: it watches the futures
};

/// A range that gives the futures in the order in which they are done, those that are done already first. Going through
/// it blocks the calling thread, and throws as wait() does.
template <std::ranges::forward_range Range>
AsCompleted<detail::FutureResult<Range>> as_completed(const Range& futures,
                                                      std::source_location where = std::source_location::current()) {
    return {{std::ranges::begin(futures), std::ranges::end(futures)}, kNever, where};
}
/// The same, but throws TimeoutError if not all of them are done after `limit`, counted from this call.
template <std::ranges::forward_range Range, class Rep, class Period>
AsCompleted<detail::FutureResult<Range>> as_completed(const Range& futures, std::chrono::duration<Rep, Period> limit,
                                                      std::source_location where = std::source_location::current()) {
    return {{std::ranges::begin(futures), std::ranges::end(futures)}, detail::deadline_after(limit), where};
}

}  // namespace hocket
