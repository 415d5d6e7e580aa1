#pragma once

#include "load/options.hpp"

namespace hocket::window {

// `hocket window` and `hocket load --window`: opens the window, and returns the exit code when it has been closed: 0,
// 1 without a display, 130 after Ctrl-C or SIGTERM, which must be blocked in all threads.
int run_window(const load::WindowOptions& options);

}  // namespace hocket::window
