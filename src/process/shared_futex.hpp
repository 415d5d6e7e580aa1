// Sleeping on a word that other processes can see, until it changes, the time is up, or the thread is cancelled.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <source_location>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/cancel_watch.hpp"

namespace hocket::detail {

using SharedWord = std::atomic<std::uint32_t>;
static_assert(SharedWord::is_always_lock_free && sizeof(SharedWord) == 4);

/// Wakes up to `count` threads, of whatever process, that sleep on `word`; returns how many.
int wake_shared(const SharedWord& word, int count) noexcept;
inline constexpr int kEverybody = 0x7fffffff;

/// Whether a cancellation of the calling thread ends its sleep.
enum class Cancellable : bool { no, yes };

/// One blocking call on shared words: a number of sleeps that a cancellation of the calling thread, before or
/// meanwhile, ends for good.
///
/// A thread sleeps on two words at once (futex_waitv(2)): the shared one, and one of its own that the canceller sets.
/// Where the kernel, older than 5.16, cannot do that, it looks at its own word 50 times a second.
class SharedSleep {
public:
    enum class Outcome { looked_at, timed_out, cancelled };

    explicit SharedSleep(std::source_location where, Cancellable cancellable = Cancellable::yes);
    /// Sleeps while `word` is `value`, until `deadline` at most; it may end for no reason.
    Outcome sleep(const SharedWord& word, std::uint32_t value, TimePoint deadline);
    /// Throws the CancelledError of the thread, which was cancelled.
    [[noreturn]] void throw_cancelled();

private:
    class Interrupt {
    public:
        explicit Interrupt(SharedWord& word) noexcept : word_(&word) {}
        void operator()() const noexcept;

    private:
        SharedWord* word_;
    };
    SharedWord interrupted_{0};
    std::optional<CancelWatch<Interrupt>> watch_;
};

/// How long those sleep at most who wait for what a process may take with it into the grave: then they look whether
/// that has happened. It is never a wake-up by somebody alive that takes so long.
inline constexpr auto kLookAgain = std::chrono::seconds(1);

}  // namespace hocket::detail
