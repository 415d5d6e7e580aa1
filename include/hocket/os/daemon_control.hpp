// A daemon, seen by the commands that control it.
#pragma once
#include <sys/types.h>

#include <optional>

#include "hocket/os/daemon_options.hpp"

namespace hocket {

/// How a daemon was stopped.
enum class Stopped {
    by_itself,  ///< after SIGTERM
    by_force,   ///< by SIGKILL, since it had not ended in time
};

/// The pid of the daemon that runs with this pid file, nothing if none does. Throws as PidFile::holder() does.
std::optional<pid_t> running_daemon(const DaemonOptions& options);

/// Asks it to end by SIGTERM, waits, and ends it by SIGKILL when `options.stop_timeout` has passed. When this returns
/// the process is gone, and so is the pid file, whoever owns it, unless this user may not remove it: it counts for
/// nothing then. Only the process that holds the pid file is meant, never another that has its number by now. Throws
/// NotRunningError, std::system_error (EPERM for a daemon of another user), TimeoutError if the system does not even
/// end a killed process; CancelledError, and the daemon may go on then.
Stopped stop_daemon(const DaemonOptions& options);

/// Asks it to read its settings again: SIGHUP. Does not wait. Throws NotRunningError, std::system_error.
void reload_daemon(const DaemonOptions& options);

}  // namespace hocket
