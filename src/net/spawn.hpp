// Starting a program.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "hocket/net/subprocess.hpp"
#include "net/fd_guard.hpp"

namespace hocket::detail {

/// A process that was started, and our ends of its pipes, -1 where there is none. All close on exec; the pipes do not
/// block.
struct Spawned {
    Spawned() = default;
    pid_t pid = -1;
    FdGuard pidfd;
    FdGuard pipes[3];
};

/// By posix_spawn(): no copy of this process' memory, safe with any number of threads. Throws std::system_error, and
/// leaves nothing behind then.
Spawned spawn_process(const std::vector<std::string>& command, const SubprocessOptions& options);

}  // namespace hocket::detail
