// ServiceManager: what a service tells systemd, or whoever else has started it and listens.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "hocket/core/clock.hpp"

namespace hocket {

/// The protocol of sd_notify(3), without libsystemd: datagrams to the Unix socket that NOTIFY_SOCKET names, a path or
/// "@" and an abstract name. Without that variable each call does nothing. A value; any thread may use it.
///
/// All calls throw std::system_error when the service manager cannot be told, with EAGAIN when it does not read: they
/// wait for room for a second at most, and alive() not at all, which says nothing then, since what has been said before
/// waits to be read. Not cancellable. A line break in a text becomes a space.
class ServiceManager {
public:
    /// No one listens.
    ServiceManager() = default;
    /// The one that the environment names: NOTIFY_SOCKET, and WATCHDOG_USEC if it is for this process (WATCHDOG_PID).
    /// Throws std::invalid_argument for values that cannot be used.
    static ServiceManager from_environment();

    /// Whether somebody listens.
    explicit operator bool() const noexcept { return !address_.empty(); }
    /// The service has started, or has done with a reload; it is the process that calls.
    void ready(std::string_view status = {}) const;
    /// A reload has begun, ready() follows. Works with Type=notify and Type=notify-reload.
    void reloading() const;
    void stopping(std::string_view status = {}) const;
    /// A line for `systemctl status`.
    void status(std::string_view text) const;
    /// Starting or stopping takes that much longer from now.
    void extend_timeout(Duration by) const;

    /// How often it wants to be told, at least, that the service lives; nothing: not at all. Tell it twice as often.
    std::optional<Duration> watchdog() const noexcept { return watchdog_; }
    /// The service lives.
    void alive() const;
    /// The service is not well, and is to be ended as if alive() had not come in time.
    void not_alive() const;

    /// Sends assignments as sd_notify(3) lists them, one a line: "READY=1\nSTATUS=Serving".
    void notify(std::string_view assignments) const;

private:
    std::string address_;
    std::optional<Duration> watchdog_;
};

}  // namespace hocket
