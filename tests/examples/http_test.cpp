// Rows C3-C7, C9, C10, K1, K9.
#include <sstream>

#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The line of `text` that begins with `label`.
std::string line_of(const std::string& text, const std::string& label) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(label)) return line;
    }
    ADD_FAILURE() << "no line \"" << label << "\" in:\n" << text;
    return {};
}

TEST(TwoGets, GiveStatusesAndBodies) { expect_lines(Example("http/two_gets"), "200\n200\npage 1\npage 2\n"); }

TEST(Thousand, IsTheSameByAllMethodsAndSlowestInSequence) {
    const Example run("http/thousand", {"100", "30"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_EQ(occurrences(run.output, ": 100 x 200 in order"), 6u) << run.output;
    const auto seconds = [&](const std::string& method) {
        return number_after(line_of(run.output, method + " "), "in order, ");
    };
    const auto at_a_time = [&](const std::string& method) {
        return number_after(line_of(run.output, method + " "), "at most ");
    };
    EXPECT_GE(seconds("sequence"), 3);  // a hundred times 30 ms
    EXPECT_EQ(at_a_time("sequence"), 1);
    const double by_default = number_after(line_of(run.output, "pool "), "pool ");
    for (const char* method : {"pool", "executor"}) {  // a pool does no more because tasks use it
        EXPECT_LE(at_a_time(method), by_default) << run.output;
        EXPECT_GE(at_a_time(method), 2) << run.output;
        EXPECT_GE(seconds(method), 100 / by_default * 0.03 - 0.001);  // it is rounded
    }
    EXPECT_LE(at_a_time("pool=32"), 32);
    EXPECT_GE(at_a_time("tasks"), 2);
    for (const char* method : {"pool", "executor", "pool=32", "threads", "tasks"})
        EXPECT_LT(seconds(method), 3) << run.output;  // what it takes at least in sequence
}

TEST(Thousand, HasAThreadForEachRequest) {
    const Example run("http/thousand", {"1000", "500", "threads", "tasks"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    const std::string threads = line_of(run.output, "threads ");
    EXPECT_THAT(threads, HasSubstr(" 1000 threads: 1000 x 200 in order"));
    EXPECT_GT(number_after(threads, "at most "), 32);  // more than a pool has by default
    EXPECT_THAT(line_of(run.output, "tasks "), HasSubstr(" 1000 x 200 in order"));
}

TEST(Thousand, SaysWhatIsWrongWithItsArguments) {
    const Example number("http/thousand", {"many"});
    EXPECT_EQ(number.code, 2);
    EXPECT_THAT(number.errors, StartsWith("REQUESTS is a number from 1 to 10000, and \"many\" is not\nusage: "));
    const Example method("http/thousand", {"10", "1", "magic"});
    EXPECT_EQ(method.code, 2);
    EXPECT_THAT(method.errors, StartsWith("there is no method \"magic\"\n"));
    EXPECT_EQ(Example("http/thousand", {"10", "1", "pool=0"}).code, 2);
    EXPECT_EQ(Example("http/sweet_spot", {"10", "1", "1", "1"}).code, 2);
}

TEST(SweetSpot, IsWhereMoreThreadsBringNothing) {
    const Example run("http/sweet_spot", {"60", "20", "10"});  // so long that a busy machine adds little
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_EQ(occurrences(run.output, "requests/s\n"), 7u) << run.output;  // 1, 2, 5, 10, 20, 50, 100
    const double alone = number_after(line_of(run.output, "   1 threads"), "threads ");
    const double knee = number_after(run.output, "the sweet spot: ");
    EXPECT_GE(alone, 1.2);
    EXPECT_GT(knee, 1);
    std::ostringstream label;
    label.width(4);
    label << knee;
    EXPECT_LT(number_after(line_of(run.output, label.str() + " threads"), "threads ") * 2, alone);
}

TEST(AtMostFive, IsWhatTheServerSees) {
    const Example run("http/at_most_five");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    const std::string free = line_of(run.output, "a semaphore of 1000: 240000 bytes");
    const std::string five = line_of(run.output, "a semaphore of 5: 240000 bytes");
    EXPECT_GT(number_after(free, "at most "), 5);
    EXPECT_LE(number_after(five, "at most "), 5);
    EXPECT_GE(number_after(five, "at most "), 2);
}

}  // namespace
}  // namespace hocket::testing
