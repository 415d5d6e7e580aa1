// What a thread costs beside a task: to make and to end one, to keep one waiting, to switch from one to the other.
//
//     threads_or_tasks [THREADS [TASKS [SWITCHES]]]
#include <hocket/aio.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

double resident_kib() {
    long pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / 1024;
}

class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

void print(const char* what, double per_second, double kib, double switches) {
    std::printf("%s: %.0f made and ended a second, %.2f KiB each while waiting, %.0f switches a second\n", what,
                per_second, kib, switches);
    std::fflush(stdout);
}

// ---- threads

double threads_per_second(int count) {
    const Stopwatch time;
    for (int i = 0; i < count; ++i) hk::Thread([] {}).join();
    return count / time.seconds();
}

double kib_per_thread(int count) {
    hk::Event may_end;
    hk::Semaphore waiting(0);
    const double before = resident_kib();
    std::vector<hk::Thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            waiting.release();
            may_end.wait();
        });
    }
    for (int i = 0; i < count; ++i) waiting.acquire();
    const double kib = (resident_kib() - before) / count;
    may_end.set();
    for (hk::Thread& thread : threads) thread.join();
    return kib;
}

double thread_switches_per_second(int count) {
    hk::Semaphore mine(0), yours(0);
    hk::Thread other([&] {
        for (int i = 0; i < count / 2; ++i) {
            yours.acquire();
            mine.release();
        }
    });
    const Stopwatch time;
    for (int i = 0; i < count / 2; ++i) {
        yours.release();
        mine.acquire();
    }
    const double seconds = time.seconds();
    other.join();
    return count / seconds;
}

// ---- tasks

hk::Task<void> nothing() { co_return; }
hk::Task<void> wait_for(hk::Event& event) { co_await event.async_wait(); }

hk::Task<double> tasks_per_second(int count) {
    const Stopwatch time;
    for (int i = 0; i < count; ++i) co_await hk::create_task(nothing());
    co_return count / time.seconds();
}

hk::Task<double> kib_per_task(int count) {
    hk::Event may_end;
    const double before = resident_kib();
    std::vector<hk::Future<void>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(hk::create_task(wait_for(may_end)));
    co_await hk::yield_now();  // all of them wait
    const double kib = (resident_kib() - before) / count;
    may_end.set();
    for (hk::Future<void>& task : tasks) co_await std::move(task);
    co_return kib;
}

hk::Task<void> take_turns(hk::Semaphore& mine, hk::Semaphore& yours, int turns) {
    for (int i = 0; i < turns; ++i) {
        yours.release();
        co_await mine.async_acquire();
    }
    yours.release();
}

hk::Task<double> task_switches_per_second(int count) {
    hk::Semaphore mine(0), yours(0);
    const Stopwatch time;
    auto both = hk::gather(take_turns(mine, yours, count / 2), take_turns(yours, mine, count / 2));
    co_await std::move(both);
    co_return count / time.seconds();
}

hk::Task<void> measure_tasks(int count, int switches) {
    const double per_second = co_await tasks_per_second(count);
    const double kib = co_await kib_per_task(count);
    const double switched = co_await task_switches_per_second(switches);
    print("tasks", per_second, kib, switched);
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "threads_or_tasks [THREADS [TASKS [SWITCHES]]]");
    const int threads = arguments.number("THREADS", 300, 1, 30'000);
    const int tasks = arguments.number("TASKS", 20'000, 1, 10'000'000);
    const int switches = arguments.number("SWITCHES", 10'000, 2, 1'000'000'000);
    arguments.end();
    const double per_second = threads_per_second(threads);
    const double kib = kib_per_thread(threads);
    print("threads", per_second, kib, thread_switches_per_second(switches));
    hk::run(measure_tasks(tasks, switches));
}
