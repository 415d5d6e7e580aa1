// Who a process is: its id, for messages, and its identity, by which it is known whether it has ended.
#pragma once
#include <cstdint>

namespace hocket::detail {

/// getpid() without a system call.
std::uint32_t current_process_id() noexcept;

/// A process, such that another one that gets the same id later is not taken for it. Bytes, for shared memory.
struct ProcessIdentity {
    std::uint32_t id = 0;          // 0: none
    std::uint64_t started_at = 0;  // since the machine started, in its clock's ticks; 0: not known
    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// That of the calling process.
ProcessIdentity current_process() noexcept;
/// Whether the process has ended; a zombie has. False where that cannot be known.
bool has_ended(const ProcessIdentity& process) noexcept;

}  // namespace hocket::detail
