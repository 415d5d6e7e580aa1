// All event loops of the program: how somebody outside finds them and asks them for their tasks.
#pragma once
#include <atomic>
#include <cstdint>

namespace hocket {

class EventLoop;

namespace detail {

/// A loop's place in the list of all loops, from its construction to its destruction.
class LoopEntry {
public:
    explicit LoopEntry(EventLoop& loop);
    LoopEntry(const LoopEntry&) = delete;
    LoopEntry& operator=(const LoopEntry&) = delete;
    ~LoopEntry();

    EventLoop& loop() const noexcept { return loop_; }
    /// The thread (PartyId) that runs the loop; 0 while it does not run.
    std::uint64_t thread() const noexcept { return thread_.load(std::memory_order_acquire); }
    void runs_on(std::uint64_t thread) noexcept { thread_.store(thread, std::memory_order_release); }

    /// Calls `see(LoopEntry&)` for each loop, oldest first; none of them is destroyed meanwhile.
    template <class See>
    static void for_each(See&& see);

private:
    EventLoop& loop_;
    std::atomic<std::uint64_t> thread_{0};
    LoopEntry* next_ = nullptr;
    LoopEntry* previous_ = nullptr;
};

}  // namespace detail
}  // namespace hocket
