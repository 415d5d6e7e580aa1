#include "hocket/threading/thread.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/sync/event.hpp"
#include "hocket/sync/lock.hpp"
#include "hocket/threading/cancel_shield.hpp"
#include "hocket/threading/this_thread.hpp"
#include "report_capture.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(Thread, PassesArgumentsAsStdThreadDoes) {
    int by_reference = 0;
    int by_pointer = 0;
    Thread thread(
        [](int& changed, std::unique_ptr<int> moved, std::string text, int* pointer) {
            changed = *moved;
            *pointer = static_cast<int>(text.size());
        },
        std::ref(by_reference), std::make_unique<int>(5), "four", &by_pointer);
    thread.join();
    EXPECT_EQ(by_reference, 5);
    EXPECT_EQ(by_pointer, 4);
}

TEST(Thread, CallsMemberFunctions) {
    struct Counter {
        void add(int n) { value += n; }
        int value = 0;
    } counter;
    Thread(&Counter::add, &counter, 3).join();
    EXPECT_EQ(counter.value, 3);
}

TEST(Thread, ShowsItsNameInProc) {
    Event done;
    Thread thread({.name = "a-name-of-more-than-15-bytes"}, [&] { done.wait(); });
    EXPECT_EQ(thread.name(), "a-name-of-more-than-15-bytes");
    std::ifstream file("/proc/self/task/" + std::to_string(thread.native_id()) + "/comm");
    std::string comm;
    std::getline(file, comm);
    EXPECT_EQ(comm, "a-name-of-more-");
    done.set();
    thread.join();
}

TEST(Thread, IsAliveUntilItHasEnded) {
    Event may_end;
    Thread thread([&] { may_end.wait(); });
    EXPECT_TRUE(thread.is_alive());
    EXPECT_FALSE(thread.join_for(1ms));
    may_end.set();
    EXPECT_TRUE(thread.join_for(10s));
    EXPECT_FALSE(thread.is_alive());
}

TEST(Thread, ListsLiveThreads) {
    Event may_end;
    Thread thread({.name = "listed"}, [&] { may_end.wait(); });
    const auto mine = [&](const ThreadInfo& info) { return info.id == thread.id(); };
    const auto before = threads();
    const auto found = std::find_if(before.begin(), before.end(), mine);
    ASSERT_NE(found, before.end());
    EXPECT_EQ(found->name, "listed");
    EXPECT_EQ(found->native_id, thread.native_id());
    EXPECT_FALSE(found->daemon);
    may_end.set();
    thread.join();
    const auto after = threads();
    EXPECT_EQ(std::find_if(after.begin(), after.end(), mine), after.end());
}

TEST(Thread, KnowsItself) {
    std::uint64_t id = 0;
    pid_t native_id = 0;
    std::string name;
    Thread thread({.name = "self"}, [&] {
        id = this_thread::id();
        native_id = this_thread::native_id();
        name = this_thread::name();
    });
    thread.join();
    EXPECT_EQ(id, thread.id());
    EXPECT_EQ(native_id, thread.native_id());
    EXPECT_EQ(name, "self");
}

