// The same jobs in threads and in processes: work for the processor, which scales either way, since nothing in C++ lets
// only one thread run; and waiting, which costs processes more to start and gains them nothing.
//
//     threads_or_processes [STEPS [WAITS]]
#include <hocket/futures.hpp>
#include <hocket/process.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

// Native work: a generator of random numbers that the compiler cannot shorten.
std::uint64_t compute(long steps) {
    std::uint64_t x = 88172645463325252u;
    for (long i = 0; i < steps; ++i) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}
// In place of an answer from a network.
std::uint64_t wait_a_little(long milliseconds) {
    hk::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    return 1;
}

// Any executor will do: the pools have the same calls. Its start and its end belong to the price.
template <class Pool>
double milliseconds(std::size_t workers, std::size_t jobs, std::uint64_t (*function)(long), long argument,
                    std::uint64_t& sum) {
    const auto start = std::chrono::steady_clock::now();
    {
        Pool pool(workers);
        std::vector<hk::Future<std::uint64_t>> futures;
        for (std::size_t i = 0; i < jobs; ++i) futures.push_back(pool.submit(function, argument));
        for (auto& future : futures) sum += future.result();
    }
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "threads_or_processes [STEPS [JOBS]]");
    const long steps = arguments.number("STEPS", 100'000'000L, 1L, 1'000'000'000'000L);
    const auto waits = arguments.number<std::size_t>("JOBS", 200, 1, 1'000'000);
    arguments.end();
    std::cout << std::fixed << std::setprecision(1);

    std::uint64_t by_threads = 0, by_processes = 0;
    for (const std::size_t workers : {1, 2}) {
        const double threads = milliseconds<hk::ThreadPool>(workers, 2, &compute, steps, by_threads);
        const double processes = milliseconds<hk::ProcessPool>(workers, 2, &compute, steps, by_processes);
        std::cout << "computing with " << workers << ": threads " << threads << " ms, processes " << processes
                  << " ms\n";
    }
    std::cout << "same results: " << (by_threads == by_processes ? "yes" : "no") << '\n';

    // As many waits at the same time as there are workers. A hundred threads are nothing; a hundred processes are.
    const std::size_t workers = waits / 2;
    std::uint64_t done = 0;
    const double threads = milliseconds<hk::ThreadPool>(workers, waits, &wait_a_little, 10, done);
    const double processes = milliseconds<hk::ProcessPool>(workers, waits, &wait_a_little, 10, done);
    std::cout << "waiting " << waits << " times with " << workers << ": threads " << threads << " ms, processes "
              << processes << " ms\n"
              << done << " waits are over\n";
}
