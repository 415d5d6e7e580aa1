#pragma once

#include "options.hpp"

namespace hocket::load {

// `hocket load` with its terminal face: connects, tests, shows progress on stderr if that is a terminal, prints the
// summary. Returns the exit code: 0; 1 if the server can't be reached or gave no response at all; 130 after Ctrl-C.
// SIGINT and SIGTERM must be blocked in all threads.
int run_load(const LoadOptions& options);

}  // namespace hocket::load
