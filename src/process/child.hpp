// The first steps of a process that the helper has forked.
#pragma once
#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "process/helper.hpp"
#include "process/helper_protocol.hpp"

namespace hocket::detail {

/// What a function that a process is started with looks like: it reads its arguments from the payload. What it returns
/// is the exit code.
using ProcessEntry = int (*)(class PayloadReader&);

/// Everything that a new process needs.
struct ChildSetup {
    const ProgramStart* start = nullptr;
    pid_t helper = 0;
    sigset_t signals{};      // those that are blocked
    OwnedDescriptor client;  // to the helper, for processes that it starts itself
    SpawnRequest request;
    std::string name;
    std::vector<gid_t> groups;
    std::span<const std::byte> payload;  // if it is in the message
    std::vector<OwnedDescriptor> descriptors;
};

/// Makes the calling process, forked by the helper, what was asked for, and runs its function.
[[noreturn]] void run_child(ChildSetup setup);

}  // namespace hocket::detail
