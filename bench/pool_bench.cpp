// The ThreadPool beside oneTBB and std::async: jobs with results, fork-join, loops. `workers` counts the threads that
// work, for TBB with the calling one, which takes part there.
#include <benchmark/benchmark.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/parallel_reduce.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <numeric>
#include <ranges>
#include <vector>

#include "figures.hpp"
#include "hocket/futures.hpp"

namespace {

namespace hk = hocket;
using hk::bench::expect;
using hk::bench::report_each;

std::size_t workers(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

class TbbThreads {
public:
    explicit TbbThreads(const benchmark::State& state)
        : limit_(tbb::global_control::max_allowed_parallelism, workers(state)),
          arena_(static_cast<int>(workers(state))) {}
    template <class F>
    auto run(F&& function) {
        return arena_.execute(std::forward<F>(function));
    }

private:
    tbb::global_control limit_;
    tbb::task_arena arena_;
};

// ---- many jobs, then all their results

constexpr std::uint64_t kJobs = 1'000'000;

void submit_then_get_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    for (auto _ : state) {
        std::vector<hk::Future<std::uint64_t>> futures;
        futures.reserve(kJobs);
        for (std::uint64_t i = 0; i < kJobs; ++i) futures.push_back(pool.submit([i] { return i; }));
        std::uint64_t sum = 0;
        for (const auto& future : futures) sum += future.result();
        expect(state, sum, kJobs * (kJobs - 1) / 2);
    }
    report_each(state, kJobs);
}

// TBB's jobs have no results: this counts them.
void submit_then_wait_tbb(benchmark::State& state) {
    TbbThreads threads(state);
    for (auto _ : state) {
        std::atomic<std::uint64_t> sum = 0;
        threads.run([&] {
            tbb::task_group group;
            for (std::uint64_t i = 0; i < kJobs; ++i) {
                group.run([&sum, i] {
                    if (i % 1024 == 0) sum.fetch_add(1, std::memory_order_relaxed);
                });
            }
            group.wait();
        });
        expect(state, sum, (kJobs + 1023) / 1024);
    }
    report_each(state, kJobs);
}

// ---- one job after another

void submit_and_get(benchmark::State& state, bool waiters_help) {
    hk::ThreadPool pool({.max_workers = workers(state), .waiters_help = waiters_help});
    std::uint64_t i = 0;
    for (auto _ : state) {
        expect(state, pool.submit([i] { return i; }).result(), i);
        ++i;
    }
}
void submit_and_get_hocket(benchmark::State& state) { submit_and_get(state, false); }
void submit_and_get_hocket_helping(benchmark::State& state) { submit_and_get(state, true); }

// In a job, as TBB's caller is one of its workers.
void submit_and_get_hocket_in_job(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    pool.submit([&] {
            std::uint64_t i = 0;
            for (auto _ : state) {
                expect(state, pool.submit([i] { return i; }).result(), i);
                ++i;
            }
        })
        .result();
}

void run_and_wait_tbb(benchmark::State& state) {
    TbbThreads threads(state);
    threads.run([&] {
        tbb::task_group group;
        std::uint64_t ran = 0;
        std::uint64_t i = 0;
        for (auto _ : state) {
            group.run_and_wait([&ran] { ++ran; });
            expect(state, ran, ++i);
        }
    });
}

void submit_and_get_std_async(benchmark::State& state) {
    std::uint64_t i = 0;
    for (auto _ : state) {
        expect(state, std::async(std::launch::async, [i] { return i; }).get(), i);
        ++i;
    }
}

// ---- the results of map(), by chunks

void map_hocket(benchmark::State& state) {
    constexpr std::uint64_t kItems = 1'000'000;
    hk::ThreadPool pool(2);
    const hk::MapOptions options{.chunk_size = static_cast<std::size_t>(state.range(0))};
    const auto same = [](std::uint64_t i) { return i; };
    for (auto _ : state) {
        std::uint64_t sum = 0;
        for (const std::uint64_t each : pool.map(same, std::views::iota(std::uint64_t{0}, kItems), options))
            sum += each;
        expect(state, sum, kItems * (kItems - 1) / 2);
    }
    report_each(state, kItems);
}

// ---- fork-join: fib(30), 2.7 million calls

constexpr std::uint64_t kFib = 30, kFibResult = 832'040, kFibCalls = 2'692'537;

std::uint64_t fib_invoke(hk::ThreadPool& pool, std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    hk::parallel_invoke(
        pool, [&] { a = fib_invoke(pool, n - 1); }, [&] { b = fib_invoke(pool, n - 2); });
    return a + b;
}
void fib_invoke_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    for (auto _ : state) expect(state, pool.submit([&] { return fib_invoke(pool, kFib); }).result(), kFibResult);
    report_each(state, kFibCalls);
}

