// Daemon: a program that leaves its terminal and goes on by itself, until it is told to stop.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string_view>

#include "hocket/aio/task.hpp"
#include "hocket/os/daemon_options.hpp"
#include "hocket/os/service_manager.hpp"

namespace hocket {
namespace detail {
class DaemonCore;
}

/// What a daemon's body has of the world outside. Any thread or task may use it.
///
/// The body runs in a Thread of its own. A request to stop (SIGTERM; in the foreground SIGINT, too) cancels that
/// thread: its current or next blocking call throws CancelledError, and so does the current wait of the task if it runs
/// an event loop. What must wait while it cleans up does so under a CancelShield, or shield() in a task. Work that
/// calls nothing of this library looks at stopping().
class Daemon {
public:
    explicit Daemon(detail::DaemonCore& core) noexcept : core_(core) {}
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// The set-up is done: the command that starts the daemon returns, with success. Must be called once; an exception
    /// before it is what that command fails with. A service manager is told, too.
    void ready(std::string_view status = {});
    /// A line for `systemctl status`. Does nothing if no service manager listens.
    void status(std::string_view text);
    /// Whether it was asked to stop.
    bool stopping() const noexcept;

    /// Blocks until the next request to reload (SIGHUP). Requests that come while nobody waits count as one. Coming
    /// back to this call says that the one before has been dealt with. While it waits, a service manager that has a
    /// watchdog is told that the daemon lives. Throws CancelledError when the daemon is to stop.
    void wait_reload();
    /// The same for at most `limit`; whether there was a request.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_reload_for(std::chrono::duration<Rep, Period> limit) {
        return wait_reload_until(detail::deadline_after(limit));
    }
    /// The same for a task. With a watchdog, a loop that hangs is noticed.
    Task<void> async_wait_reload();

    const DaemonOptions& options() const noexcept;
    const ServiceManager& service_manager() const noexcept;

private:
    bool wait_reload_until(TimePoint deadline);
    detail::DaemonCore& core_;
};

/// What a daemon does.
using DaemonBody = std::function<void(Daemon&)>;

/// Starts a daemon: a process of its own that runs `body` in a session of its own, without a terminal, child of nobody
/// here (by the double fork of Stevens, "Advanced Programming in the UNIX Environment", 13.3, and daemon(7)). Returns
/// its pid once the body has called Daemon::ready(). The daemon never returns from here: after the body it calls
/// exit(), with status 1 and a line on stderr if the body threw. Its signals have their usual effects, none is blocked,
/// stdout writes each line at once, the pid file is removed at the end of exit().
///
/// Throws AlreadyRunningError, DaemonError with the daemon's own words if it fails before it is ready, TimeoutError if
/// that takes too long (it has been stopped then), std::system_error, std::invalid_argument for options that cannot be
/// right, InvalidStateError if this process has other threads, has Signals, or is inside an event loop: a fork copies
/// none of these. Start them in the body, and open there what the daemon needs: what was open before is closed.
pid_t daemonize(const DaemonOptions& options, const DaemonBody& body);

/// Runs `body` in this process, under the same pid file and with the same signals, and returns when it has ended: for
/// systemd (Type=notify), containers and debuggers. Streams, folder, umask and descriptors stay as they are, but stdout
/// writes each line at once, and a standard stream that is closed leads to /dev/null from now on. Throws what the body
/// throws, unless that is its cancellation, AlreadyRunningError, std::logic_error if the body ends without ever having
/// been ready.
void run_in_foreground(const DaemonOptions& options, const DaemonBody& body);

}  // namespace hocket
