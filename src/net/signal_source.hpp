// What catches signals.
#pragma once
#include <signal.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace hocket::detail {

class Descriptor;

/// One subscriber's signals. The handler, in any thread, looks through a fixed table of subscribers, notes the signal
/// in the subscriber's `pending_` and writes to its eventfd.
///
/// Invariant: a place of the table is emptied before its subscriber goes, which then waits until no handler is at work
/// (`handlers`); a handler counts itself before it looks at the table. Both are sequentially consistent, so a handler
/// either finds the place empty or is waited for.
class SignalSource {
public:
    explicit SignalSource(const std::vector<int>& numbers);
    SignalSource(const SignalSource&) = delete;
    SignalSource& operator=(const SignalSource&) = delete;
    ~SignalSource() { end(); }

    /// Whether this process has any.
    static bool any() noexcept;

    /// The number of a signal that has come; 0 if none has.
    int take() noexcept;
    /// Its eventfd, readable when something has come since the last clear(). Throws when closed.
    Descriptor& descriptor() const;
    void clear() noexcept;
    bool ended() const noexcept { return !descriptor_; }
    /// Catches no more, and ends the waits. May be called again.
    void end() noexcept;

private:
    static void handle(int signal) noexcept;
    void subscribe();
    void unsubscribe() noexcept;
    void leave_table() noexcept;

    std::uint64_t wanted_ = 0;  // bit n - 1: signal n
    std::atomic<std::uint64_t> pending_{0};
    int event_ = -1;
    Descriptor* descriptor_ = nullptr;
};

}  // namespace hocket::detail