std::uint64_t fib_submit(hk::ThreadPool& pool, std::uint64_t n) {
    if (n < 2) return n;
    auto b = pool.submit([&pool, n] { return fib_submit(pool, n - 2); });
    const std::uint64_t a = fib_submit(pool, n - 1);
    return a + b.result();
}
void fib_submit_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    for (auto _ : state) expect(state, pool.submit([&] { return fib_submit(pool, kFib); }).result(), kFibResult);
    report_each(state, kFibCalls);
}

std::uint64_t fib_tbb(std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    tbb::parallel_invoke([&] { a = fib_tbb(n - 1); }, [&] { b = fib_tbb(n - 2); });
    return a + b;
}
void fib_invoke_tbb(benchmark::State& state) {
    TbbThreads threads(state);
    for (auto _ : state) expect(state, threads.run([] { return fib_tbb(kFib); }), kFibResult);
    report_each(state, kFibCalls);
}

// ---- skynet: a tree with ten branches at each level and a million leaves

constexpr std::uint64_t kLeaves = 1'000'000, kSkynetTasks = 1'111'111;

std::uint64_t skynet_hocket(hk::ThreadPool& pool, std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::vector<hk::Future<std::uint64_t>> children;
    children.reserve(10);
    for (std::uint64_t i = 0; i < 10; ++i) {
        children.push_back(pool.submit(
            [&pool, first, leaves, i] { return skynet_hocket(pool, first + i * leaves / 10, leaves / 10); }));
    }
    std::uint64_t sum = 0;
    for (auto child = children.rbegin(); child != children.rend(); ++child) sum += child->result();
    return sum;
}
void skynet_submit_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    for (auto _ : state) {
        expect(state, pool.submit([&] { return skynet_hocket(pool, 0, kLeaves); }).result(),
               kLeaves * (kLeaves - 1) / 2);
    }
    report_each(state, kSkynetTasks);
}

std::uint64_t skynet_invoked(hk::ThreadPool& pool, std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t sums[10];
    const auto branch = [&](std::uint64_t i) {
        return [&, i] { sums[i] = skynet_invoked(pool, first + i * leaves / 10, leaves / 10); };
    };
    const auto invoke_all = [&]<std::size_t... i>(std::index_sequence<i...>) {
        hk::parallel_invoke(pool, branch(i)...);
    };
    invoke_all(std::make_index_sequence<10>());
    return std::accumulate(std::begin(sums), std::end(sums), std::uint64_t{0});
}
void skynet_invoke_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    for (auto _ : state) {
        expect(state, pool.submit([&] { return skynet_invoked(pool, 0, kLeaves); }).result(),
               kLeaves * (kLeaves - 1) / 2);
    }
    report_each(state, kSkynetTasks);
}

std::uint64_t skynet(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t sums[10];
    tbb::task_group group;
    for (std::uint64_t i = 0; i < 10; ++i)
        group.run([&sums, first, leaves, i] { sums[i] = skynet(first + i * leaves / 10, leaves / 10); });
    group.wait();
    return std::accumulate(std::begin(sums), std::end(sums), std::uint64_t{0});
}
void skynet_tbb(benchmark::State& state) {
    TbbThreads threads(state);
    for (auto _ : state) expect(state, threads.run([] { return skynet(0, kLeaves); }), kLeaves * (kLeaves - 1) / 2);
    report_each(state, kSkynetTasks);
}

// ---- loops over a million integers

