// SharedSignal: where a thread sleeps until something in shared memory has changed.
#pragma once
#include <atomic>
#include <cstdint>

namespace hocket::detail {

/// In shared memory; all zeros at first.
///
/// The sleeper calls prepare(), looks whether it has to sleep, and sleeps if so; who changes what is looked at calls
/// notify() afterwards. Both the change and the look are sequentially consistent: either the sleeper sees the change,
/// or the one who makes it sees that somebody sleeps, and then the number differs from the one the sleeper has.
/// Nothing needs to be mended when either is killed: a sleeper that is gone costs one call that wakes nobody, and a
/// waker that dies on its way to the call is found out by those who look again (kLookAgain).
class SharedSignal {
public:
    /// What to sleep on.
    std::uint32_t prepare() noexcept {
        const std::uint32_t serial = serial_.load(std::memory_order_seq_cst);
        asleep_.store(1, std::memory_order_seq_cst);
        return serial;
    }
    /// Wakes those who sleep: one where only one can, since it has a lock meanwhile.
    enum class Sleepers : bool { one, many };
    void notify(Sleepers sleepers) noexcept {
        if (asleep_.load(std::memory_order_seq_cst) != 0) [[unlikely]]
            notify_sleepers(sleepers);
    }

    const std::atomic<std::uint32_t>& word() const noexcept { return serial_; }

private:
    void notify_sleepers(Sleepers sleepers) noexcept;
    std::atomic<std::uint32_t> serial_{0};
    std::atomic<std::uint32_t> asleep_{0};
};

}  // namespace hocket::detail
