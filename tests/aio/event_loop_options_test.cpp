// How a loop is made: back end, order of running, clock; what it tells about its tasks.
#include <gmock/gmock.h>

#include <cstdlib>
#include <optional>

#include "hocket/aio.hpp"

namespace hocket::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Sets a variable of the environment for a scope; null unsets it.
class Environment {
public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) before_ = old;
        set(value);
    }
    ~Environment() { set(before_ ? before_->c_str() : nullptr); }

private:
    void set(const char* value) {
        if (value) {
            ::setenv(name_, value, 1);
        } else {
            ::unsetenv(name_);
        }
    }
    const char* name_;
    std::optional<std::string> before_;
};

std::string refusal(const LoopOptions& options = LoopOptions()) {
    try {
        const EventLoop loop(options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "not refused";
}

TEST(LoopOptions, TakesTheBackendFromTheEnvironment) {
    {
        const Environment io("HOCKET_IO", "epoll");
        EXPECT_EQ(EventLoop().io_name(), "epoll");
    }
    {
        const Environment io("HOCKET_IO", "kqueue");
        EXPECT_EQ(refusal(), "hocket: HOCKET_IO=kqueue is unknown; use epoll or io_uring");
        LoopOptions explicit_choice;
        explicit_choice.io = Io::epoll;
        EXPECT_EQ(EventLoop(explicit_choice).io_name(), "epoll");
    }
    const Environment io("HOCKET_IO", "io_uring");
    try {
        EXPECT_EQ(EventLoop().io_name(), "io_uring");
    } catch (const std::exception& error) {
        EXPECT_THAT(error.what(), HasSubstr("HOCKET_IO=epoll"));
        GTEST_SKIP() << "NOT TESTED: " << error.what();
    }
}

Task<void> note_turns(std::vector<int>& order, int id) {
    for (int turn = 0; turn < 3; ++turn) {
        co_await yield_now();
        order.push_back(id);
    }
}

Task<void> race(std::vector<int>& order) {
    std::vector<Task<void>> tasks;
    for (int id = 0; id < 10; ++id) tasks.push_back(note_turns(order, id));
    co_await gather(std::move(tasks));
}

std::vector<int> order_with(std::optional<std::uint64_t> seed) {
    LoopOptions options;
    options.seed = seed;
    std::vector<int> order;
    run(race(order), options);
    return order;
}

TEST(LoopOptions, ASeedDecidesTheOrder) {
    const Environment none("HOCKET_SEED", nullptr);
    const std::vector<int> fair = order_with(std::nullopt);
    EXPECT_EQ(std::vector<int>(fair.begin(), fair.begin() + 10), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    const std::vector<int> first = order_with(1);
    EXPECT_EQ(first.size(), 30u);
    EXPECT_NE(first, fair);
    EXPECT_EQ(order_with(1), first);
    EXPECT_NE(order_with(2), first);
    EXPECT_NE(order_with(0), fair);
}

TEST(LoopOptions, TakesTheSeedFromTheEnvironment) {
    const std::vector<int> expected = order_with(17);
    {
        const Environment seed("HOCKET_SEED", "17");
        EXPECT_EQ(order_with(std::nullopt), expected);
        EXPECT_NE(order_with(18), expected);
    }
    for (const char* wrong : {"seventeen", "17x", "-1", "99999999999999999999"}) {
        const Environment seed("HOCKET_SEED", wrong);
        EXPECT_EQ(refusal(), "hocket: HOCKET_SEED=" + std::string(wrong) + " is not a whole number of 64 bits");
    }
}

TEST(VirtualClock, PassesOnlyWhenEverybodyWaits) {
    VirtualClock clock;
    LoopOptions options;
    options.clock = &clock;
    std::vector<int> log;
    auto sleeper = [&](Duration duration, int id) -> Task<void> {
        co_await sleep(duration);
        log.push_back(id);
    };
    auto main = [&]() -> Task<Duration> {
        const TimePoint start = EventLoop::current().time();
        for (int i = 0; i < 1'000; ++i) co_await yield_now();
        EXPECT_EQ(EventLoop::current().time(), start) << "time passed in spite of work to do";
        co_await gather(sleeper(1000h, 3), sleeper(1ms, 1), sleeper(2ms, 2));
        co_return EventLoop::current().time() - start;
    };
    EXPECT_EQ(run(main(), options), 1000h);
    EXPECT_THAT(log, ElementsAre(1, 2, 3));
    clock.advance(5s);
    EXPECT_EQ(clock.now().time_since_epoch(), 1000h + 5s);
}

TEST(VirtualClock, WaitsForOtherThreadsWhenNobodySleeps) {
    VirtualClock clock;
    LoopOptions options;
    options.clock = &clock;
    EventLoop loop(options);
    Promise<int> promise;
    std::thread other([&] { promise.set_result(3); });
    EXPECT_EQ(loop.run_until_complete(promise.future()), 3);
    other.join();
}

// ---- looking into a loop

std::uint_least32_t inner_line, outer_line, spawn_line;

Task<void> inner() {
    inner_line = __LINE__ + 1;
    co_await sleep(1h);
}
Task<void> outer() {
    outer_line = __LINE__ + 1;
    co_await inner();
}

TEST(AllTasks, TellsNamesOriginsAndWhereTheyWait) {
    auto main = []() -> Task<std::vector<TaskInfo>> {
        spawn_line = __LINE__ + 1;
        Future<void> waiting = create_task(outer(), "waiter");
        Future<void> ready = create_task(outer());
        co_await yield_now();
        ready.cancel();
        std::vector<TaskInfo> tasks = EventLoop::current().all_tasks();
        waiting.cancel();
        co_return tasks;
    };
    const std::uint_least32_t run_line = __LINE__ + 1;
    const std::vector<TaskInfo> tasks = run(main());
    ASSERT_EQ(tasks.size(), 3u);
    const TaskInfo& self = tasks[0];
    EXPECT_EQ(self.name, "main");
    EXPECT_EQ(self.parent_id, 0u);
    EXPECT_EQ(self.spawned_at.line(), run_line);
    EXPECT_FALSE(self.suspended);
    EXPECT_TRUE(self.awaits.empty());

    const TaskInfo& waiter = tasks[1];
    EXPECT_EQ(waiter.name, "waiter");
    EXPECT_EQ(waiter.parent_id, self.id);
    EXPECT_NE(waiter.id, self.id);
    EXPECT_EQ(waiter.spawned_at.line(), spawn_line);
    EXPECT_THAT(waiter.spawned_at.file_name(), HasSubstr("event_loop_options_test.cpp"));
    EXPECT_TRUE(waiter.suspended);
    ASSERT_EQ(waiter.awaits.size(), 2u);
    EXPECT_EQ(waiter.awaits[0].line(), inner_line);
    EXPECT_EQ(waiter.awaits[1].line(), outer_line);

    EXPECT_EQ(tasks[2].name, "Task-" + std::to_string(tasks[2].id));
    EXPECT_EQ(tasks[2].parent_id, self.id);
}

TEST(AllTasks, ListsTheTasksOfGroupsAfterTheirOwners) {
    auto child = []() -> Task<void> { co_await sleep(1h); };
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.create_task(child(), "first child");
        group.create_task(child(), "second child");
        co_await sleep(1h);
    };
    auto owner = [&]() -> Task<void> { co_await task_group(body); };
    auto main = [&]() -> Task<std::vector<std::string>> {
        Future<void> owning = create_task(owner(), "owner");
        Future<void> other = create_task(child(), "other");
        co_await yield_now();
        std::vector<std::string> names;
        for (const TaskInfo& task : EventLoop::current().all_tasks()) names.push_back(task.name);
        owning.cancel();
        other.cancel();
        co_return names;
    };
    EXPECT_THAT(run(main()), ElementsAre("main", "owner", "first child", "second child", "other"));
}

TEST(Shutdown, SaysWhoKeepsTheLoopAlive) {
    std::vector<std::string> reports;
    set_report_hook([&](ReportKind kind, std::string_view text) {
        EXPECT_EQ(kind, ReportKind::stuck_shutdown);
        reports.emplace_back(text);
    });
    VirtualClock clock;
    LoopOptions options;
    options.clock = &clock;
    std::uint_least32_t await_line = 0;
    auto stubborn = [&]() -> Task<void> {
        CancelScope scope(shielded);
        await_line = __LINE__ + 1;
        co_await sleep(10s);
    };
    std::uint_least32_t stubborn_line = 0;
    auto main = [&]() -> Task<void> {
        stubborn_line = __LINE__ + 1;
        create_task(stubborn(), "stubborn");
        auto obedient = []() -> Task<void> { co_await sleep(10s); };
        create_task(obedient(), "obedient");
        co_await yield_now();
    };
    run(main(), options);
    set_report_hook({});
    const std::string file = __FILE__;
    EXPECT_THAT(
        reports,
        ElementsAre("an event loop waits for cancelled tasks that do not end:\n  stubborn (spawned at " + file + ":" +
                    std::to_string(stubborn_line) + ")\n    awaits at " + file + ":" + std::to_string(await_line)));
    EXPECT_EQ(clock.now().time_since_epoch(), 10s);
}

TEST(Shutdown, CancelsTasksThatStartDuringIt) {
    bool cleaned = false;
    auto clean_up = [&]() -> Task<void> {
        co_await yield_now();
        cleaned = true;
    };
    auto successor = [&]() -> Task<void> {
        auto forever = sleep(std::chrono::hours::max());
        co_await finally(forever, clean_up);
    };
    auto dying = [&]() -> Task<void> {
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            create_task(successor());
            throw;
        }
    };
    auto main = [&]() -> Task<void> {
        create_task(dying());
        co_await yield_now();
    };
    run(main());
    EXPECT_TRUE(cleaned);
}

}  // namespace
}  // namespace hocket::test
