// What idle threads cost: little. Thousands of them wait, with stacks of the default size and with small ones, and one
// that works goes as fast as it does alone.
//
//     many_threads [COUNT]
#include <malloc.h>

#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

// A line of /proc/self/status, in MiB.
double megabytes(const std::string& wanted) {
    std::ifstream file("/proc/self/status");
    std::string name;
    while (file >> name) {
        double kib = 0;
        if (name == wanted + ':' && file >> kib) return kib / 1024;
        std::getline(file, name);
    }
    return 0;
}

double busy_seconds() {
    const auto start = std::chrono::steady_clock::now();
    for (std::atomic<long> left = 20'000'000; left.load(std::memory_order_relaxed) > 0;)
        left.store(left.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::ptrdiff_t live(const std::string& name) {
    const std::vector<hk::ThreadInfo> all = hk::threads();
    return std::count_if(all.begin(), all.end(), [&](const hk::ThreadInfo& thread) { return thread.name == name; });
}

void idle(const std::string& label, int count, std::size_t stack_size, double alone) {
    const double virtual_before = megabytes("VmSize"), resident_before = megabytes("VmRSS");
    hk::Event may_end;
    hk::Semaphore waiting(0);
    std::vector<hk::Thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back(hk::ThreadOptions{.name = "idle", .stack_size = stack_size}, [&] {
            waiting.release();
            may_end.wait();
        });
    }
    for (int i = 0; i < count; ++i) waiting.acquire();
    std::cout << label << ": " << live("idle") << " idle threads, MiB virtual " << megabytes("VmSize") - virtual_before
              << ", resident " << megabytes("VmRSS") - resident_before << ", busy thread slower by a factor "
              << busy_seconds() / alone << '\n';
    may_end.set();
    for (hk::Thread& thread : threads) thread.join();
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "many_threads [COUNT]");
    const int count = arguments.number("COUNT", 2000, 1, 30'000);
    arguments.end();
    ::mallopt(M_ARENA_MAX, 1);  // else the first threads reserve a GiB of address space for their memory
    std::cout << std::fixed << std::setprecision(1);
    const double alone = busy_seconds();
    idle("64 KiB stacks", count, 64 * 1024, alone);
    idle("default stacks", count, 0, alone);
    std::cout << "after their end: " << live("idle") << " idle\n";
    try {
        hk::Thread tiny({.name = "tiny", .stack_size = 4096}, [] {});
    } catch (const std::invalid_argument& error) {
        std::cout << error.what() << '\n';
    }
}
