// Two processes that count, one twice as far as the other. On two processors they take as long as the longer alone, and
// each reports what it has counted through a pipe.
//
//     two_counters [COUNT]
#include <hocket/process.hpp>

#include <chrono>
#include <iomanip>
#include <iostream>
#include <string>

#include "../arguments.hpp"

namespace hk = hocket;

long count_to(long n) {
    volatile long counter = 0;  // so that no compiler knows the end without counting
    while (counter < n) counter = counter + 1;
    return counter;
}

void report_count(long n, hk::PipeEnd<long> results) { results.send(count_to(n)); }

double seconds_for(auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "two_counters [COUNT]");
    const long count = arguments.number("COUNT", 100'000'000L, 1L, 1'000'000'000'000L);
    arguments.end();

    const double longer = seconds_for([&] { count_to(2 * count); });
    const double both = seconds_for([&] {
        auto [one, ones_end] = hk::Pipe<long>();
        auto [two, twos_end] = hk::Pipe<long>();
        const hk::Process first(report_count, count, std::move(ones_end));
        const hk::Process second(report_count, 2 * count, std::move(twos_end));
        std::cout << "the first has counted to " << one.recv() << '\n';
        std::cout << "the second has counted to " << two.recv() << '\n';
        first.join();
        second.join();
        std::cout << "exit codes " << *first.exit_code() << " and " << *second.exit_code() << '\n';
    });
    std::cout << "both, in times of the longer alone: " << std::fixed << std::setprecision(2) << both / longer << '\n';
}
