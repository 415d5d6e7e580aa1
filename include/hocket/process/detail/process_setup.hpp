// What a process is to be started with.
#pragma once
#include <memory>
#include <string>

#include "hocket/process/detail/function_name.hpp"
#include "hocket/process/detail/payload.hpp"
#include "hocket/process/detail/process_state.hpp"

namespace hocket::detail {

struct ProcessSetup {
    std::string name;
    FunctionName entry;  // of a function that reads its arguments from a PayloadReader and returns the exit code
    Payload payload;
    bool ignores_interrupt = false;  // Ctrl-C at the terminal goes to all processes of the program
    int processor = -1;              // to run on; -1: any
};

/// Has the helper start a process. `listener` (or null) is told of its end. Throws InvalidStateError before init(),
/// std::system_error if the system has no process left.
std::shared_ptr<ProcessState> start_process(ProcessSetup setup, std::weak_ptr<ProcessState::Listener> listener);
/// Throws InvalidStateError, saying that the program cannot `what` ("start a Process"), if init() was not called.
void require_init(const char* what);

}  // namespace hocket::detail
