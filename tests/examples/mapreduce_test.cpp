// Rows H11, H12, H23.
#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;

TEST(WordCount, IsTheSameForAnyDivision) {
    expect_lines(Example("mapreduce/word_count"),
                 "4 sentences mapped, 3 merges\n"
                 "I: 5\ndon't: 1\ndont't: 1\nknow: 6\nmuch: 2\nthat: 2\nthey: 1\nwhat: 1\n"
                 "other divisions: 12 with the same totals, 0 with others\n");
}

TEST(LargeText, IsCountedInThreadsAndProcesses) {
    const Example run("mapreduce/large_text", {"1000000", "2"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, HasSubstr("1000000 in all; processes counted the same\n"));
}

TEST(SplitWork, IsExactAndKeepsItsOrder) {
    const Example run("mapreduce/split_work", {"50", "10007", "2"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, HasSubstr("50 means, 0 wrong\n"));
    EXPECT_THAT(run.output, HasSubstr(", the same by the others\n"));
    EXPECT_THAT(run.output, ::testing::Not(HasSubstr("another result")));
}

}  // namespace
}  // namespace hocket::testing
