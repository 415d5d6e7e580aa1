// acquire(): take several locks without fear of deadlock.
#pragma once
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

#include "hocket/sync/detail/acquired_set.hpp"

namespace hocket {

/// What acquire() took, given back when this is destroyed: by the thread or task that took it. Such guards may be
/// destroyed in any order. Movable.
class [[nodiscard("what acquire() took is given back at once if its guard is not kept")]] Acquired {
public:
    explicit Acquired(std::unique_ptr<detail::AcquiredSet> set) noexcept : set_(std::move(set)) {}
    /// Gives everything back now.
    void release() noexcept { set_.reset(); }

private:
    std::unique_ptr<detail::AcquiredSet> set_;
};

/// What async_acquire() returns: `co_await` it.
class [[nodiscard("acquiring does nothing until it is awaited: write co_await")]] AsyncAcquire {
public:
    explicit AsyncAcquire(std::vector<detail::AnyTakeable> locks) noexcept : locks_(std::move(locks)) {}
    class [[nodiscard]] Awaiter {
    public:
        explicit Awaiter(std::vector<detail::AnyTakeable> locks)
            : step_(take(std::move(locks), set_)), awaiter_(step_.operator co_await()) {}
        Awaiter(const Awaiter&) = delete;
        Awaiter& operator=(const Awaiter&) = delete;
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
            return awaiter_.await_suspend(caller);
        }
        Acquired await_resume() {
            awaiter_.await_resume();
            return Acquired(std::move(set_));
        }

    private:
        static detail::Step take(std::vector<detail::AnyTakeable> locks, std::unique_ptr<detail::AcquiredSet>& set) {
            auto taking = std::make_unique<detail::AcquiredSet>(std::move(locks));
            co_await taking->async_take();
            set = std::move(taking);
        }
        std::unique_ptr<detail::AcquiredSet> set_;
        detail::Step step_;
        detail::Step::Awaiter awaiter_;
    };
    Awaiter operator co_await() const { return Awaiter(locks_); }

private:
    std::vector<detail::AnyTakeable> locks_;
};

namespace detail {

inline Acquired take_all(std::vector<AnyTakeable> locks) {
    auto set = std::make_unique<AcquiredSet>(std::move(locks));
    set->take();
    return Acquired(std::move(set));
}

}  // namespace detail

/// Takes all the locks, waiting as long as it takes: anything with lock() and unlock(), or acquire() and release().
///
/// Everybody who takes several locks this way takes them in the order of their addresses, so that they cannot deadlock
/// with each other. A lock that is named twice, itself or by conditions that use it, is taken once. A call within the
/// life of another guard of the same thread or task must not name a lock that comes before one that is held so: it
/// throws LockOrderError, and takes nothing. Exempt is an RLock that the caller has already. Throws what taking the
/// locks throws, CancelledError among it, after giving back what was taken.
template <detail::Takeable... More>
Acquired acquire(detail::AnyTakeable first, More&... more) {
    return detail::take_all({first, detail::AnyTakeable(more, first.where())...});
}
/// The same for a range of locks, or of pointers to locks, none included.
template <detail::TakeableRange Range>
Acquired acquire(Range&& locks, std::source_location where = std::source_location::current()) {
    return detail::take_all(detail::takeables(locks, where));
}

/// The same in a task: `auto guard = co_await async_acquire(a, b);`. For Lock, RLock, Condition, semaphores.
template <detail::AsyncTakeable... More>
AsyncAcquire async_acquire(detail::AnyAsyncTakeable first, More&... more) {
    return AsyncAcquire({first, detail::AnyTakeable(more, first.where())...});
}
template <detail::TakeableRange Range>
requires detail::AsyncTakeable<detail::LockIn<Range>> AsyncAcquire
async_acquire(Range&& locks, std::source_location where = std::source_location::current()) {
    return AsyncAcquire(detail::takeables(locks, where));
}

}  // namespace hocket
