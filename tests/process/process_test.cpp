#include "hocket/process/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "hocket/aio.hpp"
#include "hocket/core/report.hpp"
#include "hocket/process/pipe.hpp"
#include "hocket/threading.hpp"
#include "process/traces.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

void wait_for_ever() {
    for (;;) ::pause();
}

// The same object for a thread and a process.
class Countdown {
public:
    Countdown() = default;
    explicit Countdown(int from) : from_(from) {}
    template <class Archive>
    void serialize(Archive& archive) {
        archive(from_);
    }
    void operator()() const { std::exit(from_); }
    void run(int more) const { std::exit(from_ + more); }

private:
    int from_ = 0;
};

TEST(Process, RunsAFunctionInAProcessOfItsOwn) {
    Process process([](int code) { std::exit(code); }, 7);
    EXPECT_NE(process.pid(), ::getpid());
    process.join();
    EXPECT_EQ(process.exit_code(), 7);
    EXPECT_FALSE(process.is_alive());
    process.terminate();  // has ended: does nothing
}

TEST(Process, RunsMembersAndFunctionObjects) {
    Process member(&Countdown::run, Countdown(3), 2);
    Process object(Countdown(4));
    member.join();
    object.join();
    EXPECT_EQ(member.exit_code(), 5);
    EXPECT_EQ(object.exit_code(), 4);
}

TEST(Process, EndsWithTheFunction) {
    Process process([] {});
    EXPECT_TRUE(process.join_for(10s));
    EXPECT_EQ(process.exit_code(), 0);
}

TEST(Process, IsTerminated) {
    Process endless(wait_for_ever);
    EXPECT_TRUE(endless.is_alive());
    EXPECT_EQ(endless.exit_code(), std::nullopt);
    EXPECT_FALSE(endless.join_for(1ms));
    endless.terminate();
    ASSERT_TRUE(endless.join_for(10s));
    EXPECT_EQ(endless.exit_code(), -SIGTERM);
    Process killed(wait_for_ever);
    killed.kill();
    killed.join();
    EXPECT_EQ(killed.exit_code(), -SIGKILL);
}

TEST(Process, TheDestructorEndsItAndWaits) {
    int pid = 0;
    {
        Process process(wait_for_ever);
        pid = process.pid();
    }
    EXPECT_NE(::kill(pid, 0), 0);
    // One that does not want to.
    Pipe<int> pipe;
    ProcessOptions options;
    options.grace = 1ms;
    {
        const Process stubborn(
            options,
            [](PipeEnd<int> end) {
                ::signal(SIGTERM, SIG_IGN);
                end.send(1);
                wait_for_ever();
            },
            std::move(pipe.second));
        pid = stubborn.pid();
        EXPECT_EQ(pipe.first.recv(), 1);
    }
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, AnExceptionIsPrintedAndTheCodeIsOne) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);  // it gets the streams that the program has when it starts it
    ::close(ends[1]);
    ProcessOptions options;
    options.name = "thrower";
    Process process(options, [] { throw std::out_of_range("too far"); });
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    process.join();
    EXPECT_EQ(process.exit_code(), 1);
    std::string text(1000, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size()))));
    EXPECT_EQ(text,
              "process 'thrower' (pid " + std::to_string(process.pid()) + ") ended with std::out_of_range: too far\n");
    ::close(ends[0]);
}

TEST(Process, HasItsNameFolderAndUmaskAndNoOtherDescriptors) {
    Pipe<std::string> pipe;
    const auto folder = std::filesystem::current_path();
    std::filesystem::current_path("/");
    const mode_t mask = ::umask(027);
    const int open_here = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
    ProcessOptions options;
    options.name = "well known";
    Process process(
        options,
        [](PipeEnd<std::string> end) {
            char name[16]{};
            ::prctl(PR_GET_NAME, name);
            end.send(name);
            end.send(std::filesystem::current_path());
            end.send(std::to_string(::umask(0)));
            end.send(std::to_string(testing::open_descriptors()));
        },
        std::move(pipe.second));
    std::filesystem::current_path(folder);
    ::umask(mask);
    ::close(open_here);
    EXPECT_EQ(process.name(), "well known");
    EXPECT_EQ(pipe.first.recv(), "well known");
    EXPECT_EQ(pipe.first.recv(), "/");
    EXPECT_EQ(pipe.first.recv(), std::to_string(027));
    // The streams, the pipe, its socket to the helper, and the folder that is being read.
    EXPECT_LE(std::stoi(pipe.first.recv()), 6);
}

TEST(Process, StartsProcessesOfItsOwnWhichDieWithIt) {
    Pipe<int> pipe;
    Process parent(
        [](PipeEnd<int> end) {
            Process child(wait_for_ever);
            end.send(child.pid());
            child.join();
        },
        std::move(pipe.second));
    const testing::Witness child(pipe.first.recv());
    parent.kill();
    EXPECT_TRUE(child.sees_end());
}

TEST(Process, JoinIsCancellable) {
    Process process(wait_for_ever);
    Event joining;
    Thread thread([&] {
        joining.set();
        process.join();
    });
    joining.wait();
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_TRUE(process.is_alive());
}

Task<void> join_in_a_task() {
    Process process([] {});
    co_await process.async_join();
    EXPECT_EQ(process.exit_code(), 0);
}

TEST(Process, IsJoinedByATask) { run(join_in_a_task()); }

// Closes what leads to the helper, behind the library's back.
void cut_off() {
    const detail::OwnedDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        if (std::filesystem::read_symlink(each, error).string().starts_with("socket:"))
            ::dup2(null.get(), std::stoi(each.path().filename()));
    }
}

TEST(Process, WithoutItsHelperItsProcessesAreGivenUp) {
    Process parent([] {
        set_report_hook([](ReportKind, std::string_view) {});
        Process first(wait_for_ever), second(wait_for_ever);
        cut_off();
        first.terminate();  // the last that the helper has to say
        first.join();
        second.join();
        EXPECT_EQ(second.exit_code(), -SIGKILL);
        EXPECT_THROW(Process{wait_for_ever}, std::system_error);
        std::exit(::testing::Test::HasFailure() ? 1 : 0);
    });
    ASSERT_TRUE(parent.join_for(30s));
    EXPECT_EQ(parent.exit_code(), 0);
}

TEST(Process, AHandleToNothingSaysSo) {
    const Process none;
    EXPECT_FALSE(none);
    EXPECT_FALSE(none.is_alive());
    EXPECT_THROW(none.join(), InvalidStateError);
    EXPECT_THROW((void)none.pid(), InvalidStateError);
}

TEST(Process, LeavesNothingBehind) {
    Process([] {}).join();  // the client's thread runs
    const auto before = testing::open_descriptors();
    const auto objects = testing::shared_memory_objects();
    int helper = 0;
    for (int i = 0; i < 20; ++i) {
        Process process(wait_for_ever);
        helper = testing::process_entry(process.pid()).parent;
    }
    EXPECT_EQ(testing::zombies_of(helper), 0u);
    EXPECT_EQ(testing::zombies_of(::getpid()), 0u);
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_EQ(testing::shared_memory_objects(), objects);
}

}  // namespace
}  // namespace hocket
