#pragma once

#include <string>
#include <vector>

#include "load/options.hpp"

namespace hocket {

// Goes on as the program hocket-window, with the tool's `arguments`. Returns, with the exit code, only if there is
// none: it stands beside this program or, once installed, in libexec.
int become_window(const load::WindowOptions& options, std::vector<std::string> arguments);

}  // namespace hocket
