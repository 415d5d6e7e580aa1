// How the core benchmarks report: the time of one item, when an iteration does many.
#pragma once
#include <benchmark/benchmark.h>

#include <cstdint>

namespace hocket::bench {

/// Adds the counter "each", seconds per item of `per_iteration`: of processor time, unless the benchmark counts real or
/// manual time.
inline void report_each(benchmark::State& state, double per_iteration) {
    using benchmark::Counter;
    state.counters["each"] =
        Counter(per_iteration, Counter::kIsIterationInvariantRate | Counter::kInvert, Counter::kIs1000);
}

/// Fails the benchmark unless it did what it was to measure.
inline void expect(benchmark::State& state, std::uint64_t found, std::uint64_t wanted) {
    if (found != wanted) state.SkipWithError("it did not do what it measures");
}

}  // namespace hocket::bench
