#include "hocket/net/subprocess.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>

#include "net/stream_fixture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

class SubprocessTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(SubprocessTest);

SubprocessOptions piped() {
    SubprocessOptions options;
    options.in = options.out = options.err = Redirect::pipe();
    return options;
}

/// Whether this process has neither running children nor dead ones that nobody has collected.
bool has_no_children() {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

Task<void> children_gone() {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!has_no_children()) {
        if (std::chrono::steady_clock::now() > deadline) throw TimeoutError("a child is left");
        co_await yield_now();
    }
}

Task<std::string> output_of(SubprocessOptions options, std::string command) {
    options.out = Redirect::pipe();
    Subprocess process = co_await create_subprocess_shell(std::move(command), std::move(options));
    const ProcessOutput output = co_await process.communicate();
    EXPECT_EQ(output.returncode, 0);
    co_return output.out;
}

TEST_P(SubprocessTest, CommunicatesBothWaysAtTheSameTime) {
    run([]() -> Task<void> {
        Subprocess process = co_await create_subprocess_exec(piped(), "tee", "/dev/stderr");
        EXPECT_EQ(process.returncode(), std::nullopt);
        EXPECT_GT(process.pid(), 0);
        const std::string input = pattern(2'000'000);  // more than fits into pipes
        const ProcessOutput output = co_await process.communicate(input);
        EXPECT_TRUE(output.out == input);
        EXPECT_TRUE(output.err == input);
        EXPECT_EQ(output.returncode, 0);
        EXPECT_EQ(process.returncode(), 0);
        EXPECT_TRUE(has_no_children());
    });
}

TEST_P(SubprocessTest, TalksLineByLine) {
    run([]() -> Task<void> {
        Subprocess process = co_await create_subprocess_exec(piped(), "cat");
        for (const char* line : {"one", "two", "three"}) {
            co_await process.in().write(std::string(line) + "\n");
            const auto answer = co_await process.out().read_line();
            EXPECT_EQ(answer, line);
        }
        co_await process.in().write_eof();
        const int code = co_await process.wait();
        EXPECT_EQ(code, 0);
        const auto end = co_await process.out().read_line();
        EXPECT_EQ(end, std::nullopt);
    });
}

TEST_P(SubprocessTest, TellsHowItEnded) {
    run([]() -> Task<void> {
        Subprocess seven = co_await create_subprocess_shell("exit 7");
        std::vector<Task<int>> waits;
        for (int i = 0; i < 3; ++i) waits.push_back(seven.wait());
        const std::vector<int> codes = co_await gather(std::move(waits));
        EXPECT_EQ(codes, (std::vector<int>{7, 7, 7}));
        Subprocess killed = co_await create_subprocess_shell("kill -9 $$");
        const int signal = co_await killed.wait();
        EXPECT_EQ(signal, -SIGKILL);
        Subprocess ended = co_await create_subprocess_exec("sleep", "1000");
        ended.terminate();
        const int term = co_await ended.wait();
        EXPECT_EQ(term, -SIGTERM);
        ended.kill();  // does nothing
    });
}

TEST_P(SubprocessTest, SaysWhatCannotBeStarted) {
    run([]() -> Task<void> {
        const std::size_t before = open_descriptors();
        const std::system_error missing =
            co_await thrown_by<std::system_error>(create_subprocess_exec(piped(), "no-such-program"));
        EXPECT_EQ(missing.code(), std::errc::no_such_file_or_directory);
        EXPECT_THAT(missing.what(), HasSubstr("start the program no-such-program"));
        SubprocessOptions lost;
        lost.folder = "/no/such/folder";
        const std::system_error folder = co_await thrown_by<std::system_error>(create_subprocess_exec(lost, "true"));
        EXPECT_THAT(folder.what(), HasSubstr("true in /no/such/folder"));
        SubprocessOptions unreadable;
        unreadable.in = Redirect::file("/no/such/file");
        const std::system_error file =
            co_await thrown_by<std::system_error>(create_subprocess_exec(unreadable, "true"));
        EXPECT_THAT(file.what(), HasSubstr("open /no/such/file"));
        (void)co_await thrown_by<std::invalid_argument>(create_subprocess_exec(""));
        SubprocessOptions circular;
        circular.out = Redirect::to_output();
        (void)co_await thrown_by<std::invalid_argument>(create_subprocess_exec(circular, "true"));
        (void)co_await thrown_by<std::invalid_argument>(create_subprocess_exec("echo", std::string("a\0b", 3)));
        EXPECT_EQ(open_descriptors(), before);
        EXPECT_TRUE(has_no_children());
    });
}

TEST_P(SubprocessTest, StreamsThatAreNoPipesSaySo) {
    run([]() -> Task<void> {
        Subprocess process = co_await create_subprocess_exec("true");
        try {
            (void)process.out();
            ADD_FAILURE() << "there is no pipe";
        } catch (const InvalidStateError& error) {
            EXPECT_THAT(error.what(), HasSubstr("no stream to its standard output"));
        }
        co_await process.wait();
        const Subprocess none;
        EXPECT_THROW((void)none.pid(), InvalidStateError);
        EXPECT_EQ(none.returncode(), std::nullopt);
    });
}

