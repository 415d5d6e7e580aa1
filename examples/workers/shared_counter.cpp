// Values that several processes change: with the lock that comes with them, and what happens without.
//
//     shared_counter [TRIALS [INCREMENTS [SECONDS]]]
#include <hocket/process.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

// What is shared is an argument like any other: the other process gets a handle to the same memory.
void count_once(hk::SharedValue<int> value, hk::SharedArray<int> array) {
    std::scoped_lock guard(value.lock());
    ++*value;
    for (int& element : array) ++element;
}

// A load and a store, with the other process in between; as plain int it would be a data race, which C++ leaves
// undefined. They begin together.
void count_without_lock(hk::SharedValue<long> value, hk::SharedBarrier start, long times) {
    std::atomic_ref count(*value);
    start.wait();
    for (long i = 0; i < times; ++i) count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}
void count_with_lock(hk::SharedValue<long> value, hk::SharedBarrier start, long times) {
    start.wait();
    for (long i = 0; i < times; ++i) {
        std::scoped_lock guard(value.lock());
        ++*value;
    }
}

template <class Work, class... Arguments>
void in_processes(int count, Work work, const Arguments&... arguments) {
    std::vector<hk::Process> processes;
    for (int i = 0; i < count; ++i) processes.emplace_back(work, arguments...);
    for (hk::Process& process : processes) process.join();
}

// A pool's workers can also be given something once for all of their jobs.
std::optional<hk::SharedValue<int>> in_this_worker;
void remember(hk::SharedValue<int> counter) { in_this_worker = counter; }
void count_and_sleep(double seconds) {
    {
        std::scoped_lock guard(in_this_worker->lock());
        ++**in_this_worker;
    }
    hk::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "shared_counter [TRIALS [INCREMENTS [SECONDS]]]");
    const int trials = arguments.number("TRIALS", 100, 1, 1'000'000);
    const long increments = arguments.number("INCREMENTS", 100'000L, 1L, 1'000'000'000L);
    const double seconds = arguments.number("SECONDS", 2.0, 0.0, 3'600.0);
    arguments.end();

    int right = 0;
    for (int trial = 0; trial < trials; ++trial) {
        hk::SharedValue<int> value(0);
        hk::SharedArray<int> array(2);
        in_processes(10, &count_once, value, array);
        right += *value == 10 && array[0] == 10 && array[1] == 10;
    }
    std::cout << "ten processes with a lock: right in " << right << " of " << trials << " trials\n";

    const auto count_together = [&](auto work) {
        hk::SharedValue<long> count(0);
        in_processes(2, work, count, hk::SharedBarrier(2), increments);
        return *count;
    };
    long lowest = 2 * increments;
    right = 0;
    for (int trial = 0; trial < trials; ++trial) {
        const long count = count_together(&count_without_lock);
        right += count == 2 * increments;
        lowest = std::min(lowest, count);
    }
    std::cout << "two processes without a lock: right in " << right << " of " << trials << " trials; the lowest is "
              << lowest << " of " << 2 * increments << '\n'
              << "two processes with a lock: " << count_together(&count_with_lock) << " of " << 2 * increments << '\n';

    hk::SharedValue<int> counter(0);
    const auto start = std::chrono::steady_clock::now();
    {
        hk::ProcessPool pool({.max_workers = 8, .initializer = {&remember, counter}});
        std::vector<hk::Future<void>> jobs;
        for (int i = 0; i < 8; ++i) jobs.push_back(pool.submit(&count_and_sleep, seconds));
        for (const auto& job : jobs) job.result();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << "eight workers: " << *counter << " after " << took.count() << " s\n";

    // A process that dies with the lock does not keep it, and the next one is told.
    hk::Process(
        [](hk::SharedValue<int> value) {
            value.lock().lock();
            *value = -1;
            std::_Exit(1);
        },
        counter)
        .join();
    try {
        std::scoped_lock guard(counter.lock());
    } catch (const hk::OwnerDiedError&) {
        const auto guard = counter.lock().recover();
        std::cout << "mended after a death: " << (*counter = 8) << '\n';
    }
}
