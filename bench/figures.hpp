// How the core benchmarks report: the time of one item, when an iteration does many.
#pragma once
#include <benchmark/benchmark.h>

#include <cstdint>
#include <ctime>

namespace hocket::bench {

/// Adds the counter "each", seconds per item of `per_iteration`: of processor time, unless the benchmark counts real or
/// manual time.
inline void report_each(benchmark::State& state, double per_iteration) {
    using benchmark::Counter;
    state.counters["each"] =
        Counter(per_iteration, Counter::kIsIterationInvariantRate | Counter::kInvert, Counter::kIs1000);
}

/// What a thread has used of a processor, in seconds.
inline double processor_time(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Fails the benchmark unless it did what it was to measure.
inline void expect(benchmark::State& state, std::uint64_t found, std::uint64_t wanted) {
    if (found != wanted) state.SkipWithError("it did not do what it measures");
}

}  // namespace hocket::bench
