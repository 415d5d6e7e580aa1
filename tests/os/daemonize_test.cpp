// What a daemon's process is like, and what its start says.
#include <fcntl.h>

#include <algorithm>
#include <csignal>

#include "hocket/core/errors.hpp"
#include "os/daemon_fixture.hpp"

namespace hocket::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DaemonizeTest : public DaemonTest {};

std::string status_line(pid_t pid, const std::string& name) {
    std::istringstream lines(text_of("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + ":")) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
    }
    return {};
}

std::map<int, std::string> descriptors_of(pid_t pid) {
    std::map<int, std::string> descriptors;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code gone;
        descriptors[std::stoi(entry.path().filename())] = std::filesystem::read_symlink(entry.path(), gone);
    }
    return descriptors;
}

bool has_socket(const std::map<int, std::string>& descriptors) {
    return std::any_of(descriptors.begin(), descriptors.end(),
                       [](const auto& entry) { return entry.second.starts_with("socket:") || entry.second.empty(); });
}

TEST_F(DaemonizeTest, ItIsAnOrphanInASessionThatItDoesNotLead) {
    ChildProcess starter(command_line("start", "plain"));
    const pid_t starter_pid = starter.pid();
    ASSERT_TRUE(starter.wait_for(50s));
    const pid_t pid = running_daemon(options).value();
    const auto stat = stat_of(pid);
    const pid_t parent = std::stoi(stat.at(1)), group = std::stoi(stat.at(2)), session = std::stoi(stat.at(3));
    EXPECT_NE(parent, ::getpid());
    EXPECT_NE(parent, starter_pid);
    EXPECT_NE(parent, session);  // the process between has gone: it is init's, or a subreaper's
    EXPECT_NE(session, ::getsid(0));
    EXPECT_NE(session, pid);
    EXPECT_EQ(group, session);
    EXPECT_EQ(stat.at(4), "0") << "it has a terminal";
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd"), "/");
    EXPECT_EQ(status_line(pid, "Umask"), "0022");
}

TEST_F(DaemonizeTest, ItHasNoDescriptorOfTheStarter) {
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, 0), 0);  // inherited by whatever we start
    const pid_t pid = start();
    for (const int fd : pipe) ::close(fd);
    // That to the starter goes a moment after it has said that it is ready.
    std::map<int, std::string> descriptors;
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    do {
        descriptors = descriptors_of(pid);
    } while (has_socket(descriptors) && std::chrono::steady_clock::now() < deadline);
    EXPECT_EQ(descriptors[0], "/dev/null");
    EXPECT_EQ(descriptors[1], out());
    EXPECT_EQ(descriptors[2], err());
    descriptors.erase(descriptors.begin(), descriptors.lower_bound(3));
    EXPECT_EQ(std::erase_if(descriptors, [&](const auto& entry) { return entry.second == options.pid_file; }), 1u);
    for (const auto& [fd, target] : descriptors) EXPECT_THAT(target, StartsWith("anon_inode:["));  // of the two loops
}

TEST_F(DaemonizeTest, ItKeepsWhatItIsToKeep) {
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, 0), 0);
    const Result result = command("start", "plain", {"keep=" + std::to_string(pipe[1])});
    EXPECT_EQ(result.code, 0) << result.errors;
    char text[8] = {};
    EXPECT_EQ(::read(pipe[0], text, sizeof text), 4);
    EXPECT_STREQ(text, "kept");
    for (const int fd : pipe) ::close(fd);
}

TEST_F(DaemonizeTest, SignalsHaveTheirEffectsWhateverTheStarterDidWithThem) {
    const auto line = command_line("start", "plain");
    std::string words = "trap '' HUP TERM PIPE USR1; exec";
    for (const std::string& word : line) words += " " + word;
    const Result result = run({"sh", "-c", words});
    EXPECT_EQ(result.code, 0) << result.errors;
    const pid_t pid = running_daemon(options).value();
    const std::uint64_t of_the_c_library = (std::uint64_t{1} << 31) | (std::uint64_t{1} << 32);
    EXPECT_EQ(std::stoull(status_line(pid, "SigIgn"), nullptr, 16) & ~of_the_c_library, 0u);
    EXPECT_EQ(std::stoull(status_line(pid, "SigBlk"), nullptr, 16), 0u);
    EXPECT_EQ(command("stop").output, "said before Stopped\n");
}

