#include "shared_futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace hocket::detail {
namespace {

using namespace std::chrono_literals;
constexpr auto kPollInterval = 20ms;  // with kernels that cannot wait for two words

timespec to_timespec(TimePoint when) noexcept {
    const auto since = when.time_since_epoch().count();
    timespec at{};
    at.tv_sec = static_cast<time_t>(since / 1'000'000'000);
    at.tv_nsec = static_cast<long>(since % 1'000'000'000);
    return at;
}

// Whether it slept or might have; false if the kernel does not know the call.
bool sleep_on_two(const SharedWord& word, std::uint32_t value, const SharedWord& own, TimePoint deadline) noexcept {
    struct Waited {  // struct futex_waitv, which Debian 12's headers have, older ones not
        std::uint64_t value;
        std::uint64_t address;
        std::uint32_t flags;
        std::uint32_t reserved;
    };
    constexpr long kFutexWaitv = 449;
    constexpr std::uint32_t k32Bits = 2;
    Waited words[2] = {{value, reinterpret_cast<std::uint64_t>(&word), k32Bits, 0},
                       {0, reinterpret_cast<std::uint64_t>(&own), k32Bits | FUTEX_PRIVATE_FLAG, 0}};
    const timespec until = to_timespec(deadline);
    return ::syscall(kFutexWaitv, words, 2, 0, deadline == kNever ? nullptr : &until, CLOCK_MONOTONIC) >= 0 ||
           errno != ENOSYS;
}

void sleep_on_one(const SharedWord& word, std::uint32_t value, TimePoint deadline) noexcept {
    const timespec until = to_timespec(deadline);
    // FUTEX_WAIT_BITSET takes an absolute time on the monotonic clock.
    ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, value, deadline == kNever ? nullptr : &until, nullptr,
              FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

int wake_shared(const SharedWord& word, int count) noexcept {
    return static_cast<int>(::syscall(SYS_futex, &word, FUTEX_WAKE, count));
}

void SharedSleep::Interrupt::operator()() const noexcept {
    SharedWord* word = word_;
    word->store(1, std::memory_order_release);
    // The sleeper may be gone by now: its watch ends only after this call.
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

SharedSleep::SharedSleep(std::source_location where, Cancellable cancellable) {
    if (cancellable == Cancellable::no) return;
    check_may_block(where);
    if (ThreadCanceller* canceller = ThreadCanceller::in_force()) watch_.emplace(*canceller, Interrupt(interrupted_));
}

SharedSleep::Outcome SharedSleep::sleep(const SharedWord& word, std::uint32_t value, TimePoint deadline) {
    if (!watch_) {
        sleep_on_one(word, value, deadline);
    } else {
        if (interrupted_.load(std::memory_order_acquire) != 0) return Outcome::cancelled;
        static std::atomic<bool> two_words{true};
        if (!two_words.load(std::memory_order_relaxed) || !sleep_on_two(word, value, interrupted_, deadline)) {
            two_words.store(false, std::memory_order_relaxed);
            sleep_on_one(word, value, std::min(deadline, deadline_after(kPollInterval)));
        }
        if (interrupted_.load(std::memory_order_acquire) != 0) return Outcome::cancelled;
    }
    const bool late = deadline != kNever && std::chrono::steady_clock::now() >= deadline;
    return late ? Outcome::timed_out : Outcome::looked_at;
}

void SharedSleep::throw_cancelled() {
    watch_.reset();
    ThreadCanceller::current()->throw_cancelled();
}

}  // namespace hocket::detail
