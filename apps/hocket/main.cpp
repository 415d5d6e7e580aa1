// The tool's entry: understands the command line and hands over to the command.
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "become_window.hpp"
#include "load/options.hpp"
#include "load/prepare_process.hpp"
#include "load/printable.hpp"
#include "load/run_load.hpp"
#include "load/terminal.hpp"
#include "serve/serve.hpp"
#include "serve/target.hpp"

namespace {

using namespace hocket::load;

using Arguments = std::vector<std::string>;

int run_command(const ExitNow& end, const Arguments&) {
    fmt::print("{}", end.out);
    say_text(end.err);
    return end.code;
}

int run_command(const ServeOptions& options, const Arguments&) { return hocket::serve::run_serve(options); }

int run_command(const WindowOptions& options, const Arguments& arguments) {
    return hocket::become_window(options, arguments);
}

int run_command(LoadOptions options, const Arguments&) {
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
        prepare_process();
        char** const first = argc > 0 ? argv + 1 : argv;  // a program may be started without even its name
        const Arguments arguments(first, argv + argc);
        const Command command = parse_command_line(arguments, Machine::here());
        return flushed(std::visit([&](const auto& chosen) { return run_command(chosen, arguments); }, command));
    } catch (const std::exception& error) {
        say("hocket: {}\n", explanation(error));
        return 1;
    }
}
