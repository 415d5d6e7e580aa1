#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <source_location>
#include <stdexcept>

#include "hocket/core/detail/descriptor_wait.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/os/daemon.hpp"
#include "hocket/os/daemon_errors.hpp"
#include "hocket/os/pid_file.hpp"
#include "net/throw_errno.hpp"
#include "os/daemon_core.hpp"
#include "os/end_process.hpp"
#include "os/locked_pid_file.hpp"
#include "os/process_setup.hpp"

namespace hocket {
namespace detail {
namespace {

using Kind = StartMessage::Kind;

std::vector<int> requests() { return {SIGTERM, SIGINT, SIGHUP}; }

void change_folder(const std::filesystem::path& folder) {
    if (::chdir(folder.c_str()) < 0) throw_errno(("hocket: go to the daemon's folder " + folder.string()).c_str());
}

// The daemon's process: the third one.
class Third {
public:
    Third(const DaemonOptions& options, ServiceManager service_manager, StartChannel starter)
        : core_(options, std::move(service_manager), std::move(starter)) {}

    // Nothing is on our stack that must be destroyed: exit() leaves it.
    [[noreturn]] void run(const DaemonBody& body) {
        int status = 1;
        try {
            begin_to_listen();
            core_.starter().send(StartMessage(Kind::pid, ::getpid()));
            set_up();
            core_.serve(body, *signals_);
            status = 0;
        } catch (const AlreadyRunningError& error) {
            tell(Kind::already_running, error.pid(), error.what());
        } catch (...) {
            tell(Kind::failed, 0, describe(std::current_exception()));
        }
        std::exit(status);
    }

private:
    // Before anybody is told whom to send signals to. They are caught until the end of the process, which a late one
    // must not turn into another end.
    void begin_to_listen() {
        reset_signals();
        std::vector<int> kept = core_.options().keep_descriptors;
        kept.push_back(core_.starter().fd());
        close_descriptors_except(kept);
        signals_ = new Signals(requests());
    }
    void set_up() {
        const DaemonOptions& options = core_.options();
        ::umask(options.umask);
        change_folder(options.folder);
        StandardStreams streams(options);
        // Destroyed by exit(), after what the body makes.
        static std::optional<PidFile> pid_file;
        pid_file.emplace(options.pid_file);
        streams.take_effect();
    }

    // To whoever waits for us; from the time when we are ready on, to the log.
    void tell(Kind kind, int number, const std::string& text) const {
        if (core_.starter().is_open()) {
            core_.starter().send(StartMessage(kind, number, text));
        } else {
            std::fprintf(stderr, "hocket: the daemon '%s' ends: %s\n", core_.options().name.c_str(), text.c_str());
        }
    }

