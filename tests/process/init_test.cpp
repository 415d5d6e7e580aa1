#include "hocket/process/init.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <string>

#include "process/traces.hpp"

namespace hocket {
namespace {

using testing::Witness;

// This program again, with its standard output.
class Program {
public:
    explicit Program(const char* mode) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl("/proc/self/exe", "hocket_process_test", mode, nullptr);
            ::_exit(127);
        }
        output_ = detail::OwnedDescriptor(ends[0]);
        ::close(ends[1]);
    }
    std::string read_line() {
        std::string line;
        char c = 0;
        while (::read(output_.get(), &c, 1) == 1 && c != '\n') line += c;
        return line;
    }
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    pid_t pid() const { return pid_; }
    int output() const { return output_.get(); }

private:
    pid_t pid_ = 0;
    detail::OwnedDescriptor output_;
};

TEST(Init, ForgettingItIsAClearError) {
    Program program("--without-init");
    const std::string said = program.read_line();
    EXPECT_NE(said.find("hocket::init(argc, argv)"), std::string::npos) << said;
    EXPECT_NE(said.find("first line of main()"), std::string::npos) << said;
    EXPECT_EQ(program.wait(), 0);
}

#if !defined(__SANITIZE_THREAD__)  // whose own thread is not to be told from others
TEST(Init, BeingLateIsAClearError) {
    Program program("--late-init");
    const std::string said = program.read_line();
    EXPECT_NE(said.find("1 other thread"), std::string::npos) << said;
    EXPECT_EQ(program.wait(), 0);
}
#endif

TEST(Init, WorkersAndHelperDieWithTheirProgram) {
    Program program("--to-be-killed");
    const int first = std::stoi(program.read_line());
    const int second = std::stoi(program.read_line());
    const int helper = testing::process_entry(first).parent;
    EXPECT_EQ(testing::process_entry(helper).parent, program.pid());
    const Witness witnesses[] = {Witness(first), Witness(second), Witness(helper)};
    ASSERT_EQ(::kill(program.pid(), SIGKILL), 0);
    EXPECT_EQ(program.wait(), -SIGKILL);
    for (const Witness& witness : witnesses) EXPECT_TRUE(witness.sees_end());
    char c = 0;
    EXPECT_EQ(::read(program.output(), &c, 1), 0);  // nobody holds its standard output open
}

// ThreadSanitizer knows nothing of the threads that a copy of a process lacks.
#if !defined(__SANITIZE_THREAD__)
TEST(Init, WorkersDieWithTheirProgramThoughACopyHoldsItsDescriptors) {
    Program program("--to-be-killed-with-a-copy");
    const int first = std::stoi(program.read_line());
    const int second = std::stoi(program.read_line());
    const int copy = std::stoi(program.read_line());
    const int helper = testing::process_entry(first).parent;
    const Witness workers[] = {Witness(first), Witness(second)};
    const Witness helpers(helper);
    ASSERT_EQ(::kill(program.pid(), SIGKILL), 0);
    EXPECT_EQ(program.wait(), -SIGKILL);
    for (const Witness& worker : workers) EXPECT_TRUE(worker.sees_end());
    // The copy still finds the helper, which ends with it.
    const int started = std::stoi(program.read_line());
    EXPECT_EQ(testing::process_entry(started).parent, helper);
    const Witness process(started);
    ASSERT_EQ(::kill(copy, SIGKILL), 0);
    EXPECT_TRUE(process.sees_end());
    EXPECT_TRUE(helpers.sees_end());
}

TEST(Init, AProgramMayEndBeforeAProcessThatItHasForked) {
    Program program("--leaves-a-copy");
    const int copy = std::stoi(program.read_line());
    EXPECT_EQ(program.wait(), 0);
    const int started = std::stoi(program.read_line());
    const Witness process(started), helper(testing::process_entry(started).parent);
    ASSERT_EQ(::kill(copy, SIGKILL), 0);
    EXPECT_TRUE(process.sees_end());
    EXPECT_TRUE(helper.sees_end());
}
#endif

TEST(Init, WorkersDieWithTheHelper) {
    Program program("--to-be-killed");
    const int first = std::stoi(program.read_line());
    const int helper = testing::process_entry(first).parent;
    const Witness witness(first);
    ASSERT_EQ(::kill(helper, SIGKILL), 0);
    EXPECT_TRUE(witness.sees_end());
    ASSERT_EQ(::kill(program.pid(), SIGKILL), 0);
    EXPECT_EQ(program.wait(), -SIGKILL);
}

}  // namespace
}  // namespace hocket
