#include "hocket/aio/to_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/loop_thread.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/futures/thread_pool.hpp"
#include "hocket/sync/barrier.hpp"
#include "hocket/sync/event.hpp"
#include "hocket/threading/this_thread.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(ToThread, CallsTheFunctionElsewhereAndGivesItsResult) {
    const auto body = []() -> Task<void> {
        const auto here = std::this_thread::get_id();
        const auto get_id = [] { return std::this_thread::get_id(); };
        EXPECT_NE(co_await to_thread(get_id), here);
        EXPECT_EQ(std::this_thread::get_id(), here);
        const auto length = [](const std::string& text) { return text.size(); };
        EXPECT_EQ(co_await to_thread(length, std::string("four")), 4u);
    };
    run(body());
}

TEST(ToThread, RunsBlockingFunctionsBesideEachOtherAndTheLoop) {
    const auto body = []() -> Task<void> {
        Barrier barrier(2);
        const auto meet = [&barrier] { barrier.wait(); };
        co_await gather(to_thread(meet), to_thread(meet));
    };
    run(body());
}

TEST(ToThread, DeliversExceptions) {
    const auto body = []() -> Task<void> {
        const auto fails = [] { throw std::runtime_error("failed"); };
        co_await to_thread(fails);
    };
    EXPECT_THROW(run(body()), std::runtime_error);
}

TEST(ToThread, CarriesContextVariables) {
    static ContextVar<int> request(0);
    const auto body = []() -> Task<void> {
        request.set(5);
        const auto read = [] { return request.get(); };
        EXPECT_EQ(co_await to_thread(read), 5);
    };
    run(body());
}

TEST(ToThread, CancelsABlockingCallOfTheLibrary) {
    const auto body = []() -> Task<void> {
        Event never;
        const auto waits = [&never] { never.wait(); };
        co_await timeout(10ms, to_thread(waits));
    };
    EXPECT_THROW(run(body()), TimeoutError);
}

TEST(ToThread, UsesTheExecutorThatTheLoopWasGiven) {
    EventLoop loop;
    ThreadPoolOptions options;
    options.name = "mine";
    options.max_workers = 1;
    loop.set_default_executor(std::make_shared<ThreadPool>(options));
    const auto name = [] { return this_thread::name(); };
    EXPECT_EQ(loop.run_until_complete(to_thread(name)), "mine-0");
    loop.set_default_executor(nullptr);
    EXPECT_EQ(loop.run_until_complete(to_thread(name)), "to_thread-0");
}

TEST(ToThread, TheLoopAwaitsTheJobsOfItsExecutorWhenItCloses) {
    std::atomic<bool> ended = false;
    Event begun;
    {
        EventLoop loop;
        (void)loop.default_executor().submit([&] {
            begun.wait();
            ended = true;
        });
        begun.set();
    }
    EXPECT_TRUE(ended);
}

TEST(ToThread, IsRefusedByAClosedLoop) {
    EventLoop loop;
    loop.close();
    EXPECT_THROW((void)loop.default_executor(), InvalidStateError);
    const auto nothing = []() -> Task<void> { co_return; };
    EXPECT_THROW(loop.run_until_complete(nothing()), InvalidStateError);
}

TEST(ToThread, AJobThatHandsWorkToTheClosingLoopIsNotLeftWaiting) {
    Event begun, go_on;
    Future<void> job;
    {
        EventLoop loop;
        job = loop.default_executor().submit([&] {
            begun.set();
            go_on.wait();
            const auto nothing = []() -> Task<void> { co_return; };
            run_coroutine_threadsafe(nothing(), loop).result();
        });
        begun.wait();
        go_on.set();
    }
    // Refused, or accepted and then cancelled: nobody runs the loop.
    EXPECT_NE(job.exception(), nullptr);
}

}  // namespace
}  // namespace hocket