TEST_P(SubprocessTest, RedirectsToAndFromFiles) {
    run([]() -> Task<void> {
        char folder[] = "/tmp/hocket_sub_XXXXXX";
        EXPECT_TRUE(::mkdtemp(folder));
        const std::filesystem::path path = std::filesystem::path(folder) / "log";
        SubprocessOptions options;
        options.out = Redirect::file(path);
        options.err = Redirect::to_output();
        Subprocess first = co_await create_subprocess_shell("echo out; echo err >&2", options);
        co_await first.wait();
        options.out = Redirect::append(path);
        options.in = Redirect::null();
        Subprocess second = co_await create_subprocess_shell("cat; echo more", options);
        co_await second.wait();
        SubprocessOptions reading;
        reading.in = Redirect::file(path);
        const std::string text = co_await output_of(reading, "cat");
        EXPECT_EQ(text, "out\nerr\nmore\n");
        int ends[2];
        checked(::pipe2(ends, O_CLOEXEC), "pipe2");
        const auto [reader, writer] = ends;
        SubprocessOptions handed;
        handed.out = Redirect::descriptor(writer);
        Subprocess third = co_await create_subprocess_shell("echo through a descriptor", handed);
        co_await third.wait();
        ::close(writer);
        char data[100];
        const ssize_t size = ::read(reader, data, sizeof data);
        EXPECT_EQ(std::string(data, static_cast<std::size_t>(size)), "through a descriptor\n");
        ::close(reader);
        std::filesystem::remove_all(folder);
    });
}

TEST_P(SubprocessTest, MergesErrorsIntoAPipe) {
    run([]() -> Task<void> {
        SubprocessOptions options;
        options.err = Redirect::to_output();
        const std::string text = co_await output_of(options, "echo a; echo b >&2; echo c");
        EXPECT_EQ(text, "a\nb\nc\n");
    });
}

TEST_P(SubprocessTest, HasTheEnvironmentAndFolderItIsGiven) {
    run([]() -> Task<void> {
        SubprocessOptions options;
        options.environment = Environment{{"HOCKET_TEST_A", "1"}};
        options.folder = "/usr";
        const std::string text = co_await output_of(options, "pwd; echo \"$HOCKET_TEST_A$HOME\"");
        EXPECT_EQ(text, "/usr\n1\n");
        options.environment = current_environment();
        (*options.environment)["HOCKET_TEST_A"] = "2";
        const std::string same = co_await output_of(options, "echo \"$HOCKET_TEST_A$PATH\"");
        EXPECT_EQ(same, std::string("2") + ::getenv("PATH") + "\n");
    });
}

TEST_P(SubprocessTest, HasNoDescriptorOfOurs) {
    run([]() -> Task<void> {
        const int leaky = checked(::dup(0), "dup");  // does not close on exec
        SubprocessOptions options;
        options.out = Redirect::pipe();
        Subprocess process = co_await create_subprocess_exec(options, "ls", "/proc/self/fd");
        const ProcessOutput open = co_await process.communicate();
        EXPECT_EQ(open.out, "0\n1\n2\n3\n");  // 3 is its own, for that folder
        ::close(leaky);
    });
}

