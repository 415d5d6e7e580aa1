// hocket-window, as which `hocket window` goes on: a program of its own, so that the others need not carry Qt, which
// would double their memory. Takes the tool's command line.
#include <fmt/format.h>

#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "load/options.hpp"
#include "load/prepare_process.hpp"
#include "load/printable.hpp"
#include "load/terminal.hpp"
#include "run_window.hpp"

int main(int argc, char** argv) {
    using namespace hocket::load;
    try {
        prepare_process();
        char** const first = argc > 0 ? argv + 1 : argv;
        const Command command = parse_command_line(std::vector<std::string>(first, argv + argc), Machine::here());
        if (const auto* options = std::get_if<WindowOptions>(&command)) return hocket::window::run_window(*options);
        say("hocket-window: this is a part of hocket; start it with `hocket window`\n");
        return 2;
    } catch (const std::exception& error) {
        say("hocket window: {}\n", explanation(error));
        return 1;
    }
}
