// Starting, stopping and asking, as real processes.
#include <csignal>
#include <list>

#include "hocket/core/errors.hpp"
#include "os/daemon_fixture.hpp"

namespace hocket::testing {
namespace {

class DaemonCommandTest : public DaemonTest {
protected:
    std::string running() const { return "(pid " + std::to_string(running_daemon(options).value_or(0)) + ")"; }
    static bool is_gone(pid_t pid) {
        const auto stat = stat_of(pid);
        return stat.empty() || stat.front() == "Z";  // not every container's init collects orphans
    }
};

TEST_F(DaemonCommandTest, StartsAsksAndStops) {
    expect_failure(command("status"), "Not running");
    expect_failure(command("stop"), "Not running");
    expect_failure(command("reload"), "Not running");
    const pid_t pid = start();
    EXPECT_EQ(command("status").output, "said before Running " + running() + "\n");
    expect_failure(command("start"), "Already running " + running());
    expect_failure(command("run"), "Already running " + running());
    EXPECT_EQ(running_daemon(options), pid);
    const Result stopped = command("stop");
    EXPECT_EQ(stopped.code, 0);
    EXPECT_EQ(stopped.output, "said before Stopped\n");
    EXPECT_TRUE(is_gone(pid));
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    expect_failure(command("stop"), "Not running");
    EXPECT_EQ(text_of(err()), "");
}

TEST_F(DaemonCommandTest, SaysWhatItDoesNotKnow) {
    expect_failure(command("dance"), "Unknown command 'dance'");
    char name[] = "daemon", command[] = "start", more[] = "more";
    char* arguments[] = {name, command, more, nullptr};
    const auto body = [](Daemon&) {};
    for (const int count : {1, 3}) {
        ::testing::internal::CaptureStderr();
        EXPECT_EQ(daemon_main(count, arguments, options, body), 1);
        EXPECT_EQ(::testing::internal::GetCapturedStderr(), "Usage: daemon [start|stop|restart|reload|status|run]\n");
    }
}

TEST_F(DaemonCommandTest, OfTwentyStartsAtOnceOneSucceeds) {
    for (int round = 0; round < 3; ++round) {
        std::list<ChildProcess> starts;
        for (int i = 0; i < 20; ++i) starts.emplace_back(command_line("start", "plain"));
        int started = 0, refused = 0;
        for (ChildProcess& process : starts) {
            ASSERT_TRUE(process.wait_for(50s));
            if (process.status() == 0) {
                ++started;
            } else if (process.errors == "Already running " + running() + "\n") {
                ++refused;
            } else {
                ADD_FAILURE() << process.errors;
            }
        }
        EXPECT_EQ(started, 1);
        EXPECT_EQ(refused, 19);
        EXPECT_EQ(command("stop").output, "said before Stopped\n");
    }
}

TEST_F(DaemonCommandTest, StartsAgainAfterACrash) {
    const pid_t first = start();
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    while (running_daemon(options)) ::sched_yield();
    EXPECT_EQ(text_of(options.pid_file), std::to_string(first) + "\n") << "it is stale";
    expect_failure(command("status"), "Not running");
    expect_failure(command("stop"), "Not running");
    const pid_t second = start();
    EXPECT_NE(second, first);
    EXPECT_EQ(text_of(options.pid_file), std::to_string(second) + "\n");
}

TEST_F(DaemonCommandTest, AStrangerWithTheNumberOfAStalePidFileIsLeftAlone) {
    ChildProcess stranger({"sleep", "1000"});
    std::ofstream(options.pid_file) << stranger.pid() << '\n';
    expect_failure(command("status"), "Not running");
    expect_failure(command("stop"), "Not running");
    expect_failure(command("reload"), "Not running");
    start();
    EXPECT_EQ(command("stop").output, "said before Stopped\n");
    EXPECT_EQ(stat_of(stranger.pid()).front(), "S");
}

TEST_F(DaemonCommandTest, StopInsists) {
    const pid_t pid = start("deaf");
    const Result result = command("stop", "deaf", {"stop_timeout_ms=100"});
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(result.output, "said before Killed: it had not ended in time\n");
    EXPECT_TRUE(is_gone(pid));
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
}

TEST_F(DaemonCommandTest, RootStopsThoseOfOthersToo) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    constexpr uid_t kNobody = 65534;
    ASSERT_EQ(::chown(folder.c_str(), kNobody, kNobody), 0);
    const Result started = command("start", "deaf", {"user=" + std::to_string(kNobody)});
    ASSERT_EQ(started.code, 0) << started.errors;
    struct stat file {};
    ASSERT_EQ(::stat(options.pid_file.c_str(), &file), 0);
    EXPECT_EQ(file.st_uid, kNobody);
    EXPECT_EQ(stop_daemon(options), Stopped::by_force);
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
}

TEST_F(DaemonCommandTest, RestartsWhetherItRunsOrNot) {
    const Result first = command("restart");
    EXPECT_EQ(first.code, 0) << first.errors;
    const std::string before = running();
    const Result second = command("restart");
    EXPECT_EQ(second.code, 0) << second.errors;
    EXPECT_NE(running(), before);
    EXPECT_EQ(second.output, "said before Stopped\nStarted " + running() + "\n");
}

TEST_F(DaemonCommandTest, ReloadsInAThreadATaskAndTheBody) {
    for (const std::string body : {"plain", "loop", "threads"}) {
        SCOPED_TRACE(body);
        std::filesystem::remove(out());
        start(body);
        EXPECT_EQ(command("reload").code, 0);
        EXPECT_TRUE(wait_for_text(out(), "reloaded\n"));
        EXPECT_EQ(command("stop").output, "said before Stopped\n");
        EXPECT_EQ(text_of(out()).find("cleaned up\n") != std::string::npos, body == "loop");
        EXPECT_EQ(text_of(err()), "");
    }
}

TEST_F(DaemonCommandTest, RunsInTheForeground) {
    ChildProcess process(command_line("run", "plain"));
    ASSERT_TRUE(process.wait_for_output("started\n", 50s));
    while (running_daemon(options) != process.pid()) ::sched_yield();
    expect_failure(command("start"), "Already running " + running());
    EXPECT_EQ(command("reload").code, 0);
    EXPECT_TRUE(process.wait_for_output("reloaded\n", 50s));
    process.send_signal(SIGINT);
    ASSERT_TRUE(process.wait_for(50s));
    EXPECT_EQ(process.status(), 0);
    EXPECT_EQ(process.errors, "");
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    expect_failure(command("run", "fail"), "the answer is not 42");
    expect_failure(
        command("run", "never_says_so"),
        "hocket: the daemon 'subject' ended before it was ready; it must call Daemon::ready() when it is set "
        "up");
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
}

// What it writes must not go where a file of its own has got the number of a stream.
TEST_F(DaemonCommandTest, RunsInTheForegroundWithoutStandardStreams) {
    std::string words = "exec";
    for (const std::string& word : command_line("run", "plain")) words += " " + word;
    ChildProcess process({"sh", "-c", words + " <&- >&- 2>&-"});
    while (running_daemon(options) != process.pid()) ::sched_yield();
    for (const char* stream : {"0", "1", "2"}) {
        EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(process.pid()) + "/fd/" + stream),
                  "/dev/null");
    }
    EXPECT_EQ(command("stop").output, "said before Stopped\n");
    ASSERT_TRUE(process.wait_for(50s));
    EXPECT_EQ(process.status(), 0);
}

// The daemon opens and closes its pid file, by which it loses one of the two locks, and leaves a child behind, which
// must not hold the other one.
TEST_F(DaemonCommandTest, SurvivesItsOwnCarelessness) {
    const Result first = command("start", "careless");
    EXPECT_EQ(first.code, 0) << first.errors;
    expect_failure(command("start"), "Already running");
    const pid_t daemon = std::stoi(text_of(options.pid_file));
    const std::string said = text_of(out());
    const pid_t child = std::stoi(said.substr(said.find("child ") + 6));
    ::kill(daemon, SIGKILL);
    EXPECT_TRUE(sees_end_of(daemon));
    EXPECT_FALSE(is_gone(child));
    EXPECT_FALSE(running_daemon(options));
    start();
    ::kill(child, SIGKILL);
}

}  // namespace
}  // namespace hocket::testing
