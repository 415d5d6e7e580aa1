// The tests of the part begin with init(), as every program with other processes does. Some of them start this program
// once more, to see it from outside; it does then what its first argument says.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/process.hpp"
#include "hocket/threading.hpp"

namespace {

int without_init() {
    try {
        hocket::ProcessPool pool(1);
    } catch (const hocket::InvalidStateError& error) {
        std::puts(error.what());
        return 0;
    }
    return 1;
}

int late_init(int argc, char** argv) {
    hocket::Event event;
    hocket::Thread other([&] { event.wait(); });
    int code = 1;
    try {
        hocket::init(argc, argv);
    } catch (const hocket::InvalidStateError& error) {
        std::puts(error.what());
        code = 0;
    }
    event.set();
    other.join();
    return code;
}

// A copy of this process that holds all that it has open, waits for its end, and then has a process started.
void fork_a_copy() {
    const pid_t original = ::getpid();
    std::fflush(stdout);
    const pid_t copy = ::fork();
    if (copy != 0) {
        std::printf("%d\n", copy);
        return;
    }
    while (::getppid() == original) ::usleep(1000);
    hocket::Process process([] {
        for (;;) ::pause();
    });
    std::printf("%d\n", process.pid());
    std::fflush(stdout);
    for (;;) ::pause();
}

// Ends before a process that it has forked and that has processes of its own.
int leaves_a_copy() {
    hocket::Process([] {}).join();
    fork_a_copy();
    return 0;
}

// Has workers that never end, says who they are, and waits to be killed.
int to_be_killed(bool with_a_copy) {
    hocket::ProcessPool pool(2);
    std::vector<hocket::Future<void>> jobs;
    for (int i = 0; i < 4; ++i) {
        jobs.push_back(pool.submit([] {
            for (;;) ::pause();
        }));
    }
    while (pool.statistics().workers < 2) ::usleep(1000);
    for (const int pid : pool.worker_pids()) std::printf("%d\n", pid);
    if (with_a_copy) fork_a_copy();
    std::fflush(stdout);
    for (;;) ::pause();
}

std::string twice(const std::string& text) { return text + text; }

// Has jobs of all sizes under way all the time, by workers that are replaced after a few.
int works_until_killed() {
    hocket::ProcessPool pool({.max_workers = 2, .max_tasks_per_child = 20});
    std::printf("%d\n", pool.submit([] { return static_cast<int>(::getppid()); }).result());
    std::fflush(stdout);
    for (;;) {
        std::vector<hocket::Future<std::string>> jobs;
        for (int i = 0; i < 10; ++i) {
            for (const std::size_t size : {10u, 2'000u, 50'000u})
                jobs.push_back(pool.submit(twice, std::string(size, 'x')));
        }
        for (const auto& job : jobs) (void)job.result();
        std::puts("done");
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "--without-init") return without_init();
    if (mode == "--late-init") return late_init(argc, argv);
    hocket::init(argc, argv);
    hocket::init(argc, argv);  // does nothing
    if (mode == "--to-be-killed") return to_be_killed(false);
    if (mode == "--to-be-killed-with-a-copy") return to_be_killed(true);
    if (mode == "--leaves-a-copy") return leaves_a_copy();
    if (mode == "--works-until-killed") return works_until_killed();
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
