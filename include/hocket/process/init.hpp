// init(): the one line that a program with other processes begins with.
#pragma once

namespace hocket {

/// Call it in the first line of main(), before any thread is started. It forks a helper, a small process with one
/// thread in which nothing has happened yet: all processes of ProcessPool and Process are forked from that, never from
/// the running program. The helper ends with the program, and its processes with it, even if the program is killed.
///
/// What processes have: the program as it is now, static objects constructed and main() not yet run; the environment
/// of now; of the descriptors, the standard streams, working folder, umask, user and groups those that the program has
/// when it starts them, and nothing else but what comes with arguments.
///
/// Calling it again does nothing, except in a daemon's process, which the helper of the one that started it cannot
/// serve: call it there in DaemonOptions::prepare. Throws InvalidStateError if the program has other threads already,
/// std::system_error if the system has no process left. In a process that the helper has started, it is never reached.
void init(int argc, char** argv);

}  // namespace hocket
