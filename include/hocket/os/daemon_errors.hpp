// What goes wrong with daemons.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace hocket {

/// A daemon could not be started. what() has the daemon's own words.
class DaemonError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The pid file is held by a process that lives.
class AlreadyRunningError : public DaemonError {
public:
    AlreadyRunningError(const std::filesystem::path& pid_file, pid_t pid);
    /// Who holds it; 0 if that cannot be told: a process outside of our pid namespace.
    pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_;
};

/// There is no daemon to be told something.
class NotRunningError : public std::runtime_error {
public:
    explicit NotRunningError(const std::filesystem::path& pid_file);
};

}  // namespace hocket
