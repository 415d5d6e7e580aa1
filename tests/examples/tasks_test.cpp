// Rows D1-D9, D13, G7, G8, G26, G30, I1-I16, I18-I20.
#include <sstream>

#include "example.hpp"

namespace hocket::testing {
namespace {

TEST(LostUpdate, IsShownAndCured) {
    expect_lines(Example("tasks/lost_update"), "without a lock: 1\nwith a lock: 100, first come, first served\n");
}

TEST(Basics, NothingHappensBeforeItIsAwaitedOrStarted) {
    expect_lines(Example("tasks/basics"),
                 "nothing has happened so far\ngreeting world\nhello world\n"
                 "hocket: this Task was already awaited or spawned\n"
                 "pending\ngreeting task\ndone: hello task\n"
                 "greeting one\nhello one\ngreeting two\nhello two\ngreeting three\nhello three\n");
}

TEST(SideBySide, WaitsOverlapUnlessOneBlocks) {
    const Example run("tasks/side_by_side", {"0.3"}, {"HOCKET_DEBUG=1"});
    EXPECT_EQ(run.code, 0);
    const double one_by_one = number_after(run.output, "one by one took ");
    const double together = number_after(run.output, "at the same time took ");
    const double blocked = number_after(run.output, "with one that blocks the loop took ");
    const std::string label = "with that one on the pool took ";
    double pooled = number_after(run.output, label);
    for (int again = 0; again < 2 && pooled >= blocked; ++again)  // a busy machine may hold up a thread for as long
        pooled = number_after(Example("tasks/side_by_side", {"0.3"}).output, label);
    EXPECT_GE(one_by_one, 3.0);
    EXPECT_GE(together, 1.0);
    EXPECT_LT(together, one_by_one);
    EXPECT_GE(blocked, 2.0);
    EXPECT_LT(pooled, blocked);
    EXPECT_NE(run.output.find("in the order of the tasks: 1 2 3\n"), std::string::npos);
    EXPECT_GE(number_after(run.output, "with an error took "), 1.0);
    EXPECT_NE(run.output.find("it failed\n"), std::string::npos);
    EXPECT_NE(run.errors.find("held its event loop for"), std::string::npos) << run.errors;
}

TEST(Sequences, AndWaitingInAllCombinations) {
    expect_lines(Example("tasks/sequences"),
                 "5 5 5 (5 made) 5\n"
                 "connected, used, disconnected\n"
                 "connected, misused, disconnected\n"
                 "connected, used for long, disconnected\n");
}

TEST(Schedulers, TakeTurnsExactly) {
    std::ostringstream expected;
    for (int turn = 0; turn <= 15; ++turn) {
        if (turn < 10) expected << "T-minus " << 10 - turn << '\n';
        if (turn == 10) expected << "Blastoff!\n";
        if (turn < 5) expected << "T-minus " << 5 - turn << '\n';
        if (turn == 5) expected << "Blastoff!\n";
        if (turn < 15) expected << "Counting up " << turn << '\n';
        if (turn == 1) expected << "a task failed: on its second turn\n";
    }
    expected << "2 4 16 256 \nthrown in: a bad number\n-1\ncleaned up\n";
    expect_lines(Example("tasks/schedulers"), expected.str());
}

TEST(Actors, SendToThemselvesWithoutDepth) {
    std::ostringstream expected;
    for (int number = 10'000; number > 0; --number) expected << "Got: " << number << '\n';
    expected << "the counter has gone: a letter to it is an error\nsomebody is at the door\n";
    expect_lines(Example("tasks/actors"), expected.str());
}

TEST(OneThread, NeedsNoLockForACount) {
    expect_lines(Example("tasks/one_thread"), "one after another: 0\n15000 tasks: 5000\n");
}

TEST(Executors, KeepTheOrderAndTheLoopTicking) {
    expect_lines(Example("tasks/executors"),
                 "on a pool: in order\nthe loop went on: yes\non the loop's pool: in order\nhello Ada, number 7\n"
                 "the loop's pool has gone with it\n");
}

TEST(LoopThread, TakesCallbacksAndCoroutinesAndEndsWithTheProgram) {
    expect_lines(Example("tasks/loop_thread"),
                 "the callback has run in the thread background\nat once, without the result\nanswer to "
                 "everything\ncancelled\ncleaned up\n");
}

TEST(Progress, IsReportedUntilAllAreOverFailuresIncluded) {
    const Example run("tasks/progress", {"5"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    std::istringstream lines(run.output);
    std::string line;
    double before = 0;
    for (std::getline(lines, line); line.starts_with("Finished "); std::getline(lines, line)) {
        const double completed = number_after(line, "Finished ");
        EXPECT_GE(completed, before);
        before = completed;
    }
    EXPECT_EQ(before, 200);
    EXPECT_EQ(line, "200 results, 196 of them answers");
    EXPECT_TRUE(run.output.starts_with("Finished 0/200\n"));
}

TEST(Primitives, ServeInOrderAndLoseNothingToCancellation) {
    const Example run("tasks/primitives");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_TRUE(
        run.output.starts_with("lock: 1 2 4 5\nfree again\n"
                               "event: 1 2 4 5\n"
                               "condition, two signals: 1 2\ncondition, all: 1 2 4 5\n"
                               "semaphore: 1 2 4 5\nat most 2 inside, 2 free at the end\n"
                               "two loops and a thread: 3000\n"
                               "status 404\n"
                               "hocket: the event loop of this http::Client has ended;"))
        << run.output;
    EXPECT_EQ(occurrences(run.output, "\n"), 11u) << run.output;
}

TEST(Tasks, SayWhatIsWrongWithTheirArguments) {
    for (const char* name : {"progress", "side_by_side"}) {
        const Example run(std::string("tasks/") + name, {"soon"});
        EXPECT_EQ(run.code, 2) << name;
        EXPECT_NE(run.errors.find("and \"soon\" is not\nusage: " + std::string(name)), std::string::npos) << run.errors;
    }
}

}  // namespace
}  // namespace hocket::testing