    DaemonCore core_;
    Signals* signals_ = nullptr;
};

// The process between, which leads the daemon's session so that the daemon does not, and whose end makes it an orphan.
// Until the starter lets go, it watches how the daemon ends.
[[noreturn]] void be_second(StartChannel& channel, pid_t third) noexcept {
    const FdGuard pidfd(static_cast<int>(::syscall(SYS_pidfd_open, third, 0)));
    pollfd polled[2] = {{pidfd.get(), POLLIN, 0}, {channel.fd(), 0, 0}};
    while (::poll(polled, 2, -1) < 0 && errno == EINTR) continue;
    siginfo_t info{};
    // It stays a zombie for the moment, and its number its own.
    if (::waitid(P_PID, static_cast<id_t>(third), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == third) {
        channel.send(StartMessage(info.si_code == CLD_EXITED ? Kind::exited : Kind::killed, info.si_status));
        pollfd starter{channel.fd(), 0, 0};
        while (::poll(&starter, 1, -1) < 0 && errno == EINTR) continue;
    }
    ::_exit(0);
}

[[noreturn]] void become_second_and_third(const DaemonOptions& options, const ServiceManager& service_manager,
                                          StartChannel& channel, const DaemonBody& body) noexcept {
    ::setsid();
    const pid_t third = ::fork();
    if (third > 0) be_second(channel, third);
    if (third < 0) {
        const std::string text = std::string("hocket: start a daemon's process: ") + std::strerror(errno);
        channel.send(StartMessage(Kind::failed, 0, text));
        ::_exit(1);
    }
    static Third* process = nullptr;
    try {
        process = new Third(options, service_manager, std::move(channel));
    } catch (...) {
        ::_exit(1);
    }
    process->run(body);
}

// The starter's view.
class Start {
public:
    Start(const DaemonOptions& options, StartChannel channel, pid_t second)
        : options_(options), channel_(std::move(channel)), second_(second) {}
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    // When this is over the daemon is an orphan.
    ~Start() {
        channel_.close();
        while (::waitpid(second_, nullptr, 0) < 0 && errno == EINTR) continue;
    }

    pid_t wait_until_ready() {
        const TimePoint deadline = deadline_after(options_.start_timeout);
        for (;;) {
            std::optional<StartMessage> message;
            try {
                // Whoever must be stopped must be known, which takes little more than two forks.
                message = channel_.receive(pid_ == 0 ? kNever : deadline);
            } catch (const TimeoutError&) {
                give_up();
            }
            if (!message) throw DaemonError(subject() + " ended before it was ready, without a word" + see_log());
            if (message->kind == Kind::ready) return message->number;
            if (message->kind != Kind::pid) fail(*message);
            pid_ = message->number;
            pidfd_ = FdGuard(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        }
    }

private:
    std::string subject() const { return "hocket: the daemon '" + options_.name + "'"; }
    std::string see_log() const {
        return "; its last words may be in " + options_.error.value_or(options_.output).string();
    }

    [[noreturn]] void fail(const StartMessage& message) const {
        // It has nothing left to do but to end; until then the pid file may be there.
        if (pidfd_.get() >= 0) (void)end_process(pid_, pidfd_.get(), options_.stop_timeout);
        switch (message.kind) {
            case Kind::already_running:
                throw AlreadyRunningError(options_.pid_file, message.number);
            case Kind::failed:
                throw DaemonError(message.text);
            case Kind::killed:
                throw DaemonError(subject() + " was killed before it was ready, by signal " +
                                  std::to_string(message.number) + " (" + ::strsignal(message.number) + ")" +
                                  see_log());
            default:
                throw DaemonError(subject() + " ended before it was ready, with status " +
                                  std::to_string(message.number) + see_log());
        }
    }

    [[noreturn]] void give_up() {
        const double limit = std::chrono::duration<double>(options_.start_timeout).count();
        char text[32];
        std::snprintf(text, sizeof text, "%g", limit);
        const bool by_force =
            pidfd_.get() >= 0 && end_process(pid_, pidfd_.get(), options_.stop_timeout) == Stopped::by_force;
        if (by_force) remove_stale(options_.pid_file);
        throw TimeoutError(subject() + " was not ready within " + text +
                           " s (DaemonOptions::start_timeout) and has been " + (by_force ? "killed" : "stopped") +
                           see_log());
    }

    const DaemonOptions& options_;
    StartChannel channel_;
    const pid_t second_;
    pid_t pid_ = 0;
    FdGuard pidfd_;
};

}  // namespace
}  // namespace detail

pid_t daemonize(const DaemonOptions& given, const DaemonBody& body) {
    const DaemonOptions options = detail::completed(given);
    if (!body) throw std::invalid_argument("hocket: the daemon '" + options.name + "' has no body");
    detail::require_fork_is_safe(options);
    const ServiceManager service_manager = ServiceManager::from_environment();
    detail::occupy_standard_descriptors();
    auto [ours, theirs] = detail::StartChannel::open();
    detail::flush_standard_streams();
    const pid_t second = ::fork();
    if (second < 0) detail::throw_errno(("hocket: start the daemon '" + options.name + "'").c_str());
    if (second == 0) {
        ours.close();
        detail::become_second_and_third(options, service_manager, theirs, body);
    }
    theirs.close();
    detail::Start start(options, std::move(ours), second);
    return start.wait_until_ready();
}

void run_in_foreground(const DaemonOptions& given, const DaemonBody& body) {
    const DaemonOptions options = detail::completed(given);
    if (!body) throw std::invalid_argument("hocket: the daemon '" + options.name + "' has no body");
    if (detail::Scheduler::current())
        throw InvalidStateError("hocket: run the daemon '" + options.name +
                                "': this thread runs an event loop; call run_in_foreground() outside of it");
    detail::occupy_standard_descriptors();
    detail::write_lines_at_once();
    Signals signals(detail::requests());
    const PidFile pid_file(options.pid_file);
    detail::DaemonCore core(options, ServiceManager::from_environment(), detail::StartChannel());
    core.serve(body, signals);
}

}  // namespace hocket
