// A child of the test's process that goes on from where it is, for what needs no fresh process; never left behind.
#pragma once
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <utility>

namespace hocket::testing {

class ForkedChild {
public:
    // Runs `work()` in a child, whose exit code is 0 if that returns and no expectation failed in it. Before any
    // thread is started.
    template <class Work>
    explicit ForkedChild(Work work) : pid_(::fork()) {
        if (pid_ != 0) return;
        int code = 0;
        try {
            work();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "child: %s\n", error.what());
            code = 1;
        }
        ::_exit(::testing::Test::HasFailure() ? 1 : code);
    }
    ForkedChild(ForkedChild&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    // Kills the one that was.
    ForkedChild& operator=(ForkedChild&& other) noexcept {
        std::swap(pid_, other.pid_);
        if (other.pid_ > 0) other.kill();
        return *this;
    }
    ~ForkedChild() {
        if (pid_ > 0) kill();
    }
    // The exit code, or -signal.
    int wait() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }
    int kill() {
        ::kill(pid_, SIGKILL);
        return wait();
    }
    // Kills it, and leaves it a zombie for the moment.
    void kill_only() const {
        ::kill(pid_, SIGKILL);
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    }
    pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

// Looks on until a thread sleeps: in the wait that it is about to begin, if it does nothing else.
inline void await_asleep(pid_t thread) {
    const std::string path = "/proc/" + std::to_string(thread) + "/stat";
    for (;;) {
        std::ifstream file(path);
        std::string line;
        std::getline(file, line);
        const std::size_t name_end = line.rfind(')');
        if (name_end == std::string::npos || line[name_end + 2] == 'S') return;
        ::sched_yield();
    }
}

}  // namespace hocket::testing
