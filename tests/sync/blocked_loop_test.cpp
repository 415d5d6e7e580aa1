// A call that blocks the thread of an event loop is reported in debug mode, with its place, when it really blocks.
#include <gtest/gtest.h>

#include <string>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"
#include "report_capture.hpp"
#include "sync/debug_mode.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using BlockedLoopTest = test::DebugModeTest;

std::string here(int line) { return "blocked_loop_test.cpp:" + std::to_string(line); }

// Whether `call` in a task leads to one report that names this file and `line`.
template <class Call>
bool is_reported(Call call, int line) {
    const test::ReportCapture capture;
    const auto main = [&]() -> Task<void> {
        call();
        co_return;
    };
    run(main());
    return capture.count() == 1 && capture.kind(0) == ReportKind::blocked_loop &&
           capture.text().find(here(line)) != std::string::npos;
}
// Whether it leads to none.
template <class Call>
bool is_fine(Call call) {
    const test::ReportCapture capture;
    const auto main = [&]() -> Task<void> {
        call();
        co_return;
    };
    run(main());
    return capture.count() == 0;
}

bool each_is_reported() {
    Event event;
    Semaphore semaphore(0);
    Barrier barrier(2);
    Lock lock;
    Condition condition;
    Event taken, done;
    Thread holder([&] {
        std::scoped_lock guard(lock);
        taken.set();
        done.wait();
    });
    taken.wait();
    const auto waits_for_event = [&] { (void)event.wait_for(1ms); };
    bool right = is_reported(waits_for_event, __LINE__ - 1);
    const auto waits_for_permit = [&] { (void)semaphore.try_acquire_for(1ms); };
    right = is_reported(waits_for_permit, __LINE__ - 1) && right;
    const auto waits_for_lock = [&] { (void)lock.try_lock_for(1ms); };
    right = is_reported(waits_for_lock, __LINE__ - 1) && right;
    const auto waits_for_others = [&] { EXPECT_THROW((void)barrier.wait_for(1ms), BrokenBarrierError); };
    right = is_reported(waits_for_others, __LINE__ - 1) && right;
    const auto waits_for_notification = [&] {
        std::unique_lock guard(condition);
        (void)condition.wait_for(guard, 1ms);
    };
    right = is_reported(waits_for_notification, __LINE__ - 2) && right;
    const auto joins = [&] { (void)holder.join_for(1ms); };
    right = is_reported(joins, __LINE__ - 1) && right;
    Queue<int> items(1);
    const auto waits_for_item = [&] { (void)items.get_for(1ms); };
    right = is_reported(waits_for_item, __LINE__ - 1) && right;
    items.put(1);
    const auto waits_for_room = [&] { (void)items.put_for(2, 1ms); };
    right = is_reported(waits_for_room, __LINE__ - 1) && right;
    const auto waits_for_others_to_be_done = [&] { (void)items.join_for(1ms); };
    right = is_reported(waits_for_others_to_be_done, __LINE__ - 1) && right;
    const auto sleeps = [&] { this_thread::sleep_for(1ms); };
    right = is_reported(sleeps, __LINE__ - 1) && right;
    PeriodicTimer ticks(20ms);
    const auto waits_for_tick = [&] { (void)ticks.wait_for_tick(); };
    right = is_reported(waits_for_tick, __LINE__ - 1) && right;
    done.set();
    holder.join();
    return right;
}

TEST_F(BlockedLoopTest, EachPrimitiveIsReportedWhereItBlocks) {
    EXPECT_EXIT(test::in_debug_mode(each_is_reported), testing::ExitedWithCode(0), "");
}

bool nothing_is_reported() {
    Event set;
    set.set();
    Semaphore semaphore(1);
    Lock lock;
    bool right = is_fine([&] { set.wait(); });
    right = is_fine([&] { semaphore.acquire(); }) && right;
    right = is_fine([&] { std::scoped_lock guard(lock); }) && right;
    right = is_fine([&] { (void)semaphore.try_acquire(); }) && right;
    Queue<int> items;
    right = is_fine([&] { items.put(1); }) && right;
    right = is_fine([&] { (void)items.get(); }) && right;
    const test::ReportCapture capture;
    Event never;
    (void)never.wait_for(1ms);  // no loop runs here
    return right && capture.count() == 0;
}

TEST_F(BlockedLoopTest, WhatDoesNotBlockOrBlocksAnotherThreadIsFine) {
    EXPECT_EXIT(test::in_debug_mode(nothing_is_reported), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace hocket
