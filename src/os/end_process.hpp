// Ending a process that is not a child of ours.
#pragma once
#include <sys/types.h>

#include "hocket/os/daemon_control.hpp"

namespace hocket::detail {

/// By SIGTERM, or by SIGKILL after `grace`; returns when it has ended. `pid` is for messages. Throws std::system_error,
/// TimeoutError, CancelledError.
Stopped end_process(pid_t pid, int pidfd, Duration grace);

/// Sends a signal; nothing happens if the process has ended. Throws std::system_error.
void signal_process(pid_t pid, int pidfd, int signal);

}  // namespace hocket::detail
