// Steps by which a process becomes a daemon. All are for a process with one thread.
#pragma once
#include <span>

#include "hocket/os/daemon_options.hpp"
#include "net/fd_guard.hpp"

namespace hocket::detail {

/// Throws InvalidStateError if this process has other threads, Signals, or this one is inside an event loop.
void require_fork_is_safe(const DaemonOptions& options);

/// What is in the buffers of the standard streams is written now, so that no child writes it again.
void flush_standard_streams();

/// Has stdout written line by line wherever it leads, as to a terminal: whoever looks at it sees each line at once.
void write_lines_at_once();

/// Gives signals their usual effects, except those by which the program notices its own faults, and blocks none.
void reset_signals() noexcept;

/// Closes all descriptors from 3 on that are not among these.
void close_descriptors_except(std::span<const int> kept);

/// Opens /dev/null where a standard stream is closed, so that nothing else that is opened gets its number: that would
/// be closed when the daemon's streams take effect.
void occupy_standard_descriptors();

/// What becomes the standard streams.
class StandardStreams {
public:
    /// Opens them. Throws std::system_error.
    explicit StandardStreams(const DaemonOptions& options);
    /// Puts them in place, and closes what was there.
    void take_effect();

private:
    FdGuard input_;
    FdGuard output_;
    FdGuard error_;
};

}  // namespace hocket::detail
