// Two threads that count, on two processors, take the time of one: nothing in C++ lets only one thread run at a time.
//
//     two_cores [COUNT]
#include <hocket/threading.hpp>

#include <atomic>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <string>

namespace hk = hocket;

void count_down(long from) {
    for (std::atomic<long> left = from; left.load(std::memory_order_relaxed) > 0;)
        left.store(left.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

int main(int argc, char** argv) {
    const long count = argc > 1 ? std::stol(argv[1]) : 100'000'000;
    auto now = [] { return std::chrono::steady_clock::now(); };

    const auto start = now();
    count_down(count);
    count_down(count);
    const auto between = now();
    {
        hk::Thread first(count_down, count), second(count_down, count);
        first.join();
        second.join();
    }
    const auto end = now();
    std::cout << "speed-up by two threads: " << std::fixed << std::setprecision(2)
              << std::chrono::duration<double>(between - start) / (end - between) << '\n';
}
