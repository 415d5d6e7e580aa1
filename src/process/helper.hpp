// The helper: a process with one thread that was forked by init() before the program had a second one, and that forks
// all others.
#pragma once
#include <sys/types.h>

#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket::detail {

/// What is as it was in the program when init() was called.
struct ProgramStart {
    int argc = 0;
    char** argv = nullptr;
};

/// Runs the helper in the calling process, which has just been forked: until the last client has closed its socket.
/// It kills the processes of a client that has ended or closed its socket. `program` is the first client's pidfd.
[[noreturn]] void run_helper(OwnedDescriptor client, OwnedDescriptor program, const ProgramStart& start);

}  // namespace hocket::detail
