#include "become_window.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "load/terminal.hpp"

namespace hocket {
namespace {

// A body that came from standard input has been read; the next program is to find it there again.
bool put_back_to_standard_input(std::string_view body) {
    const int file = ::memfd_create("request body", MFD_CLOEXEC);
    if (file < 0) return false;
    while (!body.empty()) {
        const ssize_t written = ::write(file, body.data(), body.size());
        if (written < 0) return false;
        body.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::lseek(file, 0, SEEK_SET) == 0 && ::dup2(file, STDIN_FILENO) == STDIN_FILENO;
}

}  // namespace

int become_window(const load::WindowOptions& options, std::vector<std::string> arguments) {
    const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    if (options.load.data_file == "-" && !put_back_to_standard_input(options.load.request.body.value_or(""))) {
        load::say("hocket window: cannot pass the request's body on: {}\n", std::strerror(errno));
        return 1;
    }
    arguments.insert(arguments.begin(), "hocket-window");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    for (const std::filesystem::path& folder : {here, here / HOCKET_LIBEXEC_FROM_BIN}) {
        ::execv((folder / "hocket-window").c_str(), argv.data());
        if (errno == ENOENT) continue;
        load::say("hocket window: cannot start {}: {}\n", (folder / "hocket-window").string(), std::strerror(errno));
        return 1;
    }
    load::say(
        "hocket window: this hocket was built without its window, since Qt 6 was not there; install the packages "
        "qt6-base-dev, qt6-charts-dev and libqt6opengl6-dev, and build it again with -DHOCKET_WINDOW=ON\n");
    return 1;
}

}  // namespace hocket
