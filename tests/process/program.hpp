// This test program once more, to see it from outside.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket::testing {

/// A process that does what main() does for `mode`. Its standard output is read here. Never left behind.
class Program {
public:
    explicit Program(const char* mode) {
        static int started = 0;
        const std::string name = "HOCKET_TEST_PROGRAM";
        const std::string number = std::to_string(::getpid()) + "-" + std::to_string(++started);
        mark_ = name + "=" + number;
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        ::setenv(name.c_str(), number.c_str(), 1);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl("/proc/self/exe", "hocket_process_test", mode, nullptr);
            ::_exit(127);
        }
        ::unsetenv(name.c_str());
        output_ = detail::OwnedDescriptor(ends[0]);
        ::close(ends[1]);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (waited_for_) return;
        ::kill(pid_, SIGKILL);
        (void)wait();
    }
    std::string read_line() {
        std::string line;
        char c = 0;
        while (::read(output_.get(), &c, 1) == 1 && c != '\n') line += c;
        return line;
    }
    /// Reads the rest; whether nobody has the output any more within ten seconds.
    bool output_ends() {
        char rest[4096];
        pollfd polled{output_.get(), POLLIN, 0};
        while (::poll(&polled, 1, 10'000) == 1) {
            if (::read(output_.get(), rest, sizeof rest) == 0) return true;
        }
        return false;
    }
    /// The exit code, or -signal.
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        waited_for_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    pid_t pid() const { return pid_; }
    /// What it and all processes that come from it have in their environment, and nobody else.
    const std::string& mark() const { return mark_; }

private:
    pid_t pid_ = 0;
    bool waited_for_ = false;
    std::string mark_;
    detail::OwnedDescriptor output_;
};

}  // namespace hocket::testing
