// A folder, and the daemon `subject` that lives in it.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "hocket/os.hpp"

namespace hocket::testing {

using namespace std::chrono_literals;

inline std::string text_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// Waits until the file contains `text`; false after half a minute.
inline bool wait_for_text(const std::filesystem::path& file, const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    const int watch = ::inotify_init1(IN_CLOEXEC);
    ::inotify_add_watch(watch, file.parent_path().c_str(), IN_MODIFY | IN_CREATE);
    bool found = false;
    for (;;) {
        found = text_of(file).find(text) != std::string::npos;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (found || left <= 0ms) break;
        pollfd polled{watch, POLLIN, 0};
        ::poll(&polled, 1, static_cast<int>(left.count()));
        char events[4096];
        if (polled.revents) (void)!::read(watch, events, sizeof events);
    }
    ::close(watch);
    return found;
}

/// The fields of /proc/<pid>/stat from the state on, that is, from field 3.
inline std::vector<std::string> stat_of(pid_t pid) {
    std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    return std::vector<std::string>(std::istream_iterator<std::string>(fields), {});
}

/// Waits until the process has ended; false after half a minute.
inline bool sees_end_of(pid_t pid) {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) return true;
    pollfd end{pidfd, POLLIN, 0};  // that of all its threads
    const int ended = ::poll(&end, 1, 30'000);
    ::close(pidfd);
    return ended == 1;
}

class DaemonTest : public ::testing::Test {
protected:
    DaemonTest() {
        std::string name = std::filesystem::temp_directory_path() / "hocket-daemon-XXXXXX";
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        folder = name;
        options.pid_file = folder / "subject.pid";
        options.stop_timeout = 0s;
    }
    ~DaemonTest() override {
        try {
            (void)stop_daemon(options);
        } catch (const NotRunningError&) {
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
        }
        std::filesystem::remove_all(folder);
    }

    class Result {
    public:
        int code = -1;
        std::string output;
        std::string errors;
    };
    std::vector<std::string> command_line(const std::string& command, const std::string& body,
                                          const std::vector<std::string>& more = {}) const {
        std::vector<std::string> line{HOCKET_OS_SUBJECT, command, folder, body};
        line.insert(line.end(), more.begin(), more.end());
        return line;
    }
    static Result run(const std::vector<std::string>& line) {
        ChildProcess process(line);
        // Also until nobody has its streams any more.
        if (!process.wait_for(50s)) ADD_FAILURE() << line[1] << " does not end:\n" << process.errors;
        Result result;
        result.code = process.status();
        result.output = process.output;
        result.errors = process.errors;
        return result;
    }
    Result command(const std::string& command, const std::string& body = "plain",
                   const std::vector<std::string>& more = {}) const {
        return run(command_line(command, body, more));
    }
    pid_t start(const std::string& body = "plain", const std::vector<std::string>& more = {}) const {
        const Result result = command("start", body, more);
        EXPECT_EQ(result.code, 0) << result.errors;
        EXPECT_EQ(result.errors, "");
        const pid_t pid = running_daemon(options).value_or(0);
        EXPECT_EQ(result.output, "said before Started (pid " + std::to_string(pid) + ")\n");
        return pid;
    }
    void expect_failure(const Result& result, const std::string& text) const {
        EXPECT_EQ(result.code, 1);
        EXPECT_EQ(result.errors, text + "\n");
    }
    std::filesystem::path out() const { return folder / "out.log"; }
    std::filesystem::path err() const { return folder / "err.log"; }

    std::filesystem::path folder;
    DaemonOptions options;
};

}  // namespace hocket::testing
