// DaemonOptions: how a program becomes a daemon.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hocket/core/clock.hpp"

namespace hocket {

/// How a daemon is to be. Only `pid_file` must be set. Relative paths are meant from the folder in which the daemon is
/// started or asked for.
class DaemonOptions {
public:
    DaemonOptions() = default;
    /// Says whether it runs, and as whom; see PidFile.
    std::filesystem::path pid_file;
    /// In messages, and as the name of the thread that runs the body; empty: the pid file's name without its extension.
    std::string name;

    /// Where the standard streams lead. Files are made with mode 0644 less `umask`, and written at their end; a
    /// symbolic link, or a file of another user than this one and root, is refused.
    std::filesystem::path input = "/dev/null";
    std::filesystem::path output = "/dev/null";
    /// Unset: where `output` leads.
    std::optional<std::filesystem::path> error;

    /// The working folder: no file system is kept from being unmounted.
    std::filesystem::path folder = "/";
    /// Permissions that new files do not get, as for umask(2).
    mode_t umask = 022;
    /// Descriptors that stay open, beside the standard streams. All others are closed.
    std::vector<int> keep_descriptors;

    /// Called in the daemon's process before anything there starts a thread, and before the body: for hocket::init() if
    /// the daemon has processes of its own. What it throws is what the start fails with.
    std::function<void()> prepare;

    /// How long the daemon may take until Daemon::ready(); then it is stopped and the start has failed.
    Duration start_timeout = std::chrono::seconds(60);
    /// How long it may take to end after SIGTERM before it is ended by SIGKILL.
    Duration stop_timeout = std::chrono::seconds(10);
};

}  // namespace hocket