constexpr std::size_t kElements = 1'000'000;

void loop_serial(benchmark::State& state) {
    std::vector<int> x(kElements);
    for (auto _ : state) {
        for (std::size_t i = 0; i < kElements; ++i) x[i] += static_cast<int>(i);
        benchmark::DoNotOptimize(x.data());
        benchmark::ClobberMemory();
    }
}
void parallel_for_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    std::vector<int> x(kElements);
    for (auto _ : state) {
        hk::parallel_for(pool, std::views::iota(std::size_t{0}, kElements),
                         [&](std::size_t i) { x[i] += static_cast<int>(i); });
        benchmark::ClobberMemory();
    }
}
void parallel_for_tbb(benchmark::State& state) {
    TbbThreads threads(state);
    std::vector<int> x(kElements);
    for (auto _ : state) {
        threads.run(
            [&] { tbb::parallel_for(std::size_t{0}, kElements, [&](std::size_t i) { x[i] += static_cast<int>(i); }); });
        benchmark::ClobberMemory();
    }
}

constexpr double kSum = static_cast<double>(kElements) * (kElements - 1) / 2;

void map_reduce_hocket(benchmark::State& state) {
    hk::ThreadPool pool(workers(state));
    std::vector<double> x(kElements);
    std::iota(x.begin(), x.end(), 0.0);
    for (auto _ : state) {
        const double sum = hk::map_reduce(
            pool, x, [](double value) { return value; }, std::plus<>());
        expect(state, sum == kSum, true);
    }
}
void map_reduce_tbb(benchmark::State& state) {
    TbbThreads threads(state);
    std::vector<double> x(kElements);
    std::iota(x.begin(), x.end(), 0.0);
    using Range = tbb::blocked_range<std::size_t>;
    for (auto _ : state) {
        const double sum = threads.run([&] {
            return tbb::parallel_reduce(
                Range(0, kElements), 0.0,
                [&](const Range& range, double part) {
                    for (std::size_t i = range.begin(); i < range.end(); ++i) part += x[i];
                    return part;
                },
                std::plus<>());
        });
        expect(state, sum == kSum, true);
    }
}

void each_size(benchmark::internal::Benchmark* bench) { bench->Arg(1)->Arg(2)->ArgName("workers")->UseRealTime(); }
void each_size_milliseconds(benchmark::internal::Benchmark* bench) {
    each_size(bench);
    bench->Unit(benchmark::kMillisecond);
}
void each_size_microseconds(benchmark::internal::Benchmark* bench) {
    each_size(bench);
    bench->Unit(benchmark::kMicrosecond);
}
BENCHMARK(submit_then_get_hocket)->Apply(each_size_milliseconds);
BENCHMARK(submit_then_wait_tbb)->Apply(each_size_milliseconds);
BENCHMARK(submit_and_get_hocket)->Apply(each_size)->Arg(1000);  // of which one is started
BENCHMARK(submit_and_get_hocket_in_job)->Apply(each_size);
BENCHMARK(submit_and_get_hocket_helping)->Apply(each_size);
BENCHMARK(run_and_wait_tbb)->Apply(each_size);
BENCHMARK(submit_and_get_std_async)->UseRealTime();
BENCHMARK(map_hocket)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(fib_invoke_hocket)->Apply(each_size_milliseconds);
BENCHMARK(fib_submit_hocket)->Apply(each_size_milliseconds);
BENCHMARK(fib_invoke_tbb)->Apply(each_size_milliseconds);
BENCHMARK(skynet_submit_hocket)->Apply(each_size_milliseconds);
BENCHMARK(skynet_invoke_hocket)->Apply(each_size_milliseconds);
BENCHMARK(skynet_tbb)->Apply(each_size_milliseconds);
BENCHMARK(loop_serial)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(parallel_for_hocket)->Apply(each_size_microseconds);
BENCHMARK(parallel_for_tbb)->Apply(each_size_microseconds);
BENCHMARK(map_reduce_hocket)->Apply(each_size_microseconds);
BENCHMARK(map_reduce_tbb)->Apply(each_size_microseconds);

}  // namespace
