#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "child_process.hpp"
#include "hocket/aio.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/threading.hpp"

// Uses of the library by who is late: destructors of static and thread-local objects, of thread-specific data, and
// hooks that are called at the very end of a thread.
namespace hocket {
namespace {

using namespace std::chrono_literals;

bool listed(std::uint64_t id) {
    const auto all = threads();
    return std::any_of(all.begin(), all.end(), [id](const ThreadInfo& thread) { return thread.id == id; });
}

Task<int> two_coroutines() {
    auto inner = []() -> Task<int> { co_return 5; };
    const int five = co_await inner();
    co_return five + 1;
}

// What a late user sees, in words. Uses a lock (with contention, so that it is waited for), a Local, a ContextVar, the
// list of threads, an event loop with its coroutines.
std::string use_everything() {
    static auto& lock = *new Lock;
    static auto& local = *new Local<std::string>([] { return std::string("made"); });
    static auto& variable = *new ContextVar<int>("variable", 1);
    Event locked;
    Thread other([&] {
        const std::scoped_lock guard(lock);
        locked.set();
        this_thread::sleep_for(1ms);  // the caller blocks meanwhile, or comes later and does not
    });
    locked.wait();
    std::string seen;
    {
        const std::scoped_lock guard(lock);
        seen = *local;
    }
    *local += " again";
    seen += ", " + *local + ", " + std::to_string(variable.get());
    variable.set(2);
    seen += ", " + std::to_string(variable.get()) + ", " + std::to_string(run(two_coroutines()));
    seen += listed(this_thread::id()) ? ", listed" : ", not listed";
    other.join();
    return seen;
}
constexpr const char* kEverything = "made, made again, 1, 2, 6, listed";

struct UsesAtItsEnd {
    explicit UsesAtItsEnd(const char* name) : name(name) {}
    ~UsesAtItsEnd() { std::fprintf(stderr, "%s: %s\n", name, use_everything().c_str()); }
    const char* name;
};

// Not a test: the program that the test below runs.
TEST(LateUseProgram, DISABLED_UsesTheLibraryInDestructors) {
    static UsesAtItsEnd at_exit("static object");
    thread_local UsesAtItsEnd in_main("thread-local object");
    (void)in_main;
    std::thread([] {
        thread_local UsesAtItsEnd before_all_else("thread-local object of a thread");
        (void)before_all_else;
    }).join();
    EXPECT_EQ(use_everything(), kEverything);
    std::exit(7);
}

TEST(LateUse, OfEverythingByDestructorsOfStaticAndThreadLocalObjects) {
    testing::ChildProcess program(
        testing::ChildProcess::disabled_test("LateUseProgram.DISABLED_UsesTheLibraryInDestructors"));
    ASSERT_TRUE(program.wait_for(30s)) << program.output << program.errors;
    EXPECT_EQ(program.status(), 7) << program.output << program.errors;
    // What the main thread set goes with its thread-local objects, of which `in_main` is older than the library's.
    const std::string everything = std::string(": ") + kEverything + "\n";
    EXPECT_EQ(program.errors, "thread-local object of a thread" + everything + "thread-local object" + everything +
                                  "static object: made again, made again again, 2, 2, 6, listed\n");
}

TEST(LateUse, AThreadIsTheSameToItsThreadLocalObjects) {
    std::string name_before, name_after;
    std::uint64_t before = 0, after = 0;
    Thread({.name = "singer"}, [&] {
        struct AtEnd {
            ~AtEnd() {
                *id = this_thread::id();
                *name = this_thread::name();
            }
            std::uint64_t* id;
            std::string* name;
        };
        thread_local AtEnd at_end{&after, &name_after};
        before = this_thread::id();
        name_before = this_thread::name();
    }).join();
    EXPECT_EQ(name_before, "singer");
    EXPECT_EQ(name_after, "singer");
    EXPECT_EQ(before, after);
}

TEST(LateUse, TheHookOfADaemonsLostExceptionSeesItsName) {
    std::string name;
    std::uint64_t id = 0, late_id = 0;
    Event reported;
    const ReportHook before = set_report_hook([&](ReportKind, std::string_view) {
        name = this_thread::name();
        late_id = this_thread::id();
        reported.set();
    });
    {
        Event let_go;
        Thread daemon({.name = "soloist", .daemon = true}, [&] {
            id = this_thread::id();
            let_go.wait();
            throw std::runtime_error("out of tune");
        });
        daemon = Thread();
        let_go.set();
        EXPECT_TRUE(reported.wait_for(10s));
    }
    set_report_hook(before);
    EXPECT_EQ(name, "soloist");
    EXPECT_EQ(late_id, id);
    EXPECT_FALSE(listed(id));
}

std::string use_a_lock() {
    Lock lock;
    const std::scoped_lock guard(lock);
    return listed(this_thread::id()) ? "listed" : "not listed";
}

// Thread-specific data of the user, whose destructors may run when the library has ended what it had of the thread, or
// be the first to use it there.
TEST(LateUse, ByTheDestructorOfThreadSpecificData) {
    using Use = std::string (*)();
    static std::vector<std::string> seen;
    static std::vector<std::uint64_t> ids;
    seen.clear();
    ids.clear();
    pthread_key_t key{};
    ASSERT_EQ(::pthread_key_create(&key,
                                   [](void* use) {
                                       seen.push_back((*static_cast<Use*>(use))());
                                       ids.push_back(this_thread::id());
                                   }),
              0);
    Use lock = use_a_lock, everything = use_everything;
    const auto use_and_set_key = [&] {
        EXPECT_EQ(use_everything(), kEverything);
        EXPECT_EQ(::pthread_setspecific(key, &everything), 0);
    };
    std::thread([&] { EXPECT_EQ(::pthread_setspecific(key, &lock), 0); }).join();
    std::thread(use_and_set_key).join();
    Thread(use_and_set_key).join();
    EXPECT_THAT(seen, ::testing::ElementsAre("listed", kEverything, kEverything));
    for (const std::uint64_t id : ids) EXPECT_FALSE(listed(id));
    ::pthread_key_delete(key);
}

}  // namespace
}  // namespace hocket
