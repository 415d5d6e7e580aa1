// Jobs that wait for an answer and then compute on it. Tasks of one loop share the waiting, but one thread computes;
// threads share both, and so do processes, which cost more to start; tasks that hand the computing to a pool share both
// as well, with a few threads only.
//
//     mixed_work [JOBS [MILLISECONDS_OF_WAITING [MILLISECONDS_OF_COMPUTING]]]
#include <hocket/aio.hpp>
#include <hocket/futures.hpp>
#include <hocket/process.hpp>
#include <hocket/threading.hpp>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <set>
#include <thread>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using Milliseconds = std::chrono::milliseconds;

// How many are in it, and the most that have been.
class Crowd {
public:
    class Member {
    public:
        explicit Member(Crowd& crowd) : crowd_(crowd) {
            const int now = ++crowd_.now_;
            for (int most = crowd_.most_; most < now && !crowd_.most_.compare_exchange_weak(most, now);) {
            }
        }
        Member(const Member&) = delete;
        Member& operator=(const Member&) = delete;
        ~Member() { --crowd_.now_; }

    private:
        Crowd& crowd_;
    };
    int most() { return most_.exchange(0); }

private:
    std::atomic<int> now_{0};
    std::atomic<int> most_{0};
};

Crowd waiting, computing;
int jobs = 16;
Milliseconds wait_time(20);
Milliseconds compute_time(5);

std::chrono::nanoseconds processor_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Uses the processor for that long, however many others do.
void compute() {
    const Crowd::Member member(computing);
    const auto end = processor_time() + compute_time;
    while (processor_time() < end) {
    }
}

void wait_in_thread() {
    const Crowd::Member member(waiting);
    hk::this_thread::sleep_for(wait_time);
}
hk::Task<void> wait_in_task() {
    const Crowd::Member member(waiting);
    co_await hk::sleep(wait_time);
}

// ---- the methods

void in_threads() {
    hk::ThreadPool pool(static_cast<std::size_t>(jobs));
    for (int i = 0; i < jobs; ++i) {
        (void)pool.submit([] {
            wait_in_thread();
            compute();
        });
    }
}

hk::Task<void> wait_and_compute() {
    co_await wait_in_task();
    compute();  // nobody else's wait ends meanwhile
}
hk::Task<void> wait_and_have_computed(hk::Executor& pool) {
    co_await wait_in_task();
    co_await hk::run_in_executor(pool, compute);
}

hk::Task<void> as_tasks() {
    std::vector<hk::Task<void>> all;
    for (int i = 0; i < jobs; ++i) all.push_back(wait_and_compute());
    co_await hk::gather(std::move(all));
}
hk::Task<void> as_tasks_with_a_pool() {
    hk::ThreadPool pool(std::max(2U, std::thread::hardware_concurrency()));
    std::vector<hk::Task<void>> all;
    for (int i = 0; i < jobs; ++i) all.push_back(wait_and_have_computed(pool));
    co_await hk::gather(std::move(all));
}

// In another process, which has this program's functions but not what it has put into variables. Gives its number.
int wait_and_compute_elsewhere(int waiting_ms, int computing_ms) {
    wait_time = Milliseconds(waiting_ms);
    compute_time = Milliseconds(computing_ms);
    wait_in_thread();
    compute();
    return ::getpid();
}

void in_processes() {
    const auto begin = std::chrono::steady_clock::now();
    std::set<int> processes;
    {
        hk::ProcessPool pool(static_cast<std::size_t>(std::min(jobs, 16)));
        std::vector<hk::Future<int>> results;
        for (int i = 0; i < jobs; ++i) {
            results.push_back(pool.submit(wait_and_compute_elsewhere, static_cast<int>(wait_time.count()),
                                          static_cast<int>(compute_time.count())));
        }
        for (const auto& process : results) processes.insert(process.result());
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::printf("processes: %.3f s, by %zu of them\n", taken.count(), processes.size());
    std::fflush(stdout);
}

template <class Method>
void measure(const char* name, Method method) {
    const auto begin = std::chrono::steady_clock::now();
    method();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::printf("%s: %.3f s, at most %d waited and %d computed at the same time\n", name, taken.count(), waiting.most(),
                computing.most());
    std::fflush(stdout);
}

int main(int argc, char** argv) {
    hk::init(argc, argv);  // before there are threads: what processes are made from
    Arguments arguments(argc, argv, "mixed_work [JOBS [MILLISECONDS_OF_WAITING [MILLISECONDS_OF_COMPUTING]]]");
    jobs = arguments.number("JOBS", jobs, 1, 10'000);
    wait_time = Milliseconds(arguments.number("MILLISECONDS_OF_WAITING", 20, 0, 60'000));
    compute_time = Milliseconds(arguments.number("MILLISECONDS_OF_COMPUTING", 5, 0, 60'000));
    arguments.end();
    measure("tasks", [] { hk::run(as_tasks()); });
    measure("threads", in_threads);
    in_processes();
    measure("tasks and a pool", [] { hk::run(as_tasks_with_a_pool()); });
}
