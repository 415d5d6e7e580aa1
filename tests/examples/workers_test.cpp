// Rows H17-H19, H21, H22.
#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;

TEST(SharedCounter, IsRightWithTheLock) {
    const Example run("workers/shared_counter", {"20", "20000", "0.2"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, HasSubstr("ten processes with a lock: right in 20 of 20 trials\n"));
    EXPECT_LE(number_after(run.output, "trials; the lowest is "), 40000);
    EXPECT_THAT(run.output, HasSubstr("two processes with a lock: 40000 of 40000\n"));
    EXPECT_THAT(run.output, HasSubstr("eight workers: 8 after "));
    EXPECT_GE(number_after(run.output, "eight workers: 8 after "), 0.2);
    EXPECT_THAT(run.output, HasSubstr("mended after a death: 8\n"));
}

TEST(ManyLoops, AnswerAllQueries) {
    const Example run("workers/many_loops", {"5", "1000", "2"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, HasSubstr("total queries are: 5000\n"));
    EXPECT_THAT(run.output, HasSubstr("server ended with 0\n"));
}

TEST(ThreadsOrProcesses, ComputeTheSameAndWaitAlike) {
    const Example run("workers/threads_or_processes", {"1000000", "20"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, HasSubstr("same results: yes\n"));
    EXPECT_THAT(run.output, HasSubstr("\n40 waits are over\n"));
    EXPECT_GT(number_after(run.output, "computing with 2: threads "), 0);
}

}  // namespace
}  // namespace hocket::testing
