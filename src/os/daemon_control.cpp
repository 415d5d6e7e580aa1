#include "hocket/os/daemon_control.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <source_location>
#include <string>
#include <system_error>

#include "hocket/core/detail/descriptor_wait.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/os/daemon_errors.hpp"
#include "hocket/os/pid_file.hpp"
#include "os/daemon_core.hpp"
#include "os/end_process.hpp"
#include "os/locked_pid_file.hpp"

namespace hocket {
namespace detail {
namespace {

// For the system to clear away a process that was killed.
constexpr std::chrono::seconds kClearing{30};

bool has_ended_by(int pidfd, TimePoint deadline) {
    return block_until_ready(pidfd, POLLIN, deadline, std::source_location::current());
}

PidFileHolder require_holder(const DaemonOptions& options) {
    PidFileHolder holder = find_holder(options.pid_file);
    if (!holder) throw NotRunningError(options.pid_file);
    return holder;
}

}  // namespace

void signal_process(pid_t pid, int pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) < 0 && errno != ESRCH)
        throw std::system_error(errno, std::generic_category(),
                                "hocket: send signal " + std::to_string(signal) + " to process " + std::to_string(pid));
}

Stopped end_process(pid_t pid, int pidfd, Duration grace) {
    signal_process(pid, pidfd, SIGTERM);
    if (has_ended_by(pidfd, deadline_after(grace))) return Stopped::by_itself;
    signal_process(pid, pidfd, SIGKILL);
    if (!has_ended_by(pidfd, deadline_after(kClearing)))
        throw TimeoutError("hocket: process " + std::to_string(pid) +
                           " was killed and has not ended yet; it may be waiting for a device");
    return Stopped::by_force;
}

}  // namespace detail

std::optional<pid_t> running_daemon(const DaemonOptions& options) {
    return PidFile::holder(detail::completed(options).pid_file);
}

Stopped stop_daemon(const DaemonOptions& given) {
    const DaemonOptions options = detail::completed(given);
    const detail::PidFileHolder holder = detail::require_holder(options);
    const Stopped how = detail::end_process(holder.pid, holder.pidfd.get(), options.stop_timeout);
    detail::remove_stale(options.pid_file);
    return how;
}

void reload_daemon(const DaemonOptions& given) {
    const DaemonOptions options = detail::completed(given);
    const detail::PidFileHolder holder = detail::require_holder(options);
    detail::signal_process(holder.pid, holder.pidfd.get(), SIGHUP);
}

}  // namespace hocket
