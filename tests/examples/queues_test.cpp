// Rows F1-F11, F13-F16.
#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProducerConsumer, DealsWithEachItemOnceAndEnds) {
    expect_lines(Example("queues/producer_consumer"),
                 "sum of 1 to 1000: 500500\n"
                 "3 consumers have ended, 0 items left\n"
                 "hocket: task_done() of a queue was called more often than items were put; call it once for each item "
                 "taken\n"
                 "handled: 3 letters\n"
                 "not handled: an empty order\n"
                 "the producer still has 3 numbers\n");
}

TEST(ProducerConsumer, EndsAnyNumberOfConsumers) {
    const Example run("queues/producer_consumer", {"5", "20"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, HasSubstr("sum of 1 to 5: 15\n20 consumers have ended, 0 items left\n"));
}

TEST(OrdersAndLimits, AreKept) {
    expect_lines(Example("queues/orders_and_limits"),
                 "by priority: bar spam foo grok\n"
                 "last in, first out: 3 2 1\n"
                 "try_get() of an empty queue: nothing\n"
                 "get_for(20ms): nothing after 20 ms\n"
                 "try_put() into a full queue: not put\n"
                 "put_for(20ms): not put\n"
                 "queued item c discarded!\n"
                 "queued item d discarded!\n"
                 "2 dropped, 2 queued\n"
                 "got 42\n"
                 "the consumer ended at once\n");
}

TEST(Pollable, WaitsForQueuesAndASocketAtOnce) {
    const Example run("queues/pollable");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    for (const char* line : {"idle: no processor time\n", "Got: 1\n", "Got: hello\n", "From the socket: bye\n"})
        EXPECT_EQ(occurrences(run.output, line), 1u) << run.output;
    EXPECT_LT(run.output.find("Got: 10\n"), run.output.find("Got: 15\n")) << run.output;
    EXPECT_THAT(run.output, HasSubstr("Got: 15\n"));
    EXPECT_THAT(run.output, HasSubstr("100000 items put, readable: 1\nall taken, readable: 0\n"));
}

TEST(Commits, AreCountedOnAllPagesAndEveryThreadEnds) {
    const Example run("queues/commits");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    // Four pages, one, the first of three, one without commits, two.
    const std::string output = "\n" + run.output;
    for (const char* target : {"/repos/35/commits", "/repos/35/commits?page=4", "/repos/7/commits",
                               "/repos/flaky/commits?page=2", "/repos/0/commits", "/repos/20/commits?page=2"})
        EXPECT_EQ(occurrences(output, "\nfetching " + std::string(target) + "\n"), 1u) << target << output;
    EXPECT_THAT(run.output, Not(HasSubstr("/repos/7/commits?page")));  // one page only
    EXPECT_EQ(occurrences(run.output, "failed: status 502\n"), 1u);
    EXPECT_EQ(occurrences(run.output, "failed: hocket: GET http://127.0.0.1:1/repos/1/commits: no connection"), 1u);
    EXPECT_THAT(run.output, HasSubstr("\n72 commits found, "));
    EXPECT_GE(number_after(run.output, "commits found, "), 1);
}

}  // namespace
}  // namespace hocket::testing
