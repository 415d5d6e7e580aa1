// The snippets of docs/daemons.md.
#include <hocket/aio.hpp>
#include <hocket/net.hpp>
#include <hocket/os.hpp>
#include <hocket/threading.hpp>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// [first]
void tick(hk::Daemon& daemon) {
    std::cout << "ticking\n";  // at once in the log
    daemon.ready();            // `ticker start` returns now
    for (;;) {
        hk::this_thread::sleep_for(10s);  // `ticker stop`: throws CancelledError
        std::cout << "tick\n";
    }
}

int ticker(int argc, char* argv[]) {
    hk::DaemonOptions options;
    options.pid_file = "/run/ticker.pid";
    options.output = "/var/log/ticker.log";  // the errors, too
    return hk::daemon_main(argc, argv, options, tick);
}
// [first]

// [loop]
hk::Task<void> echo(hk::Stream client) {
    while (const auto line = co_await client.read_until("\n")) co_await client.write(*line);
}

hk::Task<void> serve(hk::Daemon& daemon) {
    hk::Server server = co_await hk::start_server("127.0.0.1", 0, echo);  // a port that is taken: `start` says so
    daemon.ready("listening on port " + std::to_string(server.port()));
    for (;;) {
        co_await daemon.async_wait_reload();  // SIGHUP; SIGTERM cancels the task here, and the server ends
        std::cout << "settings read again\n";
    }
}

void serve_on_a_loop(hk::Daemon& daemon) { hk::run(serve(daemon)); }
// [loop]

// [clean]
hk::Task<void> say_goodbye();

hk::Task<void> serve_politely(hk::Daemon& daemon) {
    try {
        co_await serve(daemon);
    } catch (const hk::CancelledError&) {
    }
    // Still cancelled: each wait would throw, but in here. `stop` insists after options.stop_timeout.
    hk::CancelScope clean_up(hk::shielded);
    co_await say_goodbye();
}
// [clean]

hk::Task<void> say_goodbye() {
    co_await hk::sleep(1ms);
    std::cout << "goodbye\n";
}

// [control]
void replace(const hk::DaemonOptions& options, const hk::DaemonBody& body) {
    if (const auto pid = hk::running_daemon(options)) {
        std::cout << "process " << *pid << " goes\n";
        if (hk::stop_daemon(options) == hk::Stopped::by_force) std::cout << "it had to be killed\n";
    }
    try {
        std::cout << "process " << hk::daemonize(options, body) << " has come\n";
    } catch (const hk::AlreadyRunningError& error) {
        std::cout << "process " << error.pid() << " was faster\n";
    } catch (const hk::DaemonError& error) {
        std::cout << error.what() << '\n';  // the daemon's own words
    }
}
// [control]

// [alone]
void only_once() {
    const hk::PidFile alone("only-once.pid");  // throws AlreadyRunningError
    std::cout << "nobody else is here\n";
}
// [alone]

int main() {
    std::string name = std::filesystem::temp_directory_path() / "hocket-snippet-XXXXXX";
    if (!::mkdtemp(name.data())) return 1;
    std::filesystem::current_path(name);
    only_once();
    hk::DaemonOptions options;
    options.pid_file = name + "/snippet.pid";
    options.output = name + "/snippet.log";
    const auto politely = [](hk::Daemon& daemon) { hk::run(serve_politely(daemon)); };
    for (const hk::DaemonBody& body : {hk::DaemonBody(tick), hk::DaemonBody(serve_on_a_loop), hk::DaemonBody(politely)})
        replace(options, body);
    char program[] = "ticker", command[] = "dance";
    char* arguments[] = {program, command, nullptr};
    if (ticker(2, arguments) != 1) return 1;
    const bool ended = hk::stop_daemon(options) == hk::Stopped::by_itself;
    std::filesystem::remove_all(name);
    return ended ? 0 : 1;
}
