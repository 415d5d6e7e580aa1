#pragma once

#include "load/options.hpp"

namespace hocket::serve {

// `hocket serve`: runs the target until SIGINT or SIGTERM, which must be blocked in this thread and, if there are any,
// in all others. Gives the exit code; throws std::system_error or std::invalid_argument if it cannot listen.
int run_serve(const load::ServeOptions& options);

}  // namespace hocket::serve
