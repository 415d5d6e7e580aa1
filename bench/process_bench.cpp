// Jobs in other processes, beside what they cost at least: a forked process and two pipes. Python's ProcessPoolExecutor
// is measured by bench/process_bench.py, with the same names.
#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "hocket/process.hpp"

namespace hk = hocket;

namespace {

int same(int x) { return x; }

// The least that a job in another process can cost without shared memory: a request and a reply through pipes.
class PipeAndFork {
public:
    PipeAndFork() {
        int to[2], from[2];
        if (::pipe(to) != 0 || ::pipe(from) != 0) std::abort();
        child_ = ::fork();
        if (child_ == 0) {
            ::close(to[1]);
            ::close(from[0]);
            int x = 0;
            while (::read(to[0], &x, sizeof x) == sizeof x) {
                x = same(x);
                if (::write(from[1], &x, sizeof x) != sizeof x) break;
            }
            ::_exit(0);
        }
        ::close(to[0]);
        ::close(from[1]);
        to_ = to[1];
        from_ = from[0];
    }
    PipeAndFork(const PipeAndFork&) = delete;
    PipeAndFork& operator=(const PipeAndFork&) = delete;
    ~PipeAndFork() {
        ::close(to_);
        ::close(from_);
        ::waitpid(child_, nullptr, 0);
    }
    int call(int x) const {
        if (::write(to_, &x, sizeof x) != sizeof x || ::read(from_, &x, sizeof x) != sizeof x) std::abort();
        return x;
    }
    // `count` requests, of which `window` are under way.
    void stream(int count, int window) const {
        int sent = 0;
        for (int received = 0; received < count; ++received) {
            for (; sent < count && sent < received + window; ++sent) {
                if (::write(to_, &sent, sizeof sent) != sizeof sent) std::abort();
            }
            int x = 0;
            if (::read(from_, &x, sizeof x) != sizeof x) std::abort();
        }
    }

private:
    pid_t child_ = 0;
    int to_ = -1;
    int from_ = -1;
};

void round_trip_pipe_and_fork(benchmark::State& state) {
    const PipeAndFork other;
    int x = 0;
    for (auto _ : state) benchmark::DoNotOptimize(other.call(x++));
    state.SetItemsProcessed(state.iterations());
}
void round_trip_pool(benchmark::State& state) {
    hk::ProcessPool pool(1);
    pool.submit(same, 0).result();
    int x = 0;
    for (auto _ : state) benchmark::DoNotOptimize(pool.submit(same, x++).result());
    state.SetItemsProcessed(state.iterations());
}

constexpr int kJobs = 20'000;
void submit_all_pipe_and_fork(benchmark::State& state) {
    const PipeAndFork other;
    for (auto _ : state) other.stream(kJobs, 256);
    state.SetItemsProcessed(state.iterations() * kJobs);
}
void submit_all_pool(benchmark::State& state) {
    hk::ProcessPool pool(static_cast<std::size_t>(state.range(0)));
    pool.submit(same, 0).result();
    std::vector<hk::Future<int>> futures;
    futures.reserve(kJobs);
    for (auto _ : state) {
        for (int i = 0; i < kJobs; ++i) futures.push_back(pool.submit(same, i));
        for (auto& future : futures) benchmark::DoNotOptimize(future.result());
        futures.clear();
    }
    state.SetItemsProcessed(state.iterations() * kJobs);
}

void map_million(benchmark::State& state) {
    constexpr int kItems = 1'000'000;
    std::vector<int> items(kItems);
    std::iota(items.begin(), items.end(), 0);
    hk::ProcessPool pool(2);
    pool.submit(same, 0).result();
    const hk::MapOptions options{.chunk_size = static_cast<std::size_t>(state.range(0))};
    for (auto _ : state) {
        long sum = 0;
        for (const int x : pool.map(same, items, options)) sum += x;
        if (sum != 499'999'500'000) std::abort();
    }
    state.SetItemsProcessed(state.iterations() * kItems);
}

// By size in MiB: glibc keeps what is freed for the next, but for allocations of more than 32 MiB, which are new memory
// each time.
std::size_t large(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)) << 20; }
void large_argument(benchmark::State& state) {
    hk::ProcessPool pool(1);
    const std::string text(large(state), 'x');
    for (auto _ : state) {
        if (pool.submit([](const std::string& s) { return s.size(); }, text).result() != text.size()) std::abort();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
void large_result(benchmark::State& state) {
    hk::ProcessPool pool(1);
    const std::size_t size = large(state);
    for (auto _ : state) {
        if (pool.submit([](std::size_t n) { return std::string(n, 'x'); }, size).result().size() != size) std::abort();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
}
// What both have to do at least: copy it once on each side, into new memory on the second.
void large_copied_twice(benchmark::State& state) {
    const std::string text(large(state), 'x');
    std::string between(text.size(), 'y');
    for (auto _ : state) {
        between.assign(text);
        std::string copy(between);
        benchmark::DoNotOptimize(copy.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void start_up(benchmark::State& state) {
    const auto workers = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        hk::ProcessPool pool(workers);
        std::vector<hk::Future<int>> futures;
        for (std::size_t i = 0; i < workers; ++i) futures.push_back(pool.submit(same, 1));
        for (auto& future : futures) future.result();
    }
}
void start_up_fork(benchmark::State& state) {
    for (auto _ : state) {
        std::vector<pid_t> children;
        for (int i = 0; i < state.range(0); ++i) {
            const pid_t child = ::fork();
            if (child == 0) ::_exit(0);
            children.push_back(child);
        }
        for (const pid_t child : children) ::waitpid(child, nullptr, 0);
    }
}
void process_and_join(benchmark::State& state) {
    for (auto _ : state) {
        const hk::Process process(same, 1);
        process.join();
    }
}

BENCHMARK(round_trip_pipe_and_fork)->UseRealTime();
BENCHMARK(round_trip_pool)->UseRealTime();
BENCHMARK(submit_all_pipe_and_fork)->UseRealTime();
BENCHMARK(submit_all_pool)->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK(map_million)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(large_copied_twice)->Arg(16)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(large_argument)->Arg(16)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(large_result)->Arg(16)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(start_up_fork)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(start_up)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(process_and_join)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
    hk::init(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
