#include "hocket/process/init.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <string>

#include "process/program.hpp"
#include "process/traces.hpp"

namespace hocket {
namespace {

using testing::Program;
using testing::Witness;

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
    EXPECT_TRUE(program.output_ends());  // nobody holds it open
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

TEST(Init, WorkersDieWithAHelperThatFails) {
    Program program("--to-be-killed");
    const int first = std::stoi(program.read_line());
    const int second = std::stoi(program.read_line());
    const int helper = testing::process_entry(first).parent;
    const Witness workers[] = {Witness(first), Witness(second)};
    const rlimit none{0, 0};
    ASSERT_EQ(::prlimit(helper, RLIMIT_NOFILE, &none, nullptr), 0);  // its next poll() fails
    ASSERT_EQ(::kill(helper, SIGCHLD), 0);                           // which ends the present one
    for (const Witness& worker : workers) EXPECT_TRUE(worker.sees_end());
    ASSERT_EQ(::kill(program.pid(), SIGKILL), 0);
    EXPECT_EQ(program.wait(), -SIGKILL);
}

class ProgramKillTest : public ::testing::TestWithParam<unsigned> {};

// At a random moment, from a seed, in the midst of jobs of all sizes and of workers that end and are replaced.
TEST_P(ProgramKillTest, NothingIsLeftOfAProgramThatIsKilledAtWork) {
    constexpr int kRounds = 8;
    const auto objects_before = testing::shared_memory_objects();
    std::mt19937 random(GetParam());
    for (int round = 0; round < kRounds; ++round) {
        Program program("--works-until-killed");
        const Witness helper(std::stoi(program.read_line()));
        EXPECT_GE(testing::processes_with(program.mark()).size(), 2u);  // itself and the helper
        for (auto bursts = random() % 20; bursts > 0; --bursts) EXPECT_EQ(program.read_line(), "done");
        for (auto turns = random() % 1'000'000; turns > 0; --turns) std::atomic_signal_fence(std::memory_order_seq_cst);
        ASSERT_EQ(::kill(program.pid(), SIGKILL), 0);
        EXPECT_EQ(program.wait(), -SIGKILL);
        EXPECT_TRUE(program.output_ends());  // nobody holds it open
        EXPECT_TRUE(helper.sees_end());
        EXPECT_EQ(testing::processes_with(program.mark()), std::vector<int>());
    }
    EXPECT_EQ(testing::shared_memory_objects(), objects_before);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ProgramKillTest, ::testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace hocket
