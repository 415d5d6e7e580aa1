#include "hocket/aio/task_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/loop_thread.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/queue.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// The text once it contains `part`: whoever is looked at may still be on its way.
std::string tasks_with(const std::string& part) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    std::string text;
    do {
        text = format_tasks();
        if (text.find(part) != std::string::npos) return text;
        std::this_thread::yield();
    } while (std::chrono::steady_clock::now() < end);
    return text;
}

TEST(TaskTree, ShowsEachTaskBelowTheOneThatSpawnedIt) {
    const auto child = []() -> Task<void> { co_await sleep(1h); };
    const auto parent = [&]() -> Task<void> {
        const auto spawn = [&](TaskGroup& group) -> Task<void> {
            group.create_task(child(), "grandchild");
            co_return;
        };
        co_await task_group(spawn);
    };
    const auto body = [&]() -> Task<std::string> {
        auto task = create_task(parent(), "child");
        co_await yield_now();
        co_await yield_now();
        std::string text = format_tasks();
        task.cancel();
        co_return text;
    };
    const std::string text = run(body());
    EXPECT_THAT(text, ContainsRegex("\n  main .*\n    child .*waits since .* for its child tasks\n.*awaits at "
                                    ".*task_tree_test.cpp:[0-9]+"));
    EXPECT_THAT(text, ContainsRegex("\n      grandchild .*, spawned at .*task_tree_test.cpp:[0-9]+, waits since .* for "
                                    "time to pass\n"));
}

TEST(TaskTree, TellsHowLongATaskHasWaited) {
    VirtualClock clock;
    const auto sleeps = []() -> Task<void> { co_await sleep(1h); };
    const auto body = [&]() -> Task<std::string> {
        auto task = create_task(sleeps(), "sleeper");
        co_await sleep(90s);
        std::string text = format_tasks();
        task.cancel();
        co_return text;
    };
    EXPECT_THAT(run(body(), {.clock = &clock}), ContainsRegex("sleeper .*, waits since 90\\.[0-9]+ s for time"));
}

TEST(TaskTree, NamesTheLockAndWhoHoldsIt) {
    Lock lock("database");
    const auto body = [&]() -> Task<std::string> {
        const auto wants = [](Lock& lock) -> Task<void> { auto guard = co_await lock.async_lock(); };
        Future<void> task;
        std::string text;
        {
            auto guard = co_await lock.async_lock();
            task = create_task(wants(lock), "second");
            co_await yield_now();
            text = format_tasks();
        }
        co_await task;
        co_return text;
    };
    EXPECT_THAT(run(body()),
                ContainsRegex("second .* for lock 'database' .*, taken at .*task_tree_test.cpp:[0-9]+ by "));
}

TEST(TaskTree, ShowsTheTasksOfLoopsInOtherThreads) {
    LoopThread background("background");
    Queue<int> queue;
    const auto consume = [](Queue<int>& queue) -> Task<void> { (void)co_await queue.async_get(); };
    auto task = background.submit(consume(queue), "consumer");
    const std::string text = tasks_with("for an item of a queue");
    EXPECT_THAT(text, HasSubstr("of thread 'background', 1 task\n"));
    EXPECT_THAT(text, ContainsRegex("consumer .*, waits since .* for an item of a queue"));
    queue.put(1);
    task.result_for(10s);
}

TEST(TaskTree, SaysWhichLoopIsHeldUp) {
    LoopThread background("busy");
    Event begun, go_on;
    background.loop().call_soon_threadsafe([&] {
        begun.set();
        go_on.wait();
    });
    begun.wait();
    EXPECT_THAT(format_tasks(), HasSubstr("of thread 'busy': no answer"));
    go_on.set();
}

TEST(TaskTree, ShowsWhatThreadsWaitFor) {
    Lock lock("printer");
    lock.lock();
    ThreadOptions options;
    options.name = "waiter";
    Thread waiter(options, [&] {
        lock.lock();
        lock.unlock();
    });
    const std::string text = tasks_with("waits for lock 'printer'");
    EXPECT_THAT(text, ContainsRegex("\n  waiter .*native id [0-9]+\n    thread 'waiter' .*waits for lock 'printer'"));
    lock.unlock();
    waiter.join();
}

TEST(TaskTree, KnowsALoopThatDoesNotRun) {
    EventLoop loop;
    EXPECT_THAT(format_tasks(), HasSubstr("that does not run\n"));
}

TEST(TaskTreeDeathTest, IsPrintedOnASignal) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto main = [] {
        print_tasks_on_signal(SIGQUIT);
        // What goes to stderr is read here, passed on, and waited for.
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const int real = ::dup(2);
        ::dup2(pipe[1], 2);
        Event printed;
        Thread reader([&] {
            char text[4096];
            const auto size = ::read(pipe[0], text, sizeof text);
            [[maybe_unused]] const auto written = ::write(real, text, static_cast<std::size_t>(size));
            printed.set();
        });
        const auto body = [&]() -> Task<void> {
            ::kill(::getpid(), SIGQUIT);
            co_await printed.async_wait();
        };
        run(body());
        reader.join();
        std::exit(0);
    };
    EXPECT_EXIT(main(), ::testing::ExitedWithCode(0), "main .*, waits since .* for an event");
}

TEST(TaskTree, RefusesASignalThatCannotBeCaught) { EXPECT_THROW(print_tasks_on_signal(SIGKILL), std::system_error); }

}  // namespace
}  // namespace hocket