TEST_P(SubprocessTest, LeavesNoDescriptorBehind) {
    run([]() -> Task<void> {
        (void)co_await output_of(piped(), "true");
        const std::size_t before = open_descriptors();
        for (int i = 0; i < 5; ++i) (void)co_await output_of(piped(), "true");
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_P(SubprocessTest, StartsWithItsSignalsAsUsual) {
    run([]() -> Task<void> {
        sigset_t blocked, before;
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &blocked, &before);
        Subprocess process = co_await create_subprocess_exec("sleep", "1000");
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        process.terminate();
        const int code = co_await process.wait();
        EXPECT_EQ(code, -SIGTERM);
    });
}

TEST_P(SubprocessTest, WorksWhereOurOwnStandardStreamsAreClosed) {
    run([]() -> Task<void> {
        const int kept = checked(::dup(0), "dup");
        ::close(0);
        const std::string text = co_await output_of(piped(), "echo fine");
        EXPECT_EQ(text, "fine\n");
        checked(::dup2(kept, 0), "dup2");
        ::close(kept);
    });
}

TEST_P(SubprocessTest, AProcessThatDoesNotReadAllIsNoError) {
    run([]() -> Task<void> {
        Subprocess process = co_await create_subprocess_exec(piped(), "true");
        const ProcessOutput output = co_await process.communicate(std::string(1'000'000, 'x'));
        EXPECT_EQ(output.returncode, 0);
    });
}

TEST_P(SubprocessTest, InputThatHasNoWayInIsRefused) {
    run([]() -> Task<void> {
        SubprocessOptions options = piped();
        options.in = Redirect::null();
        Subprocess process = co_await create_subprocess_exec(options, "cat");
        const InvalidStateError error = co_await thrown_by<InvalidStateError>(process.communicate("for nobody"));
        EXPECT_THAT(error.what(), HasSubstr("stdin is no pipe"));
        const ProcessOutput output = co_await process.communicate();
        EXPECT_EQ(output.returncode, 0);
    });
}

TEST_P(SubprocessTest, TooMuchOutputIsAnError) {
    run([]() -> Task<void> {
        Subprocess process = co_await create_subprocess_exec(piped(), "cat", "/dev/zero");
        (void)co_await thrown_by<LimitOverrunError>(process.communicate("", 100'000));
    });
}

TEST_P(SubprocessTest, ACancelledWaitLeavesItRunning) {
    run([]() -> Task<void> {
        Subprocess process = co_await create_subprocess_exec(piped(), "cat");
        Future<int> waiting = create_task(process.wait());
        co_await settle();
        waiting.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(waiting));
        (void)co_await thrown_by<TimeoutError>(timeout(1ms, process.wait()));
        process.in().close();
        const int code = co_await process.wait();
        EXPECT_EQ(code, 0);
    });
}

TEST_P(SubprocessTest, ATaskThatIsCancelledStartsNone) {
    run([]() -> Task<void> {
        bool refused = false;
        {
            CancelScope scope;
            scope.cancel("too late");
            try {
                Subprocess process = co_await create_subprocess_shell("exit 1");
            } catch (const CancelledError& error) {
                refused = error.reason() == "too late";
            }
        }
        EXPECT_TRUE(refused);
    });
}

TEST_P(SubprocessTest, StopAsksFirstAndInsistsThen) {
    run([]() -> Task<void> {
        Subprocess polite = co_await create_subprocess_exec("sleep", "1000");
        const int asked = co_await polite.stop(20s);
        EXPECT_EQ(asked, -SIGTERM);
        Subprocess stubborn =
            co_await create_subprocess_shell("trap '' TERM; echo ready; while :; do sleep 1; done", piped());
        (void)co_await stubborn.out().read_line();
        const int forced = co_await stubborn.stop(1ms);
        EXPECT_EQ(forced, -SIGKILL);
        Subprocess hurried =
            co_await create_subprocess_shell("trap '' TERM; echo ready; while :; do sleep 1; done", piped());
        (void)co_await hurried.out().read_line();
        Future<int> stopping = create_task(hurried.stop(1h));
        co_await settle();
        stopping.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(stopping));
        EXPECT_EQ(hurried.returncode(), -SIGKILL);
    });
}

TEST_P(SubprocessTest, AGroupEndsAsOne) {
    run([]() -> Task<void> {
        SubprocessOptions options = piped();
        options.own_group = true;
        Subprocess process = co_await create_subprocess_shell("sleep 1000 & echo $!; wait", options);
        (void)co_await process.out().read_line();
        process.terminate();
        // The pipe closes when the last of them has ended.
        const std::string rest = co_await process.out().read_all();
        EXPECT_EQ(rest, "");
        const int code = co_await process.wait();
        EXPECT_EQ(code, -SIGTERM);
    });
}

TEST_P(SubprocessTest, TheDestructorKillsAndCollects) {
    run([]() -> Task<void> {
        const std::size_t before = open_descriptors();
        Future<std::error_code> waiting;
        {
            Subprocess process = co_await create_subprocess_exec(piped(), "sleep", "1000");
            waiting = create_task(error_of(process.wait()));
            co_await settle();
        }
        const std::error_code error = co_await waiting;
        EXPECT_EQ(error, std::errc::operation_canceled);
        co_await children_gone();
        EXPECT_EQ(open_descriptors(), before);
        {
            Subprocess moved = co_await create_subprocess_exec("sleep", "1000");
            moved = co_await create_subprocess_exec("true");
            const int code = co_await moved.wait();
            EXPECT_EQ(code, 0);
        }
        co_await children_gone();
    });
}

TEST_P(SubprocessTest, NothingIsLeftRunningWhenThereAreNoDescriptors) {
    run([]() -> Task<void> {
        const std::size_t before = open_descriptors();
        for (const SubprocessOptions& options : {SubprocessOptions(), piped()}) {
            std::error_code error;
            {
                const NoDescriptorsLeft none;
                error = co_await error_of(create_subprocess_exec(options, "sleep", "1000"));
            }
            EXPECT_EQ(error, std::errc::too_many_files_open);
            EXPECT_TRUE(has_no_children());
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_P(SubprocessTest, RunsManyAtTheSameTime) {
    run([]() -> Task<void> {
        std::vector<Task<std::string>> runs;
        for (int i = 0; i < 20; ++i) runs.push_back(output_of(SubprocessOptions(), "echo " + std::to_string(i)));
        const std::vector<std::string> texts = co_await gather(std::move(runs));
        for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], std::to_string(i) + "\n");
    });
}

}  // namespace
}  // namespace hocket::test
