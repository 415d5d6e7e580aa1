// Two threads that count, on two processors, take the time of one: nothing in C++ lets only one thread run at a time.
//
//     two_cores [COUNT]
#include <hocket/threading.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <iomanip>
#include <iostream>
#include <string>

#include "../arguments.hpp"

namespace hk = hocket;

// On cache lines of their own, and global, so that no compiler can do without them.
struct alignas(64) Counter {
    std::atomic<long> left = 0;
};
Counter counters[2];

void count_down(Counter& counter, long from) {
    for (counter.left = from; counter.left.load(std::memory_order_relaxed) > 0;)
        counter.left.store(counter.left.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "two_cores [COUNT]");
    const long count = arguments.number("COUNT", 100'000'000L, 1L, 1'000'000'000'000L);
    arguments.end();
    auto now = [] { return std::chrono::steady_clock::now(); };

    const auto start = now();
    count_down(counters[0], count);
    count_down(counters[1], count);
    const auto between = now();
    {
        hk::Thread first(count_down, std::ref(counters[0]), count), second(count_down, std::ref(counters[1]), count);
        first.join();
        second.join();
    }
    const auto end = now();
    std::cout << "speed-up by two threads: " << std::fixed << std::setprecision(2)
              << std::chrono::duration<double>(between - start) / (end - between) << '\n';
}
