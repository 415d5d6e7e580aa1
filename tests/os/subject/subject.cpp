// The daemon that the tests start: subject COMMAND FOLDER BODY [NAME=VALUE...]
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "hocket/aio.hpp"
#include "hocket/net.hpp"
#include "hocket/os.hpp"
#include "hocket/process.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"

namespace {

namespace hk = hocket;

void plain(hk::Daemon& daemon) {
    std::cout << "started\n";
    daemon.ready("at your service");
    for (;;) {
        daemon.wait_reload();
        std::cout << "reloaded\n";
    }
}

hk::Task<void> serve(hk::Daemon& daemon) {
    daemon.ready();
    for (;;) {
        co_await daemon.async_wait_reload();
        std::cout << "reloaded\n";
    }
}

void on_a_loop(hk::Daemon& daemon) {
    try {
        hk::run(serve(daemon));
    } catch (const hk::CancelledError&) {
        std::cout << "cleaned up\n";
        throw;
    }
}

void in_other_threads(hk::Daemon& daemon) {
    hk::Thread thread([&] {
        for (;;) {
            daemon.wait_reload();
            std::cout << "reloaded\n";
        }
    });
    daemon.ready();
    thread.join();
}

// As one that is stuck in a call of the system's.
void deaf(hk::Daemon& daemon) {
    daemon.ready();
    for (;;) ::pause();
}

void never_ready(hk::Daemon&) { hk::Event().wait(); }
void never_ready_and_deaf(hk::Daemon&) {
    for (;;) ::pause();
}
pid_t prepared = 0;

void prepare() {
    prepared = ::getpid();
    const std::filesystem::directory_iterator threads("/proc/self/task");
    std::cout << "prepared with " << std::distance(begin(threads), end(threads)) << " thread\n";
}

void say_whether_prepared(hk::Daemon& daemon) {
    if (prepared != ::getpid()) throw std::runtime_error("prepared elsewhere");
    plain(daemon);
}

void fail(hk::Daemon&) { throw std::runtime_error("the answer is not 42"); }
void fail_later(hk::Daemon& daemon) {
    daemon.ready();
    throw std::runtime_error("the answer is not 42 any more");
}
void never_says_so(hk::Daemon&) {}
void leave(hk::Daemon&) { std::exit(7); }
void die(hk::Daemon&) { ::raise(SIGKILL); }

int twice(int x) { return 2 * x; }

void with_workers(hk::Daemon& daemon) {
    hk::ProcessPool pool(1);
    std::cout << pool.submit(twice, 21).result() << std::endl;
    plain(daemon);
}

// A child that goes on when the daemon has died, and the program's own look at its pid file.
void careless(hk::Daemon& daemon) {
    const auto& pid_file = daemon.options().pid_file;
    if (hk::PidFile::holder(pid_file) != ::getpid()) throw std::runtime_error("the holder is not known");
    { std::ifstream look(pid_file); }
    const pid_t child = ::fork();
    if (child == 0) {
        for (;;) ::pause();
    }
    std::cout << "child " << child << std::endl;
    plain(daemon);
}

void write_to(int fd, hk::Daemon& daemon) {
    if (::write(fd, "kept", 4) != 4) throw std::runtime_error("it is closed");
    plain(daemon);
}

void (*body_named(const std::string& name))(hk::Daemon&) {
    const std::map<std::string, void (*)(hk::Daemon&)> bodies{
        {"plain", plain},
        {"loop", on_a_loop},
        {"threads", in_other_threads},
        {"deaf", deaf},
        {"never_ready", never_ready},
        {"never_ready_and_deaf", never_ready_and_deaf},
        {"prepared", say_whether_prepared},
        {"fail", fail},
        {"fail_later", fail_later},
        {"never_says_so", never_says_so},
        {"leave", leave},
        {"die", die},
        {"careless", careless},
        {"workers", with_workers},
    };
    return bodies.at(name);
}

hk::Task<int> inside_a_loop(std::string command, hk::DaemonOptions options, hk::DaemonBody body) {
    co_return hk::daemon_command(command, options, body);
}

void become(uid_t user) {
    if (::setgroups(0, nullptr) < 0 || ::setgid(user) < 0 || ::setuid(user) < 0) throw std::runtime_error("setuid");
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::string command = argv[1], folder = argv[2], body_name = argv[3];
    hk::DaemonOptions options;
    options.pid_file = folder + "/subject.pid";
    options.output = folder + "/out.log";
    options.error = folder + "/err.log";
    hk::DaemonBody body;
    bool other_thread = false, within_a_loop = false, with_signals = false;
    for (int i = 4; i < argc; ++i) {
        const std::string argument = argv[i];
        const std::size_t equals = argument.find('=');
        const std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
        if (name == "pid_file") options.pid_file = value;
        if (name == "output") options.output = value;
        if (name == "folder") options.folder = value;
        if (name == "umask") options.umask = static_cast<mode_t>(std::stoul(value, nullptr, 8));
        if (name == "start_timeout_ms") options.start_timeout = std::chrono::milliseconds(std::stol(value));
        if (name == "stop_timeout_ms") options.stop_timeout = std::chrono::milliseconds(std::stol(value));
        if (name == "user") become(static_cast<uid_t>(std::stoul(value)));
        if (name == "other_thread") other_thread = true;
        if (name == "prepare") options.prepare = prepare;
        if (name == "fail_to_prepare") options.prepare = [] { throw std::runtime_error("unprepared"); };
        if (name == "init") hk::init(argc, argv);
        if (name == "prepare_init") options.prepare = [argc, argv] { hk::init(argc, argv); };
        if (name == "with_signals") with_signals = true;
        if (name == "within_a_loop") within_a_loop = true;
        if (name == "keep") {
            const int fd = std::stoi(value);
            options.keep_descriptors.push_back(fd);
            body = [fd](hk::Daemon& daemon) { write_to(fd, daemon); };
        }
    }
    if (!body) body = body_named(body_name);
    if (other_thread) {
        hk::ThreadOptions named;
        named.name = "busy";
        hk::Event running;
        hk::Thread thread(named, [&] {
            running.set();
            hk::Event().wait();
        });
        running.wait();
        return hk::daemon_command(command, options, body);
    }
    std::optional<hk::Signals> signals;
    if (with_signals) signals.emplace(std::vector<int>{SIGUSR1});
    if (within_a_loop) return hk::run(inside_a_loop(command, options, body));
    std::cout << "said before ";  // stays in the buffer
    return hk::daemon_command(command, options, body);
}
