#include "hocket/os/daemon_errors.hpp"

namespace hocket {

AlreadyRunningError::AlreadyRunningError(const std::filesystem::path& pid_file, pid_t pid)
    : DaemonError("hocket: already running: " +
                  (pid > 0 ? "process " + std::to_string(pid) : "a process that this one cannot see") + " holds " +
                  pid_file.string()),
      pid_(pid) {}

NotRunningError::NotRunningError(const std::filesystem::path& pid_file)
    : std::runtime_error("hocket: not running: nobody holds " + pid_file.string()) {}

}  // namespace hocket
