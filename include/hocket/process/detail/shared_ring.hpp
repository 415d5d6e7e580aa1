// SharedRing: what a SharedQueue is without its items' type.
#pragma once
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "hocket/core/clock.hpp"
#include "hocket/process/detail/shared_object.hpp"

namespace hocket::detail {

/// How an attempt to put or take an item ended.
enum class RingTransfer : std::uint8_t { done, not_now, shut_down };

/// A bounded ring of records of bytes: all of one size, or each of its own.
///
/// Invariant: what lies between `taken` and `put`, two positions that only move forward, are whole records. Who puts
/// has the lock of that end, copies its record behind `put`, and then moves `put` over it by one write; who takes, the
/// other end's, copies the record out, and then moves `taken`. So one that is killed with such a lock leaves a ring in
/// order: its record is not there, or still there.
///
/// Who finds the ring full or empty sleeps with the lock of its end, and the others wait for that lock, so that each
/// item wakes one, and that the kernel wakes the next in place of one that is killed.
///
/// Memory order: moving a position releases, reading the other end's acquires; see SharedSignal for sleeping.
class SharedRing : public SharedObject {
public:
    /// At most `most` records of `record_size` bytes each; 0: of any size, in `bytes` bytes.
    SharedRing(std::size_t record_size, std::size_t most, std::size_t bytes, std::string_view name);
    SharedRing(SharedMemory memory, std::size_t record_size);
    SharedRing(InputArchive& archive, std::size_t record_size);

    /// `deadline` null: don't wait. Throws std::length_error if there will never be room, CancelledError.
    RingTransfer put(std::span<const std::byte> record, const TimePoint* deadline, std::source_location where) const;
    /// Into `record`, which has the size of all, or gets the size of this one.
    RingTransfer get(std::byte* record, std::size_t size, const TimePoint* deadline, std::source_location where) const;
    RingTransfer get(std::vector<std::byte>& record, const TimePoint* deadline, std::source_location where) const;

    std::size_t max_size() const noexcept;
    std::size_t size() const noexcept;
    /// So many items are done.
    void add_done(std::uint32_t count) const;
    bool join(TimePoint deadline, std::source_location where) const;
    void shutdown(bool immediate) const;
    bool is_shut_down() const noexcept;
    [[noreturn]] static void throw_has_descriptors();
    [[noreturn]] void throw_put_after_shutdown() const;
    [[noreturn]] void throw_get_after_shutdown() const;

private:
    struct State;
    struct End;
    class EndGuard;
    static Kind kind(std::size_t record_size) noexcept;
    std::byte* slots() const noexcept;
    void copy_in(std::uint32_t at, const void* bytes, std::size_t size) const noexcept;
    void copy_out(std::uint32_t at, void* bytes, std::size_t size) const noexcept;
    template <class Ready>
    static bool wait_at(End& end, const TimePoint* deadline, std::source_location where, Ready&& ready);
    template <class Copy>
    RingTransfer take(const TimePoint* deadline, std::source_location where, Copy&& copy) const;
};

}  // namespace hocket::detail
