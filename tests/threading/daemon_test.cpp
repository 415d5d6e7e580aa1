#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>

#include "child_process.hpp"
#include "hocket/threading.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// Not a test: the program that the test below runs. It exits while daemons use the library.
TEST(DaemonProgram, DISABLED_ExitsWhileDaemonsWork) {
    static Lock lock;
    static Event never;
    Event all_work;
    static std::atomic<int> working{0};
    for (int i = 0; i < 4; ++i) {
        Thread({.name = "daemon", .daemon = true}, [&all_work] {
            for (bool first = true;; first = false) {
                {
                    std::scoped_lock guard(lock);
                    (void)never.wait_for(10us);
                }
                (void)threads();
                if (first && ++working == 4) all_work.set();
            }
        });
    }
    static Thread sleeper({.name = "sleeper", .daemon = true}, [] { this_thread::sleep_for(24h); });
    all_work.wait();
    std::exit(7);
}

TEST(Daemon, DoesNotHoldBackTheExitNorTouchDestroyedState) {
    testing::ChildProcess program(testing::ChildProcess::disabled_test("DaemonProgram.DISABLED_ExitsWhileDaemonsWork"));
    ASSERT_TRUE(program.wait_for(30s)) << program.output << program.errors;
    EXPECT_EQ(program.status(), 7) << program.output << program.errors;
    EXPECT_EQ(program.errors, "");
}

TEST(Daemon, IsLetGoByItsHandle) {
    Event may_end, ended;
    {
        Thread thread({.daemon = true}, [&] { may_end.wait(), ended.set(); });
    }
    EXPECT_FALSE(ended.is_set());
    may_end.set();
    EXPECT_TRUE(ended.wait_for(10s));
}

}  // namespace
}  // namespace hocket