// As cron and others do: what it opens must not get their numbers, and be closed when its own streams come.
TEST_F(DaemonizeTest, TheStarterMayHaveClosedItsStandardStreams) {
    DaemonOptions patient = options;
    patient.stop_timeout = 30s;
    for (const char* closed : {"<&-", ">&-", "2>&-", "<&- >&- 2>&-"}) {
        std::string words = "exec";
        for (const std::string& word : command_line("start", "plain")) words += " " + word;
        const Result result = run({"sh", "-c", words + " " + closed});
        EXPECT_EQ(result.code, 0) << closed << ": " << result.errors;
        const auto pid = running_daemon(options);
        ASSERT_TRUE(pid) << closed;
        const auto descriptors = descriptors_of(*pid);
        EXPECT_EQ(descriptors.at(0), "/dev/null") << closed;
        EXPECT_EQ(descriptors.at(1), out()) << closed;
        EXPECT_EQ(descriptors.at(2), err()) << closed;
        EXPECT_EQ(stop_daemon(patient), Stopped::by_itself) << closed;  // it has its signals still
    }
}

TEST_F(DaemonizeTest, FilesHaveModesThatNobodyElseMayWrite) {
    const mode_t before = ::umask(0);  // as the recipe has it
    start();
    ::umask(before);
    for (const auto& file : {options.pid_file, out(), err()}) {
        struct stat found {};
        ASSERT_EQ(::stat(file.c_str(), &found), 0) << file;
        EXPECT_EQ(found.st_mode & 07777, 0644u) << file;
    }
    EXPECT_EQ(text_of(options.pid_file), std::to_string(running_daemon(options).value()) + "\n");
}

TEST_F(DaemonizeTest, UmaskAndFolderCanBeChosen) {
    const pid_t pid = start("plain", {"umask=077", "folder=" + folder.string()});
    EXPECT_EQ(status_line(pid, "Umask"), "0077");
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd"),
              std::filesystem::canonical(folder));
    struct stat found {};
    ASSERT_EQ(::stat(out().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600u);
    ASSERT_EQ(::stat(options.pid_file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0644u) << "who asks for the status must be able to read it";
}

TEST_F(DaemonizeTest, WhatItWritesIsThereAtOnceAndNothingTwice) {
    start();
    EXPECT_EQ(text_of(out()), "started\n");  // not a moment later, and not what the starter had in its buffer
}

TEST_F(DaemonizeTest, RelativePathsAreMeantFromWhereItIsStarted) {
    const std::string words =
        "cd " + folder.string() + " && exec " + HOCKET_OS_SUBJECT + " start . plain pid_file=here.pid output=here.log";
    const Result result = run({"sh", "-c", words});
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(std::filesystem::exists(folder / "here.pid"));
    EXPECT_EQ(text_of(folder / "here.log"), "started\n");
    options.pid_file = folder / "here.pid";  // to be stopped at the end
}

TEST_F(DaemonizeTest, AFailureIsToldInItsOwnWords) {
    expect_failure(command("start", "fail"), "the answer is not 42");
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    expect_failure(
        command("start", "never_says_so"),
        "hocket: the daemon 'subject' ended before it was ready; it must call Daemon::ready() when it is set "
        "up");
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
}

TEST_F(DaemonizeTest, ItIsPreparedBeforeItHasThreads) {
    expect_failure(command("start", "prepared", {"fail_to_prepare=1"}), "unprepared");
#if !defined(__SANITIZE_THREAD__)  // which has a thread of its own
    start("prepared", {"prepare=1"});
    EXPECT_EQ(text_of(out()), "prepared with 1 thread\nstarted\n");
    EXPECT_EQ(command("stop").code, 0);
    EXPECT_EQ(command("run", "fail", {"prepare=1"}).output, "said before prepared with 1 thread\n");
#endif
}

TEST_F(DaemonizeTest, ItHasWorkerProcessesOfItsOwn) {
    const Result lost = command("start", "workers", {"init=1"});
    EXPECT_EQ(lost.code, 1);
    EXPECT_THAT(lost.errors, HasSubstr("call hocket::init(argc, argv) again, in DaemonOptions::prepare"));
    start("workers", {"init=1", "prepare_init=1"});
    EXPECT_EQ(text_of(out()), "42\nstarted\n");
    EXPECT_EQ(command("stop").output, "said before Stopped\n");
}

TEST_F(DaemonizeTest, AnEndWithoutAWordIsTold) {
    const std::string log = "; its last words may be in " + err().string();
    expect_failure(command("start", "leave"),
                   "hocket: the daemon 'subject' ended before it was ready, with status 7" + log);
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    expect_failure(command("start", "die"),
                   "hocket: the daemon 'subject' was killed before it was ready, by signal 9 (Killed)" + log);
    EXPECT_FALSE(running_daemon(options));
    start();  // over the stale pid file
}

TEST_F(DaemonizeTest, AStartThatTakesTooLongLeavesNothingBehind) {
    const std::string late =
        "hocket: the daemon 'subject' was not ready within 0.05 s (DaemonOptions::start_timeout) and has been ";
    expect_failure(command("start", "never_ready", {"start_timeout_ms=50"}),
                   late + "stopped; its last words may be in " + err().string());
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    expect_failure(command("start", "never_ready_and_deaf", {"start_timeout_ms=50", "stop_timeout_ms=50"}),
                   late + "killed; its last words may be in " + err().string());
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
}

TEST_F(DaemonizeTest, AnErrorLaterOnGoesToTheLogAndRemovesThePidFile) {
    const Result result = command("start", "fail_later");
    EXPECT_EQ(result.code, 0) << result.errors;
    const std::string words = "Started (pid ";
    const std::size_t said = result.output.find(words);
    ASSERT_NE(said, std::string::npos) << result.output;
    EXPECT_TRUE(sees_end_of(std::stoi(result.output.substr(said + words.size()))));
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    EXPECT_TRUE(wait_for_text(err(), "hocket: the daemon 'subject' ends: the answer is not 42 any more\n"));
}

TEST_F(DaemonizeTest, AFolderThatIsNotThereOrNotOursIsTold) {
    const Result missing = command("start", "plain", {"pid_file=" + (folder / "no/such.pid").string()});
    expect_failure(missing, "hocket: open the pid file " + (folder / "no/such.pid").string() +
                                "; make its folder first: No such file or directory");
    const Result log = command("start", "plain", {"output=" + (folder / "no/such.log").string()});
    expect_failure(log, "hocket: open " + (folder / "no/such.log").string() +
                            " as a daemon's standard output: No such file or directory");
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    const Result cwd = command("start", "plain", {"folder=" + (folder / "no").string()});
    expect_failure(cwd,
                   "hocket: go to the daemon's folder " + (folder / "no").string() + ": No such file or directory");
}

TEST_F(DaemonizeTest, AFolderInWhichWeMayNotWriteIsTold) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
    std::filesystem::create_directory(folder / "logs");
    ASSERT_EQ(::chmod((folder / "logs").c_str(), 0777), 0);
    // The logs are another matter, and are looked at first.
    const Result result = command("start", "plain", {"output=/dev/null", "user=65534"});
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.errors, AllOf(StartsWith("hocket: open "), EndsWith("Permission denied\n")));
}

