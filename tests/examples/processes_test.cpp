// Rows A6, H5-H10, H13-H16, H20, K6.
#include <filesystem>

#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;

TEST(SameTask, DoesTheSameInAThreadAndInAProcess) {
    const std::string countdown = "T-minus 5\nT-minus 4\nT-minus 3\nT-minus 2\nT-minus 1\n";
    expect_lines(Example("processes/same_task"), countdown + countdown + countdown + "exit code 0\n");
}

TEST(TwoCounters, BothCountToTheirEnds) {
    const Example run("processes/two_counters", {"1000000"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("the first has counted to 1000000\nthe second has counted to 2000000\n"
                                      "exit codes 0 and 0\n"));
    EXPECT_GT(number_after(run.output, "the longer alone: "), 0);
}

TEST(Orders, AreThoseOfSubmissionInputAndCompletion) {
    const Example run("processes/orders", {"1500000000"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("one after another: 1000 2000\n"));
    EXPECT_THAT(run.output, HasSubstr("the quick one waits for nobody\nat once: 1500000000 1\n"));
    EXPECT_THAT(run.output, HasSubstr("submitted: 1500000000 1 2 3 5 22\nmapped: 1500000000 1 2 3 5 22\n"));
    EXPECT_THAT(run.output, ::testing::MatchesRegex("(.|\n)*completed: ([1235]|22) [0-9 ]*\n"));
}

class FindRobots : public ::testing::Test {
protected:
    FindRobots() { std::filesystem::create_directories(folder_); }
    ~FindRobots() override { std::filesystem::remove_all(folder_); }
    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("hocket-robots-" + std::to_string(::getpid()));
};

TEST_F(FindRobots, FindsTheSameHostsInEveryWay) {
    EXPECT_EQ(Example("processes/find_robots", {"--make", folder_, "10000"}).code, 0);
    const Example run("processes/find_robots", {folder_});
    EXPECT_EQ(run.code, 0) << run.errors;
    EXPECT_THAT(run.output, HasSubstr("10.0.0.0\n"));
    EXPECT_THAT(run.output, HasSubstr("8 logs, 80032 lines, 32 without sense, "));
    EXPECT_THAT(run.output, HasSubstr("submit: the same\ncallback: the same\nmap by 1: the same, speed-up "));
    EXPECT_EQ(occurrences(run.output, "not the same"), 0u);
}

TEST_F(FindRobots, SaysWhichLogIsBad) {
    EXPECT_EQ(Example("processes/find_robots", {"--make", folder_, "1000"}).code, 0);
    const auto bad = folder_ / "access-3.log.gz";
    std::filesystem::resize_file(bad, std::filesystem::file_size(bad) / 2);
    const Example run("processes/find_robots", {folder_});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.errors, HasSubstr("access-3.log.gz: "));
    EXPECT_EQ(Example("processes/find_robots").code, 2);
}

TEST(Limits, AreAsTheChapterSays) {
    const Example run("processes/limits");
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("before init: hocket: the program cannot make a ProcessPool before "
                                      "hocket::init(argc, argv)"));
    EXPECT_THAT(run.output, HasSubstr("in another process: yes\ntravels: a struct of numbers yes, a map yes, a pointer "
                                      "no, a std::function no\na global variable: there 1, then 2, here 100\n"
                                      "a worker's exit code: 3\nthe next one counts anew: 1\n"));
}

TEST(SharedPool, ServesAllThreadsOnAllProcessors) {
    expect_lines(Example("processes/shared_pool", {"8", "10"}), "8 threads, 80 right answers, by 2 processes\n");
}

}  // namespace
}  // namespace hocket::testing
