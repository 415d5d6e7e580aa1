// The memory that a ProcessPool shares with one worker: a ring of jobs, which become results in their places.
//
// The pool writes a job into the next slot and lets `head` go on; the worker takes the slots in their order, and leaves
// the result in the slot; the pool takes the results in the same order and lets `tail` go on, whereupon the slot is
// free again. Who owns a slot is told by its state:
//
//     free -> queued      by the pool: the job is written
//     queued -> running   by the worker, by compare-and-swap: it is going to run it
//     queued -> revoked   by the pool, by compare-and-swap: the worker is not to run it (cancelled, or given to
//     another) running -> done     by the worker: the result is written revoked -> done     by the worker: it has
//     passed the slot done -> free        by the pool
//
// Each writer of a state writes what it concerns before (release), each reader reads it after (acquire). So whatever
// the state is when a worker dies, it tells whether the job had begun.
//
// Small payloads are in the slot, larger ones in the room that belongs to it, the largest in blocks of their own, which
// are known by their numbers; their descriptors travel over the socket, once.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hocket/core/clock.hpp"
#include "hocket/process/detail/function_name.hpp"
#include "hocket/process/detail/payload.hpp"
#include "hocket/process/detail/shared_block.hpp"

namespace hocket::detail {

/// A word in shared memory on which one side sleeps until the other rings.
///
/// Invariant: whoever is going to sleep reads `rings`, looks for work, sets `sleeps`, and sleeps only while `rings` is
/// what it was. Whoever brings work writes that first, then increments `rings`, then reads `sleeps`. All four are
/// sequentially consistent, so one of the two sees the other.
class Bell {
public:
    std::uint32_t rings() const noexcept { return rings_.load(std::memory_order_seq_cst); }
    void ring() noexcept;
    /// Sleeps unless there was a ring since `seen`; until `deadline` at most, and now and then for no reason.
    void wait(std::uint32_t seen, TimePoint deadline = kNever) noexcept;

    /// While it lives, the calling thread looks out in place of the one that sleeps, which is not woken. Short.
    class Watch {
    public:
        explicit Watch(Bell& bell) noexcept
            : bell_(bell),
              relieves_(bell.sleeps_.exchange(0, std::memory_order_seq_cst) != 0),
              seen_(relieves_ ? bell.known_.load(std::memory_order_relaxed) : bell.rings()) {}
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        /// Wakes it if there were rings that were not answered.
        ~Watch();
        bool rung() const noexcept { return bell_.rings() != seen_; }
        /// The sleeper need not know of one ring.
        void answer() noexcept { ++seen_; }

    private:
        Bell& bell_;
        const bool relieves_;
        std::uint32_t seen_;
    };

private:
    void wake() noexcept;
    std::atomic<std::uint32_t> rings_{0};
    std::atomic<std::uint32_t> sleeps_{0};
    std::atomic<std::uint32_t> known_{0};  // the rings that the sleeper knows of, or need not
};

enum class SlotState : std::uint32_t { free, queued, running, revoked, done };
enum class PayloadPlace : std::uint32_t { slot, room, block };
/// What the payload of a done slot is.
enum class SlotResult : std::uint32_t { none, value, error, cancelled };

struct alignas(64) Slot {
    std::atomic<SlotState> state{SlotState::free};
    PayloadPlace place = PayloadPlace::slot;
    std::uint64_t size = 0;
    FunctionName entry;
    std::uint32_t block = 0;
    std::uint32_t descriptors = 0;  // how many come over the socket, with the slot's position
    SlotResult result = SlotResult::none;
    std::uint32_t initializer = 0;  // 1: the worker ends if it fails
    alignas(16) std::byte data[Payload::kInPlace];
};
static_assert(sizeof(Slot) == 256);

struct ChannelMemory {
    static constexpr std::uint32_t kSlots = 64;
    static constexpr std::size_t kReason = 256;

    alignas(64) Bell work;               // rung by the pool
    std::atomic<std::uint32_t> head{0};  // positions, which wrap around; the slot is position % kSlots
    std::atomic<std::uint32_t> tail{0};
    std::atomic<std::uint32_t> stop{0};       // when the ring is empty
    alignas(64) Bell control;                 // rung by the pool for the worker's watcher
    std::atomic<std::uint32_t> cancels{0};    // how often the pool has asked
    std::atomic<std::uint32_t> cancelled{0};  // the position of the job that is to be cancelled
    std::size_t reason_size = 0;
    char reason[kReason]{};  // written before `cancelled`, which is written before `cancels`
    Slot slots[kSlots];
    alignas(64) std::byte rooms[kSlots][Payload::kLargest];

    Slot& slot(std::uint32_t position) noexcept { return slots[position % kSlots]; }
    std::byte* room(std::uint32_t position) noexcept { return rooms[position % kSlots]; }
};

/// One side's view of a channel.
class Channel {
public:
    /// New.
    Channel();
    /// The other side's.
    explicit Channel(OwnedDescriptor descriptor);
    ChannelMemory& operator*() const noexcept { return *memory_; }
    ChannelMemory* operator->() const noexcept { return memory_; }
    int descriptor() const noexcept { return block_.descriptor(); }

    /// Writes `payload` for the slot at `position`; what is in a block stays there.
    void write(std::uint32_t position, Payload& payload) noexcept;

private:
    SharedBlock block_;
    ChannelMemory* memory_;
};

/// Over the socket, with descriptors.
struct ChannelMessage {
    enum class Kind : std::uint32_t {
        block,       ///< one descriptor: the block `number` from now on
        drop_block,  ///< the block `number` is not used any more
        descriptors  ///< those of the payload at the position `number`
    };
    Kind kind = Kind::block;
    std::uint32_t number = 0;
};

/// What one side has received from the other over the socket, and not used yet.
class ChannelInbox {
public:
    explicit ChannelInbox(int socket) noexcept : socket_(socket) {}
    /// The block `number`, of which `size` bytes are mapped at least. Throws std::runtime_error if it has not come.
    SharedBlock& block(std::uint32_t number, std::size_t size);
    /// Those that belong to the payload at `position`.
    std::vector<OwnedDescriptor> descriptors(std::uint32_t position);
    /// Takes in all that is there, so that the socket is empty.
    void take_in() {
        while (receive()) {
        }
    }

private:
    /// Takes in one message; false when there is none.
    bool receive();
    int socket_;
    std::vector<SharedBlock> blocks_;
    std::vector<std::pair<std::uint32_t, std::vector<OwnedDescriptor>>> descriptors_;
};

/// Blocks that were used, for the next large messages. `Limits`: what is kept. Not thread-safe.
class BlockCache {
public:
    static constexpr std::size_t kMostKept = 4;
    static constexpr std::size_t kMostBytes = std::size_t{256} << 20;
    /// One that has at least `size` bytes, or grows to it, with a number.
    SharedBlock take(std::size_t size);
    /// Keeps it, or gives its memory back and returns its number: nobody needs it any more; 0 if it was kept.
    std::uint32_t give_back(SharedBlock block) noexcept;
    void clear() noexcept {
        kept_.clear();
        kept_bytes_ = 0;
    }

private:
    std::vector<SharedBlock> kept_;
    std::size_t kept_bytes_ = 0;
    std::uint32_t last_number_ = 0;
};

}  // namespace hocket::detail
