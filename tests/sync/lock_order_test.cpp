// The order of locks, checked in debug mode.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"
#include "report_capture.hpp"
#include "sync/debug_mode.hpp"

namespace hocket {
namespace {

using test::in_debug_mode;
using LockOrderTest = test::DebugModeTest;

void take_both(Lock& first, Lock& second) {
    first.lock();
    second.lock();
    second.unlock();
    first.unlock();
}

TEST_F(LockOrderTest, AnInversionIsReportedOnceWithBothPlaces) {
    EXPECT_EXIT(in_debug_mode([] {
                    test::ReportCapture capture;
                    Lock a("a"), b("b");
                    take_both(a, b);
                    take_both(a, b);
                    if (capture.count() != 0) return false;
                    for (int i = 0; i < 2; ++i) std::thread([&] { take_both(b, a); }).join();
                    const std::string text = capture.text();
                    return capture.count() == 1 && capture.kind(0) == ReportKind::lock_order &&
                           text.find("'a'") != text.npos && text.find("'b'") != text.npos &&
                           text.find("lock_order_test.cpp") != text.rfind("lock_order_test.cpp");
                }),
                testing::ExitedWithCode(0), "");
}

TEST_F(LockOrderTest, TasksAreCheckedAndTryLockIsNot) {
    EXPECT_EXIT(in_debug_mode([] {
                    test::ReportCapture capture;
                    Lock a, b;
                    RLock c;
                    take_both(a, b);
                    b.lock();
                    if (!a.try_lock()) return false;
                    a.unlock();
                    b.unlock();
                    c.lock();
                    c.lock();  // again: no order
                    c.unlock();
                    c.unlock();
                    if (capture.count() != 0) return false;
                    run([](Lock& a, Lock& b) -> Task<void> {
                        auto second = co_await b.async_lock();
                        auto first = co_await a.async_lock();
                    }(a, b));
                    return capture.count() == 1;
                }),
                testing::ExitedWithCode(0), "");
}

TEST_F(LockOrderTest, ADestroyedLockIsForgotten) {
    EXPECT_EXIT(in_debug_mode([] {
                    test::ReportCapture capture;
                    Lock a;
                    alignas(Lock) unsigned char room[sizeof(Lock)];
                    auto* b = new (room) Lock;
                    take_both(a, *b);
                    b->~Lock();
                    b = new (room) Lock;
                    take_both(*b, a);
                    b->~Lock();
                    return capture.count() == 0;
                }),
                testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace hocket
