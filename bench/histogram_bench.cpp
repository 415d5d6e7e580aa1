// What it costs to count a latency, and to look at all of them.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "load/histogram.hpp"

namespace {

using namespace hocket::load;

std::vector<std::int64_t> latencies() {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> distribution(6, 1);  // around 400 µs
    std::vector<std::int64_t> values(4096);
    for (std::int64_t& value : values) value = std::llround(distribution(random));
    return values;
}

void histogram_record(benchmark::State& state) {
    const std::vector<std::int64_t> values = latencies();
    Histogram histogram;
    std::size_t i = 0;
    for (auto _ : state) histogram.record(values[i++ % values.size()]);
    benchmark::DoNotOptimize(histogram.max());
}

void histogram_snapshot_p50_p99(benchmark::State& state) {
    Histogram histogram;
    for (const std::int64_t value : latencies()) histogram.record(value);
    for (auto _ : state) {
        Histogram snapshot;
        snapshot.merge(histogram);
        benchmark::DoNotOptimize(snapshot.value_at_percentile(50) + snapshot.value_at_percentile(99));
    }
}

BENCHMARK(histogram_record);
BENCHMARK(histogram_snapshot_p50_p99);

}  // namespace
