// SharedEvent: a flag that threads of several processes wait for.
#pragma once
#include <chrono>
#include <source_location>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/process/detail/shared_object.hpp"

namespace hocket {

/// A flag, clear at first. set() lets everybody go on who waits now, and whoever comes before clear(). A handle: copies
/// are the same event, in this process and, as an argument or message, in others.
///
/// Nobody owns it, so that nobody's death changes it; a wait for what only a dead process would have done ends by its
/// time limit. Thread-safe. Cancellation: a cancelled wait throws CancelledError.
class SharedEvent : public detail::SharedObject {
public:
    SharedEvent() : SharedEvent(std::string_view()) {}
    /// `name` shows in messages. Throws std::system_error.
    explicit SharedEvent(std::string_view name) : SharedObject(kind(), name) {}
    explicit SharedEvent(InputArchive& archive) : SharedObject(archive, kind()) {}
    /// That of another process, by the descriptor of it that this one has, and keeps.
    static SharedEvent from_descriptor(int descriptor) {
        return SharedEvent(SharedMemory::from_descriptor(descriptor));
    }

    bool is_set() const noexcept;
    void set() const noexcept;
    void clear() const noexcept;

    /// Blocks until the event is set.
    void wait(std::source_location where = std::source_location::current()) const { (void)block(kNever, where); }
    /// Blocks for at most `limit`; whether the event was set.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(std::chrono::duration<Rep, Period> limit,
                                std::source_location where = std::source_location::current()) const {
        return block(detail::deadline_after(limit), where);
    }
    /// Blocks until `deadline` at most; whether the event was set.
    template <class Clock, class Duration>
    [[nodiscard]] bool wait_until(std::chrono::time_point<Clock, Duration> deadline,
                                  std::source_location where = std::source_location::current()) const {
        return block(detail::deadline_at(deadline), where);
    }

private:
    struct State;
    static Kind kind() noexcept;
    explicit SharedEvent(SharedMemory memory) : SharedObject(std::move(memory), kind()) {}
    bool block(TimePoint deadline, std::source_location where) const;
};

}  // namespace hocket
