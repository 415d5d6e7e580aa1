// The tool's entry: understands the command line and hands over to the command.
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "load/options.hpp"
#include "load/printable.hpp"
#include "load/run_load.hpp"
#include "load/terminal.hpp"
#include "serve/serve.hpp"
#include "serve/target.hpp"

namespace {

using namespace hocket::load;

// Commands take Ctrl-C and SIGTERM from a descriptor, in one thread; blocked here, before there are others.
void block_stop_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// A program may be started with these closed. Then a socket would get such a number, and be written our messages.
void open_standard_streams() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
    }
}

int run_command(const ExitNow& end) {
    fmt::print("{}", end.out);
    say_text(end.err);
    return end.code;
}

int run_command(const ServeOptions& options) { return hocket::serve::run_serve(options); }

int run_command(LoadOptions options) {
    if (options.url) return run_load(options);
    ServeOptions target_options;
    target_options.port = 0;
    hocket::serve::Target target(target_options);
    const std::string url = fmt::format("http://127.0.0.1:{}/", target.port());
    say("No URL given: testing the embedded target at {}\n", url);
    options.url = parse_url(url);
    const int code = run_load(options);
    target.stop();
    return code;
}

// What was printed may still be on its way; a full disk shows only now.
int flushed(int code) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    say("hocket: cannot write to standard output: {}\n", std::strerror(errno));
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        open_standard_streams();
        block_stop_signals();
        char** const first = argc > 0 ? argv + 1 : argv;  // a program may be started without even its name
        const Command command = parse_command_line(std::vector<std::string>(first, argv + argc), Machine::here());
        return flushed(std::visit([](const auto& chosen) { return run_command(chosen); }, command));
    } catch (const std::exception& error) {
        say("hocket: {}\n", explanation(error));
        return 1;
    }
}
