// Work on arrays, divided: the means of the rows of a matrix, and one digest of many blocks. The same map and reduce
// run in threads and in processes; the matrix is in memory that all of them see.
//
//     split_work [ROWS [COLUMNS [WORKERS]]]
#include <hocket/futures.hpp>
#include <hocket/process.hpp>

#include <openssl/sha.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace hk = hocket;

std::optional<hk::SharedArray<double>> matrix;  // in the workers too
void use(hk::SharedArray<double> shared) { matrix = shared; }

struct Row {
    std::size_t first;
    std::size_t columns;
    const double* begin() const { return matrix->data() + first; }
    const double* end() const { return begin() + columns; }
};

// Eight sums side by side, which the processor can work on at the same time. All numbers here are whole and below 2^53,
// so that the sum is exact in whatever order.
std::vector<double> mean(Row row) {
    std::array<double, 8> sums{};
    const double* at = row.begin();
    for (; row.end() - at >= 8; at += 8) {
        for (std::size_t i = 0; i < 8; ++i) sums[i] += at[i];
    }
    const double sum = std::accumulate(at, row.end(), std::accumulate(sums.begin(), sums.end(), 0.0));
    return {sum / static_cast<double>(row.columns)};
}
std::vector<double> in_order(std::vector<double> means, const std::vector<double>& more) {
    means.insert(means.end(), more.begin(), more.end());
    return means;
}

// A tree of digests: that of a row, and that of two digests. Not commutative, so the order must be kept.
using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
Digest digest(Row row) {
    Digest result;
    ::SHA256(reinterpret_cast<const unsigned char*>(row.begin()), row.columns * sizeof(double), result.data());
    return result;
}
Digest digest_of_two(Digest first, Digest second) {
    std::array<unsigned char, 2 * SHA256_DIGEST_LENGTH> both;
    std::copy(first.begin(), first.end(), both.begin());
    std::copy(second.begin(), second.end(), both.begin() + SHA256_DIGEST_LENGTH);
    Digest result;
    ::SHA256(both.data(), both.size(), result.data());
    return result;
}
std::string hex(const Digest& digest) {
    std::ostringstream text;
    for (std::size_t i = 0; i < 8; ++i) text << std::hex << std::setw(2) << std::setfill('0') << int{digest[i]};
    return text.str();
}

template <class Pool, class Map, class Reduce>
auto timed(const std::string& what, Pool& pool, const std::vector<Row>& rows, Map map, Reduce reduce) {
    hk::MapReduceOptions options;
    options.chunk_size = 1;
    auto first = hk::map_reduce(pool, rows, map, reduce, options);  // workers start, and see the memory
    const auto start = std::chrono::steady_clock::now();
    auto result = hk::map_reduce(pool, rows, map, reduce, options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const double bytes = static_cast<double>(matrix->size() * sizeof(double));
    std::cout << what << ": " << 1000 * took.count() << " ms, " << bytes / took.count() / 1e9 << " GB/s"
              << (first == result ? "" : ", and another result than before") << '\n';
    return result;
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    const std::size_t rows = argc > 1 ? std::stoul(argv[1]) : 50;
    const std::size_t columns = argc > 2 ? std::stoul(argv[2]) : 1'000'000;
    const std::size_t workers = argc > 3 ? std::stoul(argv[3]) : 2;
    matrix.emplace(rows * columns, "matrix");
    std::iota(matrix->begin(), matrix->end(), 0.0);
    std::vector<Row> all;
    for (std::size_t i = 0; i < rows; ++i) all.push_back({i * columns, columns});
    std::cout << std::fixed << std::setprecision(1);

    hk::ThreadPool one(1), threads(workers);
    hk::ProcessPool processes({.max_workers = workers, .initializer = {&use, *matrix}});
    const std::string many = std::to_string(workers);
    const auto alone = timed("means, one thread", one, all, &mean, &in_order);
    const auto together = timed("means, " + many + " threads", threads, all, &mean, &in_order);
    const auto apart = timed("means, " + many + " processes", processes, all, &mean, &in_order);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        const double exact = static_cast<double>(i * columns) + static_cast<double>(columns - 1) / 2;
        wrong += alone[i] != exact || together[i] != exact || apart[i] != exact;
    }
    std::cout << rows << " means, " << wrong << " wrong\n";

    const Digest by_one = timed("digest, one thread", one, all, &digest, &digest_of_two);
    const Digest by_threads = timed("digest, " + many + " threads", threads, all, &digest, &digest_of_two);
    const Digest by_processes = timed("digest, " + many + " processes", processes, all, &digest, &digest_of_two);
    std::cout << "digest " << hex(by_one) << ", "
              << (by_one == by_threads && by_one == by_processes ? "the same" : "another") << " by the others\n";
}
