// One worker process, as its pool sees it.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "hocket/process/detail/process_state.hpp"
#include "process/channel.hpp"

namespace hocket::detail {

class RemoteJob;

/// Under the pool's lock, but for what is said.
class PoolWorkerHandle {
public:
    explicit PoolWorkerHandle(std::uint32_t serial, std::size_t index);

    const std::uint32_t serial;  // never used again
    const std::size_t index;     // its number in its name
    Channel channel;
    OwnedDescriptor socket;         // ours
    OwnedDescriptor worker_socket;  // until it is started
    std::shared_ptr<ProcessState> process;
    std::string where;  // for RemoteError

    std::uint32_t head = 0;  // of the ring
    std::uint32_t tail = 0;  // written by the thread that collects
    std::uint32_t jobs = 0;  // in the ring, those that were revoked not counted
    std::size_t assigned = 0;
    RemoteJob* ring[ChannelMemory::kSlots]{};
    std::set<std::uint32_t> known_blocks;
    ChannelInbox inbox;  // the thread that collects only

    bool collecting = false;  // somebody takes in results
    bool retiring = false;    // gets no more jobs, and ends when it has done what it has
    bool ended = false;       // its process has; the pool's thread has not seen to it yet
    bool proved = false;      // it has completed something
    bool cancelling = false;
    bool killed = false;  // by us, because of a cancelled job, or with the pool
    std::uint32_t cancelled_position = 0;
    TimePoint kill_at = kNever;

    std::exception_ptr refusal;  // why the last message can never be sent

    bool takes_jobs() const noexcept { return !retiring && !ended && !killed && head - tail < ChannelMemory::kSlots; }
    void kill() noexcept;
    /// It gets no more jobs.
    void retire() noexcept;
    /// False: it is about to be found dead, or has much to read first, or the system has too many descriptors under
    /// way, or no memory. Or that will never do, as `refusal` says then.
    bool tell(const ChannelMessage& message, std::span<const int> descriptors) noexcept;
    /// Whether it knows the block now.
    bool introduce(const SharedBlock& block) noexcept;
    bool has_result() const noexcept {
        return tail != head && channel->slot(tail).state.load(std::memory_order_acquire) == SlotState::done;
    }
};

}  // namespace hocket::detail
