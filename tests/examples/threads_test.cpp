// Rows A1-A9, A12, A13, B7, K3.
#include "example.hpp"
#include "sanitizers.hpp"

namespace hocket::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Countdown, StartsRunsAndStopsWhenTold) {
    expect_lines(Example("threads/countdown"),
                 "not started: not alive\n"
                 "started: alive\n"
                 "T-minus 10\nT-minus 9\nT-minus 8\nT-minus 7\nT-minus 6\n"
                 "T-minus 5\nT-minus 4\nT-minus 3\nT-minus 2\nT-minus 1\n"
                 "joined: not alive\n"
                 "starting before running: 500 of 500\n"
                 "stopped: the launch is off\n"
                 "cleaned up: 20 of 20\n"
                 "stopped in the middle of an hour within a millisecond\n"
                 "the same here and in a thread: yes\n");
}

TEST(Names, AreSeenByTheProgramAndTheKernel) {
    expect_lines(Example("threads/names"),
                 "Hello World from MainThread\n"
                 "Hello World from a function\n"
                 "Hello World from a class with a long name\n"
                 "live: MainThread\n"
                 "live: a class with a long name\n"
                 "in /proc: yes\n");
}

TEST(Daemon, EndsWithMainInTheMiddleOfItsWork) {
    expect_lines(Example("threads/daemon", {"daemon"}), "T-minus 3\nmain has ended\n");
}

TEST(Daemon, IsJoinedLikeAnyThread) {
    expect_lines(Example("threads/daemon", {"join"}), "T-minus 3\nT-minus 2\nT-minus 1\nlift-off\nmain has ended\n");
}

TEST(Daemon, IsWhatAnOtherThreadIsNotWhoseCleanUpIsAwaited) {
    expect_lines(Example("threads/daemon", {"cancel"}), "T-minus 3\nmain has ended\ncleaned up\n");
}

TEST(Daemon, SaysHowItIsUsed) {
    const Example run("threads/daemon", {"nonsense"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.errors, HasSubstr("usage"));
}

TEST(StoppableReceive, StopsWhileItWaits) {
    expect_lines(Example("threads/stoppable_receive"),
                 "received: one two three\n"
                 "stopped at once\n"
                 "ended with the connection\n");
}

TEST(Results, ArriveOnceEachErrorsToo) {
    expect_lines(Example("threads/results"),
                 "broken: failed: out of numbers\n"
                 "count_up: 1 2 3\n"
                 "squares: 1 4 9 16\n"
                 "3 results of 3 threads\n"
                 "computed outside of their thread: 0\n"
                 "mean: 2.5\n");
}

TEST(Ticks, AreNeitherLostNorDoubledNorLate) {
    const Example run("threads/ticks");
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, AllOf(HasSubstr("T-minus 10 9 8 7 6 5 4 3 2 1\n"), HasSubstr("Counting 1 2 3 4 5\n"),
                                  HasSubstr("lost or doubled: 0\n"), HasSubstr("stopped: 0\n")));
    const double took = number_after(run.output, "took ms: ");
    EXPECT_GE(took, 1000);
    EXPECT_LT(took, 1850);  // a period after the work each time, 19 ms, would take more
}

TEST(LazyConnection, GivesEachThreadItsOwnSocket) {
    expect_lines(Example("threads/lazy_connection"),
                 "before the server listens: Connection refused\n"
                 "Got 100019 bytes\n"
                 "Got 100019 bytes\n"
                 "sockets at the same time: 2\n"
                 "nested: Already connected\n"
                 "the outer one still works: got 100019 bytes\n"
                 "connected again\n"
                 "over TCP, as asked for: yes\n");
}

TEST(ManyThreads, CostLittleWhileTheyWait) {
    const std::string count = kSanitized ? "200" : "2000";  // a sanitizer adds a MiB to each
    const Example run("threads/many_threads", {count});
    EXPECT_EQ(run.code, 0);
    const std::string words = " stacks: " + count + " idle threads, MiB virtual ";
    EXPECT_LT(number_after(run.output, "64 KiB" + words), number_after(run.output, "default" + words));
    EXPECT_THAT(run.output, HasSubstr("after their end: 0 idle\n"));
    EXPECT_THAT(run.output, AllOf(HasSubstr("'tiny'"), HasSubstr("4096 bytes"), HasSubstr("at least")));
}

}  // namespace
}  // namespace hocket::testing
