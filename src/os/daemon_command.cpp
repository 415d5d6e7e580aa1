#include "hocket/os/daemon_command.hpp"

#include <cstdio>
#include <exception>
#include <string>

#include "hocket/core/errors.hpp"
#include "hocket/os/daemon_control.hpp"
#include "hocket/os/daemon_errors.hpp"

namespace hocket {
namespace {

int fail(const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return 1;
}

int start(const DaemonOptions& options, const DaemonBody& body) {
    std::printf("Started (pid %d)\n", static_cast<int>(daemonize(options, body)));
    return 0;
}

int stop(const DaemonOptions& options) {
    const Stopped how = stop_daemon(options);
    std::puts(how == Stopped::by_itself ? "Stopped" : "Killed: it had not ended in time");
    return 0;
}

int status(const DaemonOptions& options) {
    const auto pid = running_daemon(options);
    if (!pid) throw NotRunningError(options.pid_file);
    std::printf("Running (pid %d)\n", static_cast<int>(*pid));
    return 0;
}

int restart(const DaemonOptions& options, const DaemonBody& body) {
    try {
        stop(options);
    } catch (const NotRunningError&) {
    }
    return start(options, body);
}

int obey(std::string_view command, const DaemonOptions& options, const DaemonBody& body) {
    if (command == "start") return start(options, body);
    if (command == "stop") return stop(options);
    if (command == "restart") return restart(options, body);
    if (command == "status") return status(options);
    if (command == "reload") {
        reload_daemon(options);
        return 0;
    }
    if (command == "run") {
        run_in_foreground(options, body);
        return 0;
    }
    return fail("Unknown command '" + std::string(command) + "'");
}

}  // namespace

int daemon_command(std::string_view command, const DaemonOptions& options, const DaemonBody& body) {
    try {
        return obey(command, options, body);
    } catch (const AlreadyRunningError& error) {
        return fail("Already running" +
                    (error.pid() > 0 ? " (pid " + std::to_string(error.pid()) + ")" : std::string()));
    } catch (const NotRunningError&) {
        return fail("Not running");
    } catch (...) {
        return fail(describe(std::current_exception()));
    }
}

int daemon_main(int argc, char* argv[], const DaemonOptions& options, const DaemonBody& body) {
    if (argc != 2)
        return fail("Usage: " + std::string(argc > 0 ? argv[0] : "daemon") + " [start|stop|restart|reload|status|run]");
    return daemon_command(argv[1], options, body);
}

}  // namespace hocket
