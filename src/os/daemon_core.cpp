#include "os/daemon_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/race.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/os/daemon_errors.hpp"

namespace hocket {
namespace detail {
namespace {

// How often to tell a watchdog: twice as often as it wants, as sd_watchdog_enabled(3) has it.
Duration half_of(Duration interval) { return std::max<Duration>(interval / 2, std::chrono::milliseconds(1)); }

Task<void> ended(Thread& thread) {
    try {
        co_await thread.async_join();
    } catch (...) {  // comes again from join()
    }
}

Task<void> get_from(Queue<bool>& reloads) { (void)co_await reloads.async_get(); }

}  // namespace

DaemonOptions completed(DaemonOptions options) {
    if (options.pid_file.empty())
        throw std::invalid_argument("hocket: a daemon needs a pid file: set DaemonOptions::pid_file");
    for (auto* path : {&options.pid_file, &options.input, &options.output, &options.folder}) {
        if (path->empty())
            throw std::invalid_argument("hocket: an empty path in DaemonOptions; /dev/null is a file, too");
        *path = std::filesystem::absolute(*path);
    }
    if (options.error) options.error = std::filesystem::absolute(*options.error);
    if (options.umask > 0777) throw std::invalid_argument("hocket: DaemonOptions::umask is more than 0777");
    if (options.name.empty()) options.name = options.pid_file.stem().string();
    return options;
}

DaemonCore::DaemonCore(const DaemonOptions& options, ServiceManager service_manager, StartChannel starter)
    : options_(options), service_manager_(std::move(service_manager)), starter_(std::move(starter)) {}

void DaemonCore::serve(const DaemonBody& body, Signals& signals) {
    if (options_.prepare) options_.prepare();
    Daemon daemon(*this);
    ThreadOptions options;
    options.name = options_.name;
    Thread thread(options, [&] { body(daemon); });
    run(pass_on(signals, thread));
    try {
        thread.join();
    } catch (const CancelledError&) {
        if (!stopping()) throw;
    }
    if (is_ready()) return;
    if (stopping()) throw DaemonError("hocket: the daemon '" + options_.name + "' was stopped before it was ready");
    throw std::logic_error("hocket: the daemon '" + options_.name +
                           "' ended before it was ready; it must call Daemon::ready() when it is set up");
}

// On the main thread, in a loop of its own.
Task<void> DaemonCore::pass_on(Signals& signals, Thread& body) {
    for (;;) {
        auto contest = race(signals.next(), ended(body));
        const auto first = co_await std::move(contest);
        if (first.index() == 1) break;
        if (std::get<0>(first) == SIGHUP) {
            (void)reloads_.try_put(true);
        } else {
            stop(body);
        }
    }
}

void DaemonCore::stop(Thread& body) {
    if (stopping_.exchange(true, std::memory_order_acq_rel)) return;
    try {
        service_manager_.stopping();
    } catch (const std::exception& error) {  // it goes on without
        std::fprintf(stderr, "%s\n", error.what());
    }
    body.cancel("the daemon is to stop");
}

void DaemonCore::ready(std::string_view status) {
    if (said_ready_.exchange(true, std::memory_order_relaxed))
        throw InvalidStateError("hocket: Daemon::ready() was called twice; for news use Daemon::status()");
    service_manager_.ready(status);
    starter_.send(StartMessage(StartMessage::Kind::ready, ::getpid()));
    starter_.close();
    ready_.store(true, std::memory_order_release);
}

void DaemonCore::begin_reload() {
    reloading_.store(true, std::memory_order_release);
    service_manager_.reloading();
}

void DaemonCore::end_reload() {
    if (reloading_.exchange(false, std::memory_order_acq_rel)) service_manager_.ready();
}

bool DaemonCore::wait_reload_until(TimePoint deadline) {
    end_reload();
    const auto interval = service_manager_.watchdog();
    for (;;) {
        TimePoint next = deadline;
        if (interval) {
            service_manager_.alive();
            next = std::min(deadline, deadline_after(half_of(*interval)));
        }
        if (reloads_.get_until(next)) break;
        if (next == deadline) return false;
    }
    begin_reload();
    return true;
}

Task<void> DaemonCore::async_wait_reload() {
    end_reload();
    const auto interval = service_manager_.watchdog();
    const Duration limit = interval ? half_of(*interval) : Duration::max();
    for (bool come = false; !come;) {
        if (interval) service_manager_.alive();
        try {
            co_await timeout(limit, get_from(reloads_));
            come = true;
        } catch (const TimeoutError&) {
        }
    }
    begin_reload();
}

}  // namespace detail

void Daemon::ready(std::string_view status) { core_.ready(status); }
void Daemon::status(std::string_view text) { core_.service_manager().status(text); }
bool Daemon::stopping() const noexcept { return core_.stopping(); }
void Daemon::wait_reload() { (void)core_.wait_reload_until(kNever); }
bool Daemon::wait_reload_until(TimePoint deadline) { return core_.wait_reload_until(deadline); }
Task<void> Daemon::async_wait_reload() { return core_.async_wait_reload(); }
const DaemonOptions& Daemon::options() const noexcept { return core_.options(); }
const ServiceManager& Daemon::service_manager() const noexcept { return core_.service_manager(); }

}  // namespace hocket
