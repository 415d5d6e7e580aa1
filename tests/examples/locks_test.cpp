// Rows G1-G6, G9-G25, G27-G29, A10, A11.
#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SharedCounter, IsExactOnlyWithALock) {
    const Example run("locks/shared_counter", {"250000", "10"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("with a lock: 1000000 of 1000000\n"));
    EXPECT_THAT(run.output, HasSubstr("with one lock for the class: 100000 of 100000, and 0 after"));
    EXPECT_LE(number_after(run.output, "without a lock: "), 1'000'000);
    for (const char* threads : {"1", "2", "4"}) {
        const std::string line = std::string("right totals by ") + threads + " threads: ";
        const double without = number_after(run.output, line + "with a lock 100 %, without ");
        EXPECT_GE(without, 0);
        EXPECT_LE(without, 100);
    }
    EXPECT_THAT(run.output, HasSubstr("right totals by 1 threads: with a lock 100 %, without 100 %\n"));
}

TEST(Recursion, IsADeadlockErrorWithALockAndWorksWithAnRLock) {
    const Example run("locks/recursion");
    EXPECT_EQ(run.code, 0);
    const std::size_t sum = run.output.find("sum: 10\n");
    ASSERT_NE(sum, std::string::npos) << run.output;
    const std::string before = run.output.substr(0, sum);
    EXPECT_EQ(occurrences(before, "Acquired lock.\n"), 1u + 5u);
    EXPECT_THAT(before, AllOf(HasSubstr("deadlock"), HasSubstr("'plain'")));
    EXPECT_THAT(run.output.substr(sum), HasSubstr("2 2 2 2 2 \n"));
    EXPECT_THAT(run.output.substr(sum), HasSubstr("released once\nthe other thread is in\nnumber: -46\n"));
}

TEST(Deadlock, IsToldToOneOfTwoAndBothEnd) {
    const Example run("locks/deadlock");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(occurrences(run.output, "hocket: deadlock"), 1u);
    for (const char* word : {"'num'", "'other'", "'up'", "'down'", "both threads have ended"})
        EXPECT_THAT(run.output, HasSubstr(word));
    for (const char* how : {"one after the other", "both, in one order", "acquire()"})
        EXPECT_THAT(run.output, HasSubstr(std::string(how) + ": num = 0, other = 0\n"));
    const std::size_t gave_up = run.output.find("gave up after 10 ms: lock 'printer'");
    ASSERT_NE(gave_up, std::string::npos) << run.output;
    const std::string end = run.output.substr(gave_up);
    const std::string holder = std::to_string(static_cast<int>(number_after(end, " by ")));
    EXPECT_THAT(end, AllOf(HasSubstr("taken at "), HasSubstr("deadlock.cpp:"),
                           HasSubstr("\nthread " + holder + " is 'holder'\n")));
}

TEST(LockOrder, IsReportedInDebugModeOnly) {
    const Example silent("locks/lock_order", {}, {"HOCKET_DEBUG="});
    expect_lines(silent,
                 "refused: a nested acquire() against the order\nlater it is fine\nan RLock may be taken again\n");
    const Example debug("locks/lock_order", {}, {"HOCKET_DEBUG=1"});
    EXPECT_EQ(debug.code, 0);
    EXPECT_EQ(debug.output, silent.output);
    EXPECT_THAT(debug.errors, AllOf(HasSubstr("'accounts'"), HasSubstr("'journal'"), HasSubstr("lock_order.cpp")));
}

TEST(Philosophers, AllEat) {
    const Example run("locks/philosophers", {"2000"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(occurrences(run.output, "has eaten 2000 times\n"), 5u);
}

// The order of acquire() leaves no circle in the wait-for graph; without an order there are some.
TEST(Philosophers, NeverWaitInACircleAtAnyTable) {
    const Example run("locks/philosophers", {"1", "10"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("10 tables laid at random, with acquire(): 0 circles\n"));
    EXPECT_GT(number_after(run.output, "10 tables laid at random, stick by stick: "), 0);
}

TEST(Conditions, StopWhenThereAreEnoughResults) {
    const Example run("locks/conditions");
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("200 items submitted\nStopping workers\n"));
    const double processed = number_after(run.output, "Stopping workers\n");
    EXPECT_GE(processed, 5);
    EXPECT_LE(processed, 7);
    EXPECT_EQ(processed + number_after(run.output, "processed, "), 200);
}

TEST(Conditions, StopAlsoWhenTheItemsRunOut) {
    expect_lines(Example("locks/conditions", {"3", "5"}),
                 "3 items submitted\nStopping workers\n3 items processed, 0 left over\n");
}

TEST(MeetingPoints, KeepTheirPromises) {
    expect_lines(Example("locks/meeting_points"),
                 "barrier: all left after the last came, places 0 1 2 3 4\n"
                 "broken barrier: 3 were told\n"
                 "after reset(): as new\n"
                 "event: 0 left before the master\n"
                 "semaphore: at most 3 of 3 seats taken\n"
                 "semaphore: a release too many is an error\n"
                 "semaphore: ten releases woke 10, one at a time\n");
}

TEST(MissedSignals, AreThoseOfAClearedEventNotOfACount) {
    const Example run("locks/missed_signals");
    EXPECT_EQ(run.code, 0);
    EXPECT_LT(number_after(run.output, "seen by an event that is cleared: "), 10'000);
    EXPECT_EQ(number_after(run.output, "seen by a condition and a count: "), 10'000);
}

TEST(Priority, IsLentToTheOwner) {
    const Example run("locks/priority");
    if (run.code == 1) {
        EXPECT_THAT(run.errors, HasSubstr("no real-time priority for this user: "));
        GTEST_SKIP() << run.errors;
    }
    expect_lines(run,
                 "owner, alone: 0\n"
                 "owner, with an urgent one waiting: 5\n"
                 "the urgent one has it\n"
                 "owner, afterwards: 0\n");
}

TEST(Watchdog, ReplacesAWorkerThatHangs) {
    const Example run("locks/watchdog");
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("worker does not answer: it is replaced\n"));
    EXPECT_THAT(run.output, HasSubstr("replacement has done the work\n"));
    EXPECT_EQ(run.errors, "");
}

}  // namespace
}  // namespace hocket::testing
