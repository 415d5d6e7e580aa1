#include "hocket/process/detail/shared_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/process/detail/robust_lock.hpp"
#include "hocket/process/detail/shared_signal.hpp"
#include "shared_futex.hpp"

namespace hocket::detail {
namespace {

using namespace std::chrono_literals;

// A position: the number of records before it, and how many bytes they take, both modulo 2^32.
constexpr std::uint64_t position(std::uint32_t records, std::uint32_t bytes) noexcept {
    return std::uint64_t{records} << 32 | bytes;
}
constexpr std::uint32_t records_of(std::uint64_t position) noexcept {
    return static_cast<std::uint32_t>(position >> 32);
}
constexpr std::uint32_t bytes_of(std::uint64_t position) noexcept { return static_cast<std::uint32_t>(position); }

constexpr std::size_t kMostBytes = std::size_t{1} << 31;
constexpr std::uint32_t kLengthBytes = 8;  // before a record of its own size

constexpr std::uint32_t padded(std::size_t size) noexcept { return static_cast<std::uint32_t>((size + 7) / 8 * 8); }

// Whoever does not want to wait waits so long for one who is about to leave the lock.
constexpr auto kMoment = 10ms;
constexpr int kFirstPauses = 8, kMostPauses = 256;

}  // namespace

// On a cache line each: what only those at this end use, what the other end looks at each time and seldom changes, and
// what this end changes each time and the other seldom looks at.
struct alignas(64) SharedRing::End {
    RobustLock lock;
    std::uint64_t other_end = 0;      // where that was when it was last looked at; under the lock
    alignas(64) SharedSignal signal;  // for who sleeps with the lock until the other end has moved
    alignas(64) std::atomic<std::uint64_t> position{0};
};

struct SharedRing::State {
    std::uint32_t most = 0;  // never changes
    SharedWord shut_down{0};
    SharedWord done{0};  // records for which task_done() was called, or that were dropped
    SharedSignal all_done;
    End put;
    End taken;
};

// The lock of an end, or no lock when it could not be had in time.
class SharedRing::EndGuard {
public:
    EndGuard(End& end, const TimePoint* deadline, std::source_location where) : end_(end) {
        using Result = RobustLock::Result;
        Result result = end.lock.try_lock();
        if (result == Result::late) {
            const TimePoint until = deadline ? *deadline : deadline_after(kMoment);
            const auto cancellation =
                deadline ? RobustLock::Cancellation::ends_wait : RobustLock::Cancellation::ignored;
            result = end.lock.lock(until, where, cancellation);
        }
        // If its last owner died, that has changed nothing: see the invariant.
        locked_ = result == Result::taken || result == Result::taken_from_dead;
        if (result == Result::cancelled) RobustLock::throw_cancelled();
    }
    EndGuard(const EndGuard&) = delete;
    EndGuard& operator=(const EndGuard&) = delete;
    ~EndGuard() {
        if (locked_) end_.lock.unlock();
    }
    explicit operator bool() const noexcept { return locked_; }

private:
    End& end_;
    bool locked_ = false;
};

SharedObject::Kind SharedRing::kind(std::size_t record_size) noexcept {
    if (record_size == 0) return {"shared message queue", sizeof(State), 1};
    return {"shared queue", sizeof(State), padded(record_size)};
}

SharedRing::SharedRing(std::size_t record_size, std::size_t most, std::size_t bytes, std::string_view name)
    : SharedObject(kind(record_size), name, [&] {
          if (most == 0) {
              throw std::invalid_argument(
                  "hocket: a SharedQueue for 0 items; its memory is taken when it is made, so "
                  "say how many it is to hold");
          }
          const bool too_large =
              most > kMostBytes || bytes > kMostBytes || (record_size != 0 && most > kMostBytes / padded(record_size));
          if (too_large) throw std::length_error("hocket: a SharedQueue of more than 2 GiB");
          return std::bit_ceil(record_size != 0 ? most : std::max<std::size_t>(bytes, 64));
      }()) {
    state<State>().most = static_cast<std::uint32_t>(most);
}
SharedRing::SharedRing(SharedMemory memory, std::size_t record_size)
    : SharedObject(std::move(memory), kind(record_size)) {}
SharedRing::SharedRing(InputArchive& archive, std::size_t record_size) : SharedObject(archive, kind(record_size)) {}

std::byte* SharedRing::slots() const noexcept { return memory().data() + sizeof(SharedHeader) + sizeof(State); }

// Bytes at a position of a ring of records of any size; they may go on at its beginning.
void SharedRing::copy_in(std::uint32_t at, const void* bytes, std::size_t size) const noexcept {
    const std::size_t begin = at & (header().count - 1);
    const std::size_t first = std::min<std::size_t>(size, header().count - begin);
    std::memcpy(slots() + begin, bytes, first);
    std::memcpy(slots(), static_cast<const std::byte*>(bytes) + first, size - first);
}
void SharedRing::copy_out(std::uint32_t at, void* bytes, std::size_t size) const noexcept {
    const std::size_t begin = at & (header().count - 1);
    const std::size_t first = std::min<std::size_t>(size, header().count - begin);
    std::memcpy(bytes, slots() + begin, first);
    std::memcpy(static_cast<std::byte*>(bytes) + first, slots(), size - first);
}

// Blocks until `ready()`; false if that is not so in time. `end` is locked.
template <class Ready>
bool SharedRing::wait_at(End& end, const TimePoint* deadline, std::source_location where, Ready&& ready) {
    if (!deadline) return false;
    // The other end is often about to move, and waking a sleeper costs it more than a short while of ours. We look less
    // and less often, so that it may move several times before what it writes has to move to our processor.
    for (int pauses = kFirstPauses; can_spin() && pauses <= kMostPauses; pauses *= 2) {
        for (int i = 0; i < pauses; ++i) pause_spinning();
        if (ready()) return true;
    }
    SharedSleep sleeper(where);
    for (;;) {
        const std::uint32_t serial = end.signal.prepare();
        if (ready()) return true;
        if (std::chrono::steady_clock::now() >= *deadline) return false;
        const auto until = std::min(*deadline, deadline_after(kLookAgain));
        if (sleeper.sleep(end.signal.word(), serial, until) == SharedSleep::Outcome::cancelled)
            sleeper.throw_cancelled();
    }
}

RingTransfer SharedRing::put(std::span<const std::byte> record, const TimePoint* deadline,
                             std::source_location where) const {
    State& state = this->state<State>();
    const bool fixed = header().item_size != 1;
    const std::size_t length = fixed ? 0 : kLengthBytes + padded(record.size());
    if (length > header().count) {
        throw std::length_error("hocket: an item of " + std::to_string(record.size()) +
                                " bytes does not fit into the " + title() + ", which was made with room for " +
                                std::to_string(header().count) +
                                " bytes: make it with more, or send the large part as a SharedArray or through a Pipe");
    }
    if (deadline) check_thread_cancelled();
    const EndGuard guard(state.put, deadline, where);
    if (!guard) return RingTransfer::not_now;
    const std::uint64_t at = state.put.position.load(std::memory_order_relaxed);
    const auto has_room = [&] {
        const std::uint64_t taken = state.put.other_end;
        return records_of(at) - records_of(taken) < state.most &&
               (fixed || bytes_of(at) - bytes_of(taken) + length <= header().count);
    };
    const auto look = [&] {
        state.put.other_end = state.taken.position.load(std::memory_order_seq_cst);
        return has_room() || state.shut_down.load(std::memory_order_seq_cst) != 0;
    };
    if (!has_room() && !look() && !wait_at(state.put, deadline, where, look)) return RingTransfer::not_now;
    if (state.shut_down.load(std::memory_order_acquire) != 0) return RingTransfer::shut_down;
    if (fixed) {
        std::memcpy(slots() + (records_of(at) & (header().count - 1)) * header().item_size, record.data(),
                    record.size());
    } else {
        const std::uint64_t size = record.size();
        copy_in(bytes_of(at), &size, sizeof size);
        copy_in(bytes_of(at) + kLengthBytes, record.data(), record.size());
    }
    state.put.position.store(position(records_of(at) + 1, bytes_of(at) + static_cast<std::uint32_t>(length)),
                             std::memory_order_seq_cst);
    state.taken.signal.notify(SharedSignal::Sleepers::one);
    return RingTransfer::done;
}

// `copy(record number, position in bytes)` takes the next record and says how many bytes that was.
template <class Copy>
RingTransfer SharedRing::take(const TimePoint* deadline, std::source_location where, Copy&& copy) const {
    State& state = this->state<State>();
    if (deadline) check_thread_cancelled();
    const EndGuard guard(state.taken, deadline, where);
    if (!guard) return RingTransfer::not_now;
    const std::uint64_t at = state.taken.position.load(std::memory_order_relaxed);
    const auto has_record = [&] { return records_of(state.taken.other_end) != records_of(at); };
    const auto look = [&] {
        const bool shut_down = state.shut_down.load(std::memory_order_seq_cst) != 0;
        state.taken.other_end = state.put.position.load(std::memory_order_seq_cst);
        return has_record() || shut_down;
    };
    if (!has_record() && !look() && !wait_at(state.taken, deadline, where, look)) return RingTransfer::not_now;
    if (!has_record()) return RingTransfer::shut_down;
    const std::uint32_t length = copy(records_of(at), bytes_of(at));
    state.taken.position.store(position(records_of(at) + 1, bytes_of(at) + length), std::memory_order_seq_cst);
    state.put.signal.notify(SharedSignal::Sleepers::one);
    return RingTransfer::done;
}

RingTransfer SharedRing::get(std::byte* record, std::size_t size, const TimePoint* deadline,
                             std::source_location where) const {
    return take(deadline, where, [&](std::uint32_t number, std::uint32_t) {
        std::memcpy(record, slots() + (number & (header().count - 1)) * header().item_size, size);
        return 0u;
    });
}

RingTransfer SharedRing::get(std::vector<std::byte>& record, const TimePoint* deadline,
                             std::source_location where) const {
    return take(deadline, where, [&](std::uint32_t, std::uint32_t at) {
        std::uint64_t size = 0;
        copy_out(at, &size, sizeof size);
        record.resize(static_cast<std::size_t>(size));
        copy_out(at + kLengthBytes, record.data(), record.size());
        return kLengthBytes + padded(record.size());
    });
}

std::size_t SharedRing::max_size() const noexcept { return state<State>().most; }

std::size_t SharedRing::size() const noexcept {
    State& state = this->state<State>();
    // In this order, so that it is not negative.
    const std::uint64_t taken = state.taken.position.load(std::memory_order_acquire);
    return std::min(records_of(state.put.position.load(std::memory_order_acquire)) - records_of(taken), state.most);
}

void SharedRing::add_done(std::uint32_t count) const {
    State& state = this->state<State>();
    std::uint32_t done = state.done.load(std::memory_order_relaxed);
    do {
        if (records_of(state.put.position.load(std::memory_order_acquire)) - done < count) {
            throw std::logic_error("hocket: task_done() of the " + title() +
                                   " was called more often than items were put; call it once for each item taken");
        }
    } while (!state.done.compare_exchange_weak(done, done + count, std::memory_order_seq_cst));
    state.all_done.notify(SharedSignal::Sleepers::many);
}

bool SharedRing::join(TimePoint deadline, std::source_location where) const {
    State& state = this->state<State>();
    check_thread_cancelled();
    const auto finished = [&] {
        return records_of(state.put.position.load(std::memory_order_seq_cst)) ==
               state.done.load(std::memory_order_seq_cst);
    };
    if (finished()) return true;
    SharedSleep sleeper(where);
    for (;;) {
        const std::uint32_t serial = state.all_done.prepare();
        if (finished()) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        const auto until = std::min(deadline, deadline_after(kLookAgain));
        if (sleeper.sleep(state.all_done.word(), serial, until) == SharedSleep::Outcome::cancelled)
            sleeper.throw_cancelled();
    }
}

void SharedRing::shutdown(bool immediate) const {
    State& state = this->state<State>();
    state.shut_down.store(1, std::memory_order_seq_cst);
    state.put.signal.notify(SharedSignal::Sleepers::one);
    state.taken.signal.notify(SharedSignal::Sleepers::one);
    if (!immediate) return;
    std::uint32_t dropped = 0;
    {
        // Nobody puts any more who has not got the lock of that end by now.
        const RobustGuard putting(state.put.lock);
        const RobustGuard taking(state.taken.lock);
        const std::uint64_t end = state.put.position.load(std::memory_order_relaxed);
        dropped = records_of(end) - records_of(state.taken.position.load(std::memory_order_relaxed));
        state.taken.position.store(end, std::memory_order_seq_cst);
    }
    add_done(dropped);
}

bool SharedRing::is_shut_down() const noexcept { return state<State>().shut_down.load(std::memory_order_relaxed) != 0; }

void SharedRing::throw_has_descriptors() {
    throw std::invalid_argument(
        "hocket: an item that takes descriptors along (shared memory, a pipe) cannot go through a SharedQueue, which "
        "is "
        "memory only; send it through a Pipe, or as an argument when the process is started");
}

void SharedRing::throw_put_after_shutdown() const {
    throw QueueShutDown("hocket: put() into the " + title() + ", which has been shut down; the item was not put");
}

void SharedRing::throw_get_after_shutdown() const {
    throw QueueShutDown("hocket: get() from the " + title() +
                        ", which has been shut down and is empty; a range-for ends here");
}

}  // namespace hocket::detail
