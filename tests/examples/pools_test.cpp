// Rows C1, C2, C8, C11-C13, H1-H4, H24, K4, G27.
#include "example.hpp"

#include <algorithm>
#include <thread>

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;

TEST(Futures, BringResultsAndErrorsToWhoAsks) {
    const Example run("pools/futures");
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, ::testing::StartsWith("65536\nGot: 65536\nGot: 81\n"));
    EXPECT_THAT(run.output, HasSubstr("the job failed: no such number\n"));
    EXPECT_THAT(run.output, HasSubstr("10000 jobs have been run\n"));
    EXPECT_THAT(run.errors, HasSubstr("from a callback"));
}

TEST(DefaultSize, IsThatOfPython) {
    const Example run("pools/default_size");
    const double processors = number_after(run.output, "processors: ");
    EXPECT_EQ(number_after(run.output, "by default: "), std::min(32.0, processors + 4));
    EXPECT_THAT(run.output, HasSubstr("on 1: 5\non 2: 6\non 8: 12\non 64: 32\n"));
    EXPECT_EQ(number_after(run.output, "as asked for: "), 2);
}

TEST(OneHundred, AddsUpToZeroAndOrderIsAskedFor) {
    const Example run("pools/onehundred");
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("sum: 0\n"));
    EXPECT_LE(number_after(run.output, "saved among the increments: "), 100);
    EXPECT_THAT(run.output, HasSubstr("saved after them: 100\n"));
}

TEST(Passwords, AreHashedAsTheStandardSays) {
    const Example run("pools/passwords", {"40"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("77d6576238657b20\nfdbabe1c9d347200\n7023bdcb3afd7348\n"));
    EXPECT_THAT(run.output, HasSubstr("40 digests by one thread\n40 digests by "));
    EXPECT_THAT(run.output, HasSubstr("the first matches its password, and does not match another\n"));
    EXPECT_GT(number_after(run.output, "speed-up: "), 0);
}

TEST(Hashing, IsExactByAnyNumberOfThreads) {
    const Example run("pools/hashing", {"8"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output,
                ::testing::StartsWith("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"));
    for (const char* size : {"256", "2048", "65536", "1048576"}) {
        EXPECT_GT(number_after(run.output, std::string(size) + " bytes, MiB/s: one thread "), 0);
    }
    EXPECT_THAT(run.output, ::testing::EndsWith("\n0 wrong\n"));
}

TEST(RowMeans, AreExact) {
    const Example run("pools/row_means", {"50", "100000"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("50 means, 0 wrong\n"));
}

TEST(TwoCores, TellTheirSpeedUp) {
    const Example run("pools/two_cores", {"1000000"});
    EXPECT_EQ(run.code, 0);
    EXPECT_GT(number_after(run.output, "speed-up by two threads: "), 0);
}

}  // namespace
}  // namespace hocket::testing
