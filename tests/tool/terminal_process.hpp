// A program on a terminal of its own.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "spawn.hpp"

namespace hocket::testing {

// Runs `arguments[0]`, found on PATH, with a new pseudo-terminal as controlling terminal, stdin, stdout and stderr. The
// terminal passes on what is written as it is, and turns Ctrl-C into SIGINT.
class TerminalProcess {
public:
    TerminalProcess(std::vector<std::string> arguments, unsigned short columns)
        : main_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        if (main_ < 0 || ::grantpt(main_) < 0 || ::unlockpt(main_) < 0) throw std::runtime_error("posix_openpt");
        winsize size{};
        size.ws_col = columns;
        size.ws_row = 25;
        ::ioctl(main_, TIOCSWINSZ, &size);
        termios modes;
        ::tcgetattr(main_, &modes);
        modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
        modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(main_, TCSANOW, &modes);

        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        // The first terminal that the leader of a session opens becomes its controlling terminal.
        ::posix_spawn_file_actions_addopen(&actions, 0, ::ptsname(main_), O_RDWR, 0);
        ::posix_spawn_file_actions_adddup2(&actions, 0, 1);
        ::posix_spawn_file_actions_adddup2(&actions, 0, 2);
        pid_ = spawn_in_session(arguments, actions);
    }
    TerminalProcess(const TerminalProcess&) = delete;
    TerminalProcess& operator=(const TerminalProcess&) = delete;
    ~TerminalProcess() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(main_);
    }

    void type(std::string_view keys) const {
        if (::write(main_, keys.data(), keys.size()) < 0) throw std::runtime_error("write");
    }

    // Reads until the screen has shown `text`.
    bool wait_for_text(const std::string& text, std::chrono::milliseconds limit) {
        return read_until(limit, [&] { return screen.find(text) != std::string::npos; });
    }
    // Reads to the end of the program; then status() is known.
    bool wait_for_end(std::chrono::milliseconds limit) {
        return read_until(limit, [&] { return pid_ < 0; });
    }

    // The exit code, or 128 + signal as a shell has it.
    int status() const { return status_; }
    // All that was written.
    std::string screen;

private:
    template <class Enough>
    bool read_until(std::chrono::milliseconds limit, Enough enough) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        while (!enough()) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
            pollfd readable{main_, POLLIN, 0};
            if (pid_ < 0 || left <= 0) return false;
            if (::poll(&readable, 1, static_cast<int>(left)) <= 0) continue;
            char buffer[4096];
            const ssize_t size = ::read(main_, buffer, sizeof buffer);
            if (size > 0) {
                screen.append(buffer, static_cast<std::size_t>(size));
            } else {
                reap();  // nobody has the terminal open any more
            }
        }
        return true;
    }
    void reap() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        status_ = shell_status(status);
    }

    int main_;
    pid_t pid_ = -1;
    int status_ = -1;
};

}  // namespace hocket::testing
