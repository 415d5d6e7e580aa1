// SharedSemaphore, SharedBoundedSemaphore: permits among processes.
#pragma once
#include <chrono>
#include <cstddef>
#include <source_location>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/process/detail/shared_object.hpp"

namespace hocket {

/// A number of permits. Whoever takes one when there is none waits until somebody gives one back; that need not be who
/// took it, nor the same process. A handle: copies are the same semaphore.
///
/// Since nobody owns a permit, one that was taken by a process that died is not given back: this is the semaphore for
/// counting what happens (a permit for each item that was made). To limit how many do something at the same time, use
/// SharedBoundedSemaphore.
///
/// Order: about first come, first served. Thread-safe. Cancellation: a cancelled wait throws CancelledError and takes
/// nothing.
class SharedSemaphore : public detail::SharedObject {
public:
    /// Throws std::invalid_argument when `permits` is negative or above 2^31 - 1, std::system_error. `name` shows in
    /// messages.
    explicit SharedSemaphore(std::ptrdiff_t permits = 1, std::string_view name = {});
    explicit SharedSemaphore(InputArchive& archive);
    /// That of another process, by the descriptor of it that this one has, and keeps.
    static SharedSemaphore from_descriptor(int descriptor);

    /// Blocks until there is a permit, and takes it.
    void acquire(std::source_location where = std::source_location::current()) const {
        (void)acquire_until(kNever, where);
    }
    /// Takes a permit if one is free.
    [[nodiscard]] bool try_acquire() const;
    /// Blocks for at most `limit`; whether a permit was taken.
    template <class Rep, class Period>
    [[nodiscard]] bool try_acquire_for(std::chrono::duration<Rep, Period> limit,
                                       std::source_location where = std::source_location::current()) const {
        return acquire_until(detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether a permit was taken.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_acquire_until(std::chrono::time_point<Clock, Duration> deadline,
                                         std::source_location where = std::source_location::current()) const {
        return acquire_until(detail::deadline_at(deadline), where);
    }
    /// Gives back `permits`. Throws std::invalid_argument when it is negative; std::logic_error, having given back
    /// nothing, when a SharedBoundedSemaphore would have more than at first, or any more than 2^31 - 1.
    void release(std::ptrdiff_t permits = 1) const;
    /// How many permits are free: a hint.
    std::ptrdiff_t value() const;

protected:
    struct State;
    enum class Permits : bool { nobodys, owned };
    SharedSemaphore(std::ptrdiff_t permits, std::string_view name, Permits kind);
    SharedSemaphore(SharedMemory memory, Permits permits);
    SharedSemaphore(InputArchive& archive, Permits permits);
    static Kind kind(Permits permits) noexcept;

private:
    bool acquire_until(TimePoint deadline, std::source_location where) const;
};

/// A semaphore that never has more permits than at first, and whose permits belong to the process that took them: those
/// of a process that ends without having given them back are given back for it, once somebody needs them, within a
/// second. What they stood for may be half done then: recovered() says how often that has happened.
///
/// Limit: it is known of 128 processes at the same time what they have taken, or given back of what others had. Further
/// ones can use it as well, but their permits are not given back for them if they die.
///
/// A permit that another process gives back counts against what that process has taken.
class SharedBoundedSemaphore : public SharedSemaphore {
public:
    explicit SharedBoundedSemaphore(std::ptrdiff_t permits = 1, std::string_view name = {});
    explicit SharedBoundedSemaphore(InputArchive& archive);
    static SharedBoundedSemaphore from_descriptor(int descriptor);

    /// How many permits of dead processes have been given back.
    std::size_t recovered() const noexcept;

private:
    explicit SharedBoundedSemaphore(SharedMemory memory);
};

}  // namespace hocket
