// Another program, for tests: started with its output in a file or pipe, waited for with a limit, never left behind.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "spawn.hpp"

namespace hocket::testing {

class ChildProcess {
public:
    // Starts `arguments[0]`, found on PATH, in a session of its own; stdin is empty.
    explicit ChildProcess(std::vector<std::string> arguments) {
        int out[2], err[2];
        if (::pipe2(out, O_CLOEXEC) < 0 || ::pipe2(err, O_CLOEXEC) < 0) throw std::runtime_error("pipe2");
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
        out_ = out[0];
        err_ = err[0];
        pid_ = spawn_in_session(arguments, actions);
        ::close(out[1]);
        ::close(err[1]);
        pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    }
    // This test program, to run the disabled test `name`.
    static std::vector<std::string> disabled_test(const std::string& name) {
        return {"/proc/self/exe", "--gtest_also_run_disabled_tests", "--gtest_filter=" + name};
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        for (const int fd : {out_, err_, pidfd_}) ::close(fd);
    }

    void send_signal(int signal) const { ::kill(pid_, signal); }

    // Reads both outputs until the process has ended; false if that takes longer than `limit`. Then status() is known.
    bool wait_for(std::chrono::milliseconds limit) {
        return pump(limit, [] { return false; });
    }
    // Reads until stderr contains `text`.
    bool wait_for_stderr(const std::string& text, std::chrono::milliseconds limit) {
        pump(limit, [&] { return errors.find(text) != std::string::npos; });
        return errors.find(text) != std::string::npos;
    }

    // Reads until stdout contains `text`.
    bool wait_for_output(const std::string& text, std::chrono::milliseconds limit) {
        pump(limit, [&] { return output.find(text) != std::string::npos; });
        return output.find(text) != std::string::npos;
    }

    pid_t pid() const { return pid_; }
    // The exit code, or 128 + signal as a shell has it.
    int status() const { return status_; }
    // The most memory it had resident, after its end.
    long peak_kib() const { return usage_.ru_maxrss; }
    std::string output;
    std::string errors;

private:
    template <class Enough>
    bool pump(std::chrono::milliseconds limit, Enough enough) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        while (pid_ > 0 && !enough()) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
            if (left <= 0) return false;
            pollfd fds[3] = {{open_[0] ? out_ : -1, POLLIN, 0}, {open_[1] ? err_ : -1, POLLIN, 0}, {pidfd_, POLLIN, 0}};
            ::poll(fds, 3, static_cast<int>(left));
            if (fds[0].revents) open_[0] = read_into(output, out_);
            if (fds[1].revents) open_[1] = read_into(errors, err_);
            if (!open_[0] && !open_[1] && (fds[2].revents & POLLIN)) reap();
        }
        return pid_ <= 0;
    }
    static bool read_into(std::string& text, int fd) {
        char buffer[4096];
        const ssize_t size = ::read(fd, buffer, sizeof buffer);
        if (size > 0) text.append(buffer, static_cast<std::size_t>(size));
        return size > 0;
    }
    void reap() {
        int status = 0;
        ::wait4(std::exchange(pid_, -1), &status, 0, &usage_);
        status_ = shell_status(status);
    }

    pid_t pid_ = -1;
    int pidfd_ = -1;
    int out_ = -1;
    int err_ = -1;
    bool open_[2] = {true, true};
    int status_ = -1;
    rusage usage_{};
};

}  // namespace hocket::testing
