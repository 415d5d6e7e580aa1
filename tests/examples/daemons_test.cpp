// Rows B9, B10, B11.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Clock : public ::testing::Test {
protected:
    Clock() {
        std::string name = std::filesystem::temp_directory_path() / "hocket-clock-XXXXXX";
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        folder = name;
    }
    ~Clock() override {
        (void)clock("stop");
        std::filesystem::remove_all(folder);
    }
    Example clock(const std::string& command) const {
        return Example("daemons/clock", {command}, {"HOCKET_CLOCK=" + folder.string()});
    }
    std::string log() const {
        std::ifstream stream(folder / "clock.log");
        return std::string(std::istreambuf_iterator<char>(stream), {});
    }
    void every(const std::string& seconds) const { std::ofstream(folder / "seconds") << seconds; }

    std::filesystem::path folder;
};

void expect_failure(const Example& run, const std::string& text) {
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.errors, MatchesRegex(text));
}

TEST_F(Clock, LivesUntilItIsStopped) {
    const Example started = clock("start");
    EXPECT_EQ(started.code, 0) << started.errors;
    // What it has said so far is in the log, without waiting.
    EXPECT_THAT(log(), MatchesRegex("Daemon started with pid [0-9]+\n(Daemon Alive! .*\n)?"));
    EXPECT_THAT(clock("status").output, MatchesRegex("Running \\(pid [0-9]+\\)\n"));
    expect_failure(clock("start"), "Already running \\(pid [0-9]+\\)\n");
    every("0.01");
    EXPECT_EQ(clock("reload").code, 0);
    while (occurrences(log(), "Daemon Alive!") < 3) std::this_thread::yield();
    EXPECT_THAT(log(), HasSubstr("Settings read, every 0.01 s\n"));
    every("nonsense");
    EXPECT_EQ(clock("reload").code, 0);
    while (log().find("the old ones stay") == std::string::npos) std::this_thread::yield();
    EXPECT_EQ(clock("stop").output, "Stopped\n");
    EXPECT_FALSE(std::filesystem::exists(folder / "clock.pid"));
    expect_failure(clock("stop"), "Not running\n");
}

TEST_F(Clock, SaysWhatItDoesNotUnderstand) {
    expect_failure(clock("dance"), "Unknown command 'dance'\n");
    expect_failure(Example("daemons/clock"), "Usage: .*clock \\[start\\|stop\\|restart\\|reload\\|status\\|run\\]\n");
}

TEST_F(Clock, FailsAtTheStartWithItsOwnWords) {
    every("never");
    expect_failure(clock("start"), ".*/seconds: not a number of seconds\n");
    EXPECT_FALSE(std::filesystem::exists(folder / "clock.pid"));
}

}  // namespace
}  // namespace hocket::testing