TEST_F(DaemonizeTest, LinksAndFilesOfOthersAreNotWrittenThrough) {
    std::ofstream(folder / "victim") << "precious";
    std::filesystem::create_symlink(folder / "victim", folder / "link");
    const Result log = command("start", "plain", {"output=" + (folder / "link").string()});
    EXPECT_THAT(log.errors, HasSubstr("as a daemon's standard output: it is a symbolic link"));
    EXPECT_EQ(log.code, 1);
    const Result pid_file = command("start", "plain", {"pid_file=" + (folder / "link").string()});
    EXPECT_THAT(pid_file.errors, HasSubstr("as pid file: it is a symbolic link"));
    EXPECT_EQ(pid_file.code, 1);
    EXPECT_EQ(text_of(folder / "victim"), "precious");
}

TEST_F(DaemonizeTest, AProcessWithThreadsIsRefused) {
    const Result result = command("start", "plain", {"other_thread=1"});
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.errors, AllOf(HasSubstr("other thread"), HasSubstr("'busy'"),
                                     HasSubstr("call daemonize() before anything starts a thread")));
    EXPECT_FALSE(running_daemon(options));
}

TEST_F(DaemonizeTest, SoIsAProcessInsideAnEventLoop) {
    const Result result = command("start", "plain", {"within_a_loop=1"});
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.errors,
                AllOf(HasSubstr("this thread runs an event loop"), HasSubstr("run the loop in the body")));
}

TEST_F(DaemonizeTest, SoIsAProcessThatCatchesSignals) {
    const Result result = command("start", "plain", {"with_signals=1"});
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.errors, HasSubstr("this process has Signals"));
}

TEST_F(DaemonizeTest, OptionsThatCannotBeRightAreRefused) {
    const auto body = [](Daemon&) {};
    EXPECT_THROW(daemonize(DaemonOptions(), body), std::invalid_argument);
    EXPECT_THROW(daemonize(options, nullptr), std::invalid_argument);
    options.umask = 01000;
    EXPECT_THROW(daemonize(options, body), std::invalid_argument);
    options.umask = 0;
    options.output.clear();
    EXPECT_THROW(daemonize(options, body), std::invalid_argument);
    options.output = "/dev/null";
}

}  // namespace
}  // namespace hocket::testing
