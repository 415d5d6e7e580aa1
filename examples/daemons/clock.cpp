// Rows B9, B10, B11: a daemon that says every ten seconds that it is alive, and the command that starts and stops it.
//
//     clock start|stop|restart|reload|status|run
//
// It keeps its pid file and its log in $HOCKET_CLOCK, or else in /tmp/hocket-clock-<user id>, a folder of this user's.
// There it reads its settings, too, at the start and at each reload: the file `seconds`, with the number of seconds.
#include <hocket/os.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace hk = hocket;

std::filesystem::path own_folder() {
    if (const char* given = std::getenv("HOCKET_CLOCK")) return given;
    const std::string folder = "/tmp/hocket-clock-" + std::to_string(::getuid());
    struct stat found {};
    ::mkdir(folder.c_str(), 0755);
    if (::lstat(folder.c_str(), &found) < 0 || !S_ISDIR(found.st_mode) || found.st_uid != ::getuid())
        throw std::runtime_error(folder + " is not a folder of ours");
    return folder;
}

std::chrono::duration<double> read_period(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) return std::chrono::seconds(10);
    double seconds = 0;
    std::ifstream(file) >> seconds;
    if (!(seconds > 0)) throw std::runtime_error(file.string() + ": not a number of seconds");
    return std::chrono::duration<double>(seconds);
}

std::string now() {
    const std::time_t time = std::time(nullptr);
    char text[64];
    std::strftime(text, sizeof text, "%c", std::localtime(&time));
    return text;
}

void tell_that_alive(hk::Daemon& daemon, const std::filesystem::path& settings) {
    auto period = read_period(settings);  // what is wrong with them is what `clock start` fails with
    std::cout << "Daemon started with pid " << ::getpid() << '\n';
    daemon.ready();
    for (;;) {
        std::cout << "Daemon Alive! " << now() << '\n';
        if (!daemon.wait_reload_for(period)) continue;  // throws CancelledError when it is to stop
        try {
            period = read_period(settings);
            std::cout << "Settings read, every " << period.count() << " s\n";
        } catch (const std::exception& error) {
            std::cout << error.what() << "; the old ones stay\n";
        }
    }
}

int main(int argc, char* argv[]) {
    try {
        const std::filesystem::path folder = own_folder();
        hk::DaemonOptions options;
        options.pid_file = folder / "clock.pid";
        options.output = folder / "clock.log";  // the errors, too
        const auto body = [settings = folder / "seconds"](hk::Daemon& daemon) { tell_that_alive(daemon, settings); };
        return hk::daemon_main(argc, argv, options, body);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
