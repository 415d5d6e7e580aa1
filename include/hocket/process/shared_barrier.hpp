// SharedBarrier: a given number of threads of several processes wait for each other.
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/process/detail/shared_object.hpp"

namespace hocket {

/// The parties wait at the barrier until all of them have come; then all go on, and the barrier is ready for the next
/// round. A handle: copies are the same barrier.
///
/// A barrier breaks when it is aborted, when the time of somebody who waits by wait_for() or wait_until() is up, and
/// when a process dies that waits at it or took part in the round before (as long as it has the handle that it waited
/// by): those who wait, and everybody who comes before reset(), get BrokenBarrierError, after a death within a second.
/// Of a process that dies before it has ever come, the barrier cannot know. One who is cancelled leaves, with
/// CancelledError, and the others go on waiting for someone in its place.
///
/// A round that has all its parties is decided: nobody's time-out or cancellation changes it. Thread-safe.
class SharedBarrier : public detail::SharedObject {
    using Place = std::source_location;

public:
    /// Throws std::invalid_argument when `parties` is 0, std::system_error. `name` shows in messages.
    explicit SharedBarrier(std::size_t parties, std::string_view name = {});
    explicit SharedBarrier(InputArchive& archive);
    /// That of another process, by the descriptor of it that this one has, and keeps.
    static SharedBarrier from_descriptor(int descriptor);

    /// Blocks until all have come. Returns the caller's place among them, from 0, another for each; one may be asked to
    /// do what is to be done once. Throws BrokenBarrierError.
    std::size_t wait(Place where = Place::current()) const { return block(kNever, where); }
    /// The same. If not all have come within `limit`, the barrier breaks, for all.
    template <class Rep, class Period>
    std::size_t wait_for(std::chrono::duration<Rep, Period> limit, Place where = Place::current()) const {
        return block(detail::deadline_after(limit), where);
    }
    /// The same with a deadline.
    template <class Clock, class Duration>
    std::size_t wait_until(std::chrono::time_point<Clock, Duration> deadline, Place where = Place::current()) const {
        return block(detail::deadline_at(deadline), where);
    }

    /// Breaks the barrier: for a party that cannot come.
    void abort() const;
    /// Makes the barrier as new. Those who wait get BrokenBarrierError.
    void reset() const;

    bool broken() const;
    std::size_t parties() const noexcept { return static_cast<std::size_t>(header().count); }
    /// How many wait now.
    std::size_t n_waiting() const;

private:
    struct State;
    struct Seat;
    class Table;
    class Membership;
    static Kind kind() noexcept;
    explicit SharedBarrier(SharedMemory memory);
    std::size_t block(TimePoint deadline, Place where) const;
    static Table table_in(const SharedMemory& memory);

    std::shared_ptr<Membership> membership_;
};

}  // namespace hocket
