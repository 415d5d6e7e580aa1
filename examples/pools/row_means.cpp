// The mean of each row of a matrix: in one thread, and each row as a job. The numbers are checked against the closed
// form, so that a race would show.
//
//     row_means [ROWS [COLUMNS]]
#include <hocket/futures.hpp>

#include <chrono>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

double mean(std::span<const std::int64_t> row) {
    return static_cast<double>(std::accumulate(row.begin(), row.end(), std::int64_t{0})) /
           static_cast<double>(row.size());
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "row_means [ROWS [COLUMNS]]");
    const auto rows = arguments.number<std::size_t>("ROWS", 50, 1, 1'000'000);
    const auto columns = arguments.number<std::size_t>("COLUMNS", 1'000'000, 1, 1'000'000'000);
    arguments.end();
    std::vector<std::int64_t> matrix(rows * columns);
    std::iota(matrix.begin(), matrix.end(), 0);
    const std::span<const std::int64_t> all = matrix;
    auto row = [&](std::size_t i) { return all.subspan(i * columns, columns); };

    const auto start = std::chrono::steady_clock::now();
    std::vector<double> alone;
    for (std::size_t i = 0; i < rows; ++i) alone.push_back(mean(row(i)));
    const auto between = std::chrono::steady_clock::now();

    hk::ThreadPool pool({.max_workers = std::max(1u, std::thread::hardware_concurrency())});
    std::vector<hk::Future<double>> futures;
    for (std::size_t i = 0; i < rows; ++i) futures.push_back(pool.submit([&, i] { return mean(row(i)); }));
    std::vector<double> together;
    for (const hk::Future<double>& future : futures) together.push_back(future.result());
    const auto end = std::chrono::steady_clock::now();

    std::size_t wrong = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        const double exact = static_cast<double>(i * columns) + static_cast<double>(columns - 1) / 2;
        wrong += alone[i] != exact || together[i] != exact;
    }
    const auto milliseconds = [](auto duration) { return std::chrono::duration<double, std::milli>(duration).count(); };
    std::cout << rows << " means, " << wrong << " wrong\n"
              << std::fixed << std::setprecision(1) << "one thread: " << milliseconds(between - start) << " ms, "
              << pool.concurrency() << " threads: " << milliseconds(end - between) << " ms\n";
}
