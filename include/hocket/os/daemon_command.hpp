// The command line of a daemon.
#pragma once
#include <string_view>

#include "hocket/os/daemon.hpp"
#include "hocket/os/daemon_options.hpp"

namespace hocket {

/// Does what the one argument of a program says, and returns what main() is to return: 0, or 1 after a line on stderr.
///
///     start     daemonize(), returns when the daemon is ready       "Already running (pid 7)"
///     stop      stop_daemon(), returns when it is gone              "Not running"
///     restart   stop, if it runs, and start
///     reload    reload_daemon()                                     "Not running"
///     status    prints "Running (pid 7)"                            "Not running"
///     run       run_in_foreground()                                 "Already running (pid 7)"
///
/// Anything else: "Usage: PROGRAM [start|stop|restart|reload|status|run]", "Unknown command 'x'".
int daemon_main(int argc, char* argv[], const DaemonOptions& options, const DaemonBody& body);

/// The same for a program that reads its arguments itself.
int daemon_command(std::string_view command, const DaemonOptions& options, const DaemonBody& body);

}  // namespace hocket
