// Rows K2, K5, K7, K8.
#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;

std::string part(const std::string& text, const std::string& label) {
    const std::size_t at = text.find(label);
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? std::string() : text.substr(at);
}

TEST(ThreadsOrTasks, TasksAreCheaperToMakeAndToKeep) {
    const Example run("measurements/threads_or_tasks");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    const std::string threads = part(run.output, "threads:"), tasks = part(run.output, "tasks:");
    EXPECT_GT(number_after(tasks, "tasks: "), 3 * number_after(threads, "threads: ")) << run.output;
    EXPECT_GT(number_after(threads, "ended a second, "), 3 * number_after(tasks, "ended a second, ")) << run.output;
    // Which switches are more is a question of what else the processors do meanwhile.
    for (const std::string& which : {threads, tasks}) EXPECT_GT(number_after(which, "waiting, "), 0) << run.output;
}

TEST(WakeUps, AreSoonerThanTheNextLook) {
    const Example run("measurements/wake_ups");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_EQ(occurrences(run.output, ": 40 items, "), 4u) << run.output;
    const double looking = number_after(part(run.output, "looks"), "p50 ");
    EXPECT_GT(looking, 1000);
    for (const char* how : {"polls", "blocks", "awaits"})
        EXPECT_LT(number_after(part(run.output, how), "p50 "), looking) << how;
}

TEST(MixedWork, IsComputedByOneThreadUnlessThereAreMore) {
    const Example run("measurements/mixed_work", {"16", "20", "20"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    const std::string tasks = part(run.output, "tasks: "), threads = part(run.output, "threads: ");
    const std::string both = part(run.output, "tasks and a pool: ");
    EXPECT_EQ(number_after(tasks, "at most "), 16);
    EXPECT_EQ(number_after(tasks, "waited and "), 1);
    EXPECT_GE(number_after(tasks, "tasks: "), 0.339);  // 20 ms and sixteen times 20 ms one after another, rounded
    EXPECT_GT(number_after(threads, "waited and "), 1);
    EXPECT_GT(number_after(part(run.output, "processes: "), "by "), 1);
    EXPECT_EQ(number_after(both, "at most "), 16);
    EXPECT_GE(number_after(both, "waited and "), 2);
}

TEST(SlowNames, StallNobodyElse) {
    const Example run("measurements/slow_names");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_GE(number_after(run.output, "resolve(): another task has run "), 5) << run.output;
    EXPECT_GE(number_after(run.output, "an HTTP request: another task has run "), 5) << run.output;
    EXPECT_THAT(run.output, HasSubstr("getaddrinfo() within the loop: another task has run 0 times\n"));
    EXPECT_LT(number_after(run.output, "eight threads: the time of "), 6) << run.output;
}

TEST(Measurements, SayWhatIsWrongWithTheirArguments) {
    for (const char* name : {"threads_or_tasks", "wake_ups", "mixed_work", "slow_names"}) {
        const Example run(std::string("measurements/") + name, {"x"});
        EXPECT_EQ(run.code, 2) << name;
        EXPECT_THAT(run.errors, HasSubstr("and \"x\" is not\nusage: " + std::string(name))) << name;
    }
}

}  // namespace
}  // namespace hocket::testing
