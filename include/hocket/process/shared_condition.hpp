// SharedCondition: wait until something that a lock between processes protects has changed.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <source_location>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/process/shared_lock.hpp"

namespace hocket {

/// A lock, and a line of those who gave it back until they are notified; what Condition is, between processes. It is
/// locked as a SharedLock is, by its own lock or by one that it shares with others. A handle: copies are the same.
///
///     std::unique_lock guard(condition);
///     condition.wait(guard, [&] { return *state == ready; });
///
/// Each wait gives the lock back, however often a SharedRLock was taken, and takes it again before it ends, whichever
/// way. Use the forms with a predicate: a wait without one may end for no reason, or by a notification that another one
/// was woken for. (If that one is killed before it could go on, those who wait find out in this way, within a second.)
/// If somebody dies with the lock, those
/// who wait get OwnerDiedError, within a second; they have the lock then, as after every wait, and the others will be
/// told until it is recovered.
///
/// Thread-safe. Cancellation: a cancelled wait throws CancelledError. Taking the lock again is neither cancelled nor
/// timed.
class SharedCondition : public detail::SharedLocking {
    using Place = std::source_location;

public:
    SharedCondition() : SharedCondition(std::string_view()) {}
    /// With a lock of its own. `name` shows in messages. Throws std::system_error.
    explicit SharedCondition(std::string_view name) : SharedCondition(Line(name)) {}
    /// Uses `lock`.
    explicit SharedCondition(const SharedLock& lock) : SharedLocking(lock), line_(Line(std::string_view(), lock)) {}
    explicit SharedCondition(const SharedRLock& lock) : SharedLocking(lock), line_(Line(std::string_view(), lock)) {}
    explicit SharedCondition(InputArchive& archive) : SharedCondition(Line(archive), archive) {}
    /// That of another process, by the descriptor of it that this one has, and keeps. Throws std::invalid_argument if
    /// it is none, or one that uses the lock of another object.
    static SharedCondition from_descriptor(int descriptor);
    int descriptor() const noexcept { return line_.descriptor(); }
    void save(OutputArchive& archive) const;

    /// Blocks until notified.
    template <class Guard>
    void wait(Guard& guard, Place where = Place::current()) const {
        (void)wait_once(guard, kNever, where);
    }
    /// Blocks until `predicate()`, called with the lock held, is true.
    template <class Guard, std::predicate Predicate>
    void wait(Guard& guard, Predicate predicate, Place where = Place::current()) const {
        while (!predicate()) (void)wait_once(guard, kNever, where);
    }
    /// Blocks for at most `limit`; whether it was notified.
    template <class Guard, class Rep, class Period>
    bool wait_for(Guard& guard, std::chrono::duration<Rep, Period> limit, Place where = Place::current()) const {
        return wait_once(guard, detail::deadline_after(limit), where);
    }
    /// Blocks for at most `limit`, until `predicate()` is true; what it says at the end.
    template <class Guard, class Rep, class Period, std::predicate Predicate>
    bool wait_for(Guard& guard, std::chrono::duration<Rep, Period> limit, Predicate predicate,
                  Place where = Place::current()) const {
        return wait_until(guard, detail::deadline_after(limit), std::move(predicate), where);
    }
    /// Blocks until `deadline` at most; whether it was notified.
    template <class Guard, class Clock, class Duration>
    bool wait_until(Guard& guard, std::chrono::time_point<Clock, Duration> deadline,
                    Place where = Place::current()) const {
        return wait_once(guard, detail::deadline_at(deadline), where);
    }
    /// Blocks until `deadline` at most, until `predicate()` is true; what it says at the end.
    template <class Guard, class Clock, class Duration, std::predicate Predicate>
    bool wait_until(Guard& guard, std::chrono::time_point<Clock, Duration> deadline, Predicate predicate,
                    Place where = Place::current()) const {
        const TimePoint end = detail::deadline_at(deadline);
        while (!predicate()) {
            if (!wait_once(guard, end, where)) return predicate();
        }
        return true;
    }

    /// Lets `count` of the waiters go on, once they get the lock, which the caller must have.
    void notify(std::size_t count = 1) const;
    void notify_all() const;

    /// Takes the lock, blocking, even if its last owner died with it, and makes it as it was before that.
    [[nodiscard("the lock is given back at once if its guard is not kept")]] std::unique_lock<SharedCondition> recover(
        Place where = Place::current()) {
        recover_lock(where);
        return std::unique_lock<SharedCondition>(*this, std::adopt_lock);
    }

private:
    struct State;
    // Where those are who wait, and the condition's own lock.
    class Line : public SharedObject {
    public:
        explicit Line(std::string_view name) : SharedObject(kind(), name) {}
        Line(std::string_view name, const SharedLocking& lock);
        explicit Line(SharedMemory memory) : SharedObject(std::move(memory), kind()) {}
        explicit Line(InputArchive& archive) : SharedObject(archive, kind()) {}
        State& state() const noexcept { return SharedObject::state<State>(); }
        detail::LockState& own_lock() const noexcept;
        bool borrows_lock() const noexcept;

    private:
        static Kind kind() noexcept;
    };
    explicit SharedCondition(Line line) : SharedLocking(line, line.own_lock()), line_(line) {}
    SharedCondition(Line line, InputArchive& archive);

    template <class Guard>
    bool wait_once(const Guard&, TimePoint deadline, Place where) const {
        return block(deadline, where);
    }
    bool block(TimePoint deadline, Place where) const;
    void check_held(const char* attempt) const;

    Line line_;
};

}  // namespace hocket