// What the child of a fork() has is the thread that called it, under an id of its own.
TEST(ThisThread, GoesOnAloneInTheChildOfAFork) {
    Event may_end;
    Thread other([&] { may_end.wait(); });
    const std::uint64_t id = this_thread::id();
    const pid_t child = ::fork();
    if (child == 0) {
        const bool known = this_thread::id() == id && this_thread::native_id() == ::getpid();
        const std::vector<ThreadInfo> all = threads();
        ::_exit(known && all.size() == 1 && all.front().native_id == ::getpid() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(this_thread::native_id(), ::getpid());
    EXPECT_GE(threads().size(), 2u);
    may_end.set();
}

TEST(Thread, RefusesATooSmallStackInWords) {
    try {
        Thread thread({.name = "tiny", .stack_size = 100}, [] {});
        FAIL() << "no exception";
    } catch (const std::invalid_argument& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find("'tiny'"), std::string::npos) << text;
        EXPECT_NE(text.find("100 bytes"), std::string::npos) << text;
        EXPECT_NE(text.find("at least"), std::string::npos) << text;
    }
}

TEST(Thread, HasAStackOfTheSizeAskedFor) {
    std::size_t size = 0;
    Thread({.stack_size = 1024 * 1024}, [&] {
        pthread_attr_t attributes;
        ASSERT_EQ(::pthread_getattr_np(::pthread_self(), &attributes), 0);
        ::pthread_attr_getstacksize(&attributes, &size);
        ::pthread_attr_destroy(&attributes);
    }).join();
    EXPECT_GE(size, 1024u * 1024);
    EXPECT_LT(size, 8u * 1024 * 1024);  // the default; the C library may reuse a stack four times as big
}

TEST(Thread, JoinThrowsWhatTheThreadThrewAndReportsNothing) {
    const test::ReportCapture reports;
    {
        Thread thread([] { throw std::runtime_error("out of the thread"); });
        EXPECT_THROW(thread.join(), std::runtime_error);
    }
    EXPECT_EQ(reports.count(), 0u);
}

TEST(Thread, ReportsAnExceptionNobodyJoinedForOnce) {
    const test::ReportCapture reports;
    {
        Thread thread({.name = "loser"}, [] { throw std::runtime_error("lost"); });
    }
    ASSERT_EQ(reports.count(), 1u);
    EXPECT_EQ(reports.kind(0), ReportKind::lost_exception);
    EXPECT_NE(reports.text().find("'loser'"), std::string::npos) << reports.text();
    EXPECT_NE(reports.text().find("lost"), std::string::npos) << reports.text();
}

TEST(Thread, ItsDestructorCancelsItWithoutAReport) {
    const test::ReportCapture reports;
    Event never;
    bool cancelled = false;
    {
        Thread thread([&] {
            try {
                never.wait();
            } catch (const CancelledError&) {
                cancelled = true;
                throw;
            }
        });
    }
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(reports.count(), 0u);
}

TEST(Thread, ReportsACancelledErrorThatWasNotItsOwn) {
    const test::ReportCapture reports;
    {
        Thread thread([] { throw CancelledError("of something else"); });
        while (thread.is_alive()) this_thread::yield();
    }
    EXPECT_EQ(reports.count(), 1u);
}

TEST(Thread, CancelCarriesItsReasonAndComesBack) {
    Event never;
    std::vector<std::string> reasons;
    Thread thread([&] {
        for (int i = 0; i < 3; ++i) {
            try {
                never.wait();
            } catch (const CancelledError& error) {
                reasons.push_back(error.reason());
            }
        }
        this_thread::check_cancelled();
    });
    thread.cancel("enough");
    thread.cancel("another reason");
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_EQ(reasons, (std::vector<std::string>{"enough", "enough", "enough"}));
}

TEST(Thread, CleansUpInAShield) {
    Event never, clean_up_may_go_on, cleaning_up;
    bool cleaned_up = false;
    Thread thread([&] {
        try {
            never.wait();
        } catch (const CancelledError&) {
            const CancelShield shield;
            this_thread::check_cancelled();
            cleaning_up.set();
            clean_up_may_go_on.wait();
            cleaned_up = true;
        }
        never.wait();
    });
    thread.cancel();
    cleaning_up.wait();
    clean_up_may_go_on.set();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_TRUE(cleaned_up);
}

TEST(Thread, CancelEndsASleep) {
    const auto start = std::chrono::steady_clock::now();
    Thread thread([] { this_thread::sleep_for(1h); });
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1min);
}

TEST(Thread, SleepsForAtLeastTheTime) {
    const auto start = std::chrono::steady_clock::now();
    this_thread::sleep_for(3ms);
    this_thread::sleep_until(start + 6ms);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 6ms);
}

TEST(Thread, JoiningOneselfIsADeadlockError) {
    Thread thread;
    Event assigned;
    std::string text;
    thread = Thread({.name = "narcissus"}, [&] {
        assigned.wait();
        try {
            thread.join();
        } catch (const DeadlockError& error) {
            text = error.what();
        }
    });
    assigned.set();
    thread.join();
    EXPECT_NE(text.find("narcissus"), std::string::npos) << text;
}

TEST(Thread, JoiningInACircleWithALockIsADeadlockError) {
    Lock lock("shared");
    std::unique_lock guard(lock);
    Event waiting;
    bool deadlock = false;
    Thread thread([&] {
        waiting.set();
        std::scoped_lock mine(lock);  // held by who joins this thread
    });
    waiting.wait();
    // Which of the two closes the circle depends on who comes first.
    try {
        thread.join();
    } catch (const DeadlockError&) {
        deadlock = true;
    }
    guard.unlock();
    if (thread.is_alive()) thread.join();
    EXPECT_TRUE(deadlock);
}

TEST(Thread, ACancelledJoinLeavesTheThreadRunning) {
    Event may_end;
    Thread slow([&] { may_end.wait(); });
    Thread joiner([&] { slow.join(); });
    joiner.cancel();
    EXPECT_THROW(joiner.join(), CancelledError);
    EXPECT_TRUE(slow.is_alive());
    may_end.set();
    slow.join();
}

struct TellsItsEnd {
    ~TellsItsEnd() { *flag = true; }
    bool* flag = nullptr;
};

TEST(Thread, WhoJoinsFindsThreadLocalsDestroyed) {
    bool destroyed = false;
    Thread([&] {
        thread_local TellsItsEnd local;
        local.flag = &destroyed;
    }).join();
    EXPECT_TRUE(destroyed);
}

TEST(Thread, EndsByPthreadExitToo) {
    Thread thread([] { ::pthread_exit(nullptr); });
    EXPECT_NO_THROW(thread.join());
}

TEST(Thread, AHandleWithoutAThreadSaysSo) {
    Thread thread;
    EXPECT_FALSE(thread);
    EXPECT_FALSE(thread.is_alive());
    EXPECT_THROW(thread.join(), InvalidStateError);
}

TEST(Thread, MovesIntoContainers) {
    std::vector<Thread> all;
    std::vector<int> results(8);
    for (std::size_t i = 0; i < results.size(); ++i) all.emplace_back([&, i] { results[i] = static_cast<int>(i); });
    for (Thread& thread : all) thread.join();
    EXPECT_EQ(std::accumulate(results.begin(), results.end(), 0), 28);
}

}  // namespace
}  // namespace hocket
