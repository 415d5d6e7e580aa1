// What a running daemon consists of.
#pragma once
#include <atomic>
#include <string>

#include "hocket/net/signals.hpp"
#include "hocket/os/daemon.hpp"
#include "hocket/queue/queue.hpp"
#include "hocket/threading/thread.hpp"
#include "os/start_channel.hpp"

namespace hocket::detail {

/// A copy of `options` whose paths are absolute and whose name is set. Throws std::invalid_argument.
DaemonOptions completed(DaemonOptions options);

class DaemonCore {
public:
    /// `starter` is closed if nobody waits for us.
    DaemonCore(const DaemonOptions& options, ServiceManager service_manager, StartChannel starter);
    DaemonCore(const DaemonCore&) = delete;
    DaemonCore& operator=(const DaemonCore&) = delete;

    /// Runs `body` in a thread, passes on what `signals` bring, and returns when the body has ended. Throws what it
    /// threw, unless that is its cancellation.
    void serve(const DaemonBody& body, Signals& signals);

    const DaemonOptions& options() const noexcept { return options_; }
    const ServiceManager& service_manager() const noexcept { return service_manager_; }
    /// To whom a failure is to be told before the daemon is ready; closed afterwards.
    const StartChannel& starter() const noexcept { return starter_; }
    bool is_ready() const noexcept { return ready_.load(std::memory_order_acquire); }
    bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }

    void ready(std::string_view status);
    bool wait_reload_until(TimePoint deadline);
    Task<void> async_wait_reload();

private:
    Task<void> pass_on(Signals& signals, Thread& body);
    void stop(Thread& body);
    void begin_reload();
    void end_reload();

    const DaemonOptions options_;
    const ServiceManager service_manager_;
    StartChannel starter_;
    std::atomic<bool> said_ready_{false};
    std::atomic<bool> ready_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> reloading_{false};
    Queue<bool> reloads_{1};  // full: those that come now count as the one that is there
};

}  // namespace hocket::detail
