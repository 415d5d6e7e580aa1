// Coroutine tasks: awaiting a child, spawning and joining a million, letting others run, gathering sleeps, memory of a
// suspended one.

#include <benchmark/benchmark.h>

#include <asio.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <hocket/aio.hpp>
#include <string>
#include <thread>
#include <vector>

#include "figures.hpp"
#include "raw_task.hpp"

namespace {

namespace hk = hocket;
using hk::bench::expect;
using hk::bench::report_each;

// ---- create a child that does not wait, and await it

[[gnu::noinline]] raw::Task raw_child(std::uint64_t value) { co_return value; }
[[gnu::noinline]] hk::Task<std::uint64_t> hocket_child(std::uint64_t value) { co_return value; }
[[gnu::noinline]] asio::awaitable<std::uint64_t> asio_child(std::uint64_t value) { co_return value; }

raw::Task await_raw(benchmark::State& state) {
    std::uint64_t sum = 0;
    for (auto _ : state) sum += co_await raw_child(1);
    expect(state, sum, static_cast<std::uint64_t>(state.iterations()));
    co_return sum;
}
hk::Task<void> await_hocket(benchmark::State& state) {
    std::uint64_t sum = 0;
    for (auto _ : state) sum += co_await hocket_child(1);
    expect(state, sum, static_cast<std::uint64_t>(state.iterations()));
}
asio::awaitable<void> await_asio(benchmark::State& state) {
    std::uint64_t sum = 0;
    for (auto _ : state) sum += co_await asio_child(1);
    expect(state, sum, static_cast<std::uint64_t>(state.iterations()));
}

void await_ready_child_raw(benchmark::State& state) {
    raw::Task task = await_raw(state);
    task.start();
}
void await_ready_child_hocket(benchmark::State& state) { hk::run(await_hocket(state)); }
void await_ready_child_asio(benchmark::State& state) {
    asio::io_context context(1);
    asio::co_spawn(context, await_asio(state), asio::detached);
    context.run();
}

// ---- spawn a million tasks and wait until all have ended

enum class Wait { none, yield, event };

template <Wait wait>
raw::Job raw_job(raw::Ring& ring, raw::Event& event, std::uint64_t& ended) {
    if constexpr (wait == Wait::yield) co_await raw::Yield(ring);
    if constexpr (wait == Wait::event) co_await event;
    ++ended;
    co_return;
}
template <Wait wait>
void spawn_and_join_raw(benchmark::State& state) {
    const auto tasks = static_cast<std::uint64_t>(state.range(0));
    raw::Ring ring;
    raw::Event event;
    for (auto _ : state) {
        std::uint64_t ended = 0;
        for (std::uint64_t i = 0; i < tasks; ++i) raw_job<wait>(ring, event, ended);
        ring.run();
        event.set();
        expect(state, ended, tasks);
    }
    report_each(state, static_cast<double>(tasks));
}

template <Wait wait>
hk::Task<void> hocket_job(const hk::Future<void>& event, std::uint64_t& ended) {
    if constexpr (wait == Wait::yield) co_await hk::yield_now();
    if constexpr (wait == Wait::event) co_await event;
    ++ended;
    co_return;
}
hk::Task<void> set_event(hk::Promise<void>& event) {
    event.set_result();
    co_return;
}
// In a task group, whose end is the join.
template <Wait wait>
hk::Task<void> spawn_hocket(benchmark::State& state, std::uint64_t tasks) {
    for (auto _ : state) {
        std::uint64_t ended = 0;
        hk::Promise<void> event;
        const hk::Future<void> future = event.future();
        auto body = [&](hk::TaskGroup& group) -> hk::Task<void> {
            for (std::uint64_t i = 0; i < tasks; ++i) group.create_task(hocket_job<wait>(future, ended));
            group.create_task(set_event(event));
            co_return;
        };
        co_await hk::task_group(body);
        expect(state, ended, tasks);
    }
}
template <Wait wait>
void spawn_and_join_hocket(benchmark::State& state) {
    hk::run(spawn_hocket<wait>(state, static_cast<std::uint64_t>(state.range(0))));
    report_each(state, static_cast<double>(state.range(0)));
}

// As free tasks whose Futures are kept and awaited one by one.
template <Wait wait>
hk::Task<void> spawn_futures(benchmark::State& state, std::uint64_t tasks) {
    std::vector<hk::Future<void>> futures;
    futures.reserve(tasks);
    for (auto _ : state) {
        std::uint64_t ended = 0;
        hk::Promise<void> event;
        const hk::Future<void> future = event.future();
        for (std::uint64_t i = 0; i < tasks; ++i) futures.push_back(hk::create_task(hocket_job<wait>(future, ended)));
        hk::create_task(set_event(event));
        for (const auto& each : futures) co_await each;
        futures.clear();
        expect(state, ended, tasks);
    }
}
template <Wait wait>
void spawn_and_await_each_hocket(benchmark::State& state) {
    hk::run(spawn_futures<wait>(state, static_cast<std::uint64_t>(state.range(0))));
    report_each(state, static_cast<double>(state.range(0)));
}

template <Wait wait>
asio::awaitable<void> asio_job(std::uint64_t& ended) {
    if constexpr (wait == Wait::yield) co_await asio::post(asio::use_awaitable);
    ++ended;
    co_return;
}
template <Wait wait>
void spawn_and_join_asio(benchmark::State& state) {
    const auto tasks = static_cast<std::uint64_t>(state.range(0));
    asio::io_context context(1);
    for (auto _ : state) {
        std::uint64_t ended = 0;
        for (std::uint64_t i = 0; i < tasks; ++i) asio::co_spawn(context, asio_job<wait>(ended), asio::detached);
        context.run();
        context.restart();
        expect(state, ended, tasks);
    }
    report_each(state, static_cast<double>(tasks));
}

// ---- let others run: each iteration is a batch of yields by the given number of coroutines together

constexpr std::uint64_t kYields = 100'000;

raw::Job yields_raw(raw::Ring& ring, std::uint64_t times, std::uint64_t& done) {
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await raw::Yield(ring);
        ++done;
    }
}
void yield_raw(benchmark::State& state) {
    const auto coroutines = static_cast<std::uint64_t>(state.range(0));
    raw::Ring ring;
    for (auto _ : state) {
        std::uint64_t done = 0;
        for (std::uint64_t i = 0; i < coroutines; ++i) yields_raw(ring, kYields / coroutines, done);
        ring.run();
        expect(state, done, kYields);
    }
    report_each(state, kYields);
}

hk::Task<void> yields_hocket(std::uint64_t times, std::uint64_t& done) {
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await hk::yield_now();
        ++done;
    }
}
hk::Task<void> run_yields(benchmark::State& state, std::uint64_t coroutines) {
    for (auto _ : state) {
        std::uint64_t done = 0;
        auto body = [&](hk::TaskGroup& group) -> hk::Task<void> {
            for (std::uint64_t i = 0; i < coroutines; ++i) group.create_task(yields_hocket(kYields / coroutines, done));
            co_return;
        };
        co_await hk::task_group(body);
        expect(state, done, kYields);
    }
}
void yield_hocket(benchmark::State& state) {
    hk::run(run_yields(state, static_cast<std::uint64_t>(state.range(0))));
    report_each(state, kYields);
}

asio::awaitable<void> yields_asio(std::uint64_t times, std::uint64_t& done) {
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await asio::post(asio::use_awaitable);
        ++done;
    }
}
void yield_asio(benchmark::State& state) {
    const auto coroutines = static_cast<std::uint64_t>(state.range(0));
    asio::io_context context(1);
    for (auto _ : state) {
        std::uint64_t done = 0;
        for (std::uint64_t i = 0; i < coroutines; ++i)
            asio::co_spawn(context, yields_asio(kYields / coroutines, done), asio::detached);
        context.run();
        context.restart();
        expect(state, done, kYields);
    }
    report_each(state, kYields);
}

// ---- gather many sleeps of up to 10 ms, in no order: what they take of the processor

std::chrono::microseconds nap(std::uint64_t number) { return std::chrono::microseconds(number * 7919 % 10'000); }

hk::Task<void> sleep_hocket(std::chrono::microseconds length) { co_await hk::sleep(length); }
hk::Task<void> run_sleeps(benchmark::State& state, std::uint64_t sleeps) {
    for (auto _ : state) {
        std::vector<hk::Task<void>> tasks;
        tasks.reserve(sleeps);
        for (std::uint64_t i = 0; i < sleeps; ++i) tasks.push_back(sleep_hocket(nap(i)));
        co_await hk::gather(std::move(tasks));
    }
}
void gather_sleeps_hocket(benchmark::State& state) {
    const auto sleeps = static_cast<std::uint64_t>(state.range(0));
    hk::run(run_sleeps(state, sleeps));
    report_each(state, static_cast<double>(sleeps));
}

asio::awaitable<void> sleep_asio(std::chrono::microseconds length, std::uint64_t& ended) {
    asio::steady_timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(asio::use_awaitable);
    ++ended;
}
void gather_sleeps_asio(benchmark::State& state) {
    const auto sleeps = static_cast<std::uint64_t>(state.range(0));
    asio::io_context context(1);
    for (auto _ : state) {
        std::uint64_t ended = 0;
        for (std::uint64_t i = 0; i < sleeps; ++i) asio::co_spawn(context, sleep_asio(nap(i), ended), asio::detached);
        context.run();
        context.restart();
        expect(state, ended, sleeps);
    }
    report_each(state, static_cast<double>(sleeps));
}

// ---- the same sleeps, and tasks that are spawned and joined, in Python: what its process takes of the processor

void python(benchmark::State& state, const char* work, const char* loop) {
    const std::string command = std::string("/usr/bin/python3 '") + HOCKET_BENCH_FOLDER "/python_tasks.py' " + work +
                                " " + loop + " " + std::to_string(state.range(0));
    for (auto _ : state) {
        FILE* const out = ::popen(command.c_str(), "r");
        double seconds = 0;
        const int found = out ? std::fscanf(out, "%lf", &seconds) : 0;
        if (out) ::pclose(out);
        if (found != 1) {
            state.SkipWithError("it does not start: is it installed?");
            break;
        }
        state.SetIterationTime(seconds);
    }
    report_each(state, static_cast<double>(state.range(0)));
}

// ---- memory of a suspended task: counters, not times

constexpr int kTasks = 200'000;

double resident_bytes() {
    std::ifstream file("/proc/self/smaps_rollup");
    std::string word;
    while (file >> word && word != "Rss:") {
    }
    double kibibytes = 0;
    file >> kibibytes;
    return kibibytes * 1024;
}

struct BytesPerTask {
    double raw = 0, asio = 0, awaited = 0, spawned = 0, named = 0;
};

hk::Task<void> waits(const hk::Future<void>& event) { co_await event; }
hk::Task<void> waits_for(hk::Task<void> inner) { co_await std::move(inner); }
asio::awaitable<void> waits_for_timer(asio::steady_timer& timer) { co_await timer.async_wait(asio::use_awaitable); }

hk::Task<void> measure_hocket(BytesPerTask& bytes) {
    hk::Promise<void> promise;
    const hk::Future<void> event = promise.future();
    double before = resident_bytes();
    hk::Task<void> chain = waits(event);
    for (int i = 1; i < kTasks; ++i) chain = waits_for(std::move(chain));
    hk::create_task(std::move(chain));
    co_await hk::yield_now();
    bytes.awaited = (resident_bytes() - before) / kTasks;
    before = resident_bytes();
    for (int i = 0; i < kTasks; ++i) hk::create_task(waits(event));
    co_await hk::yield_now();
    bytes.spawned = (resident_bytes() - before) / kTasks;
    before = resident_bytes();
    for (int i = 0; i < kTasks; ++i) hk::create_task(waits(event), "fetch page");
    co_await hk::yield_now();
    bytes.named = (resident_bytes() - before) / kTasks;
    promise.set_result();
}

raw::Job raw_waiter(raw::Ring&, raw::Event& event) { co_await event; }

void measure_others(BytesPerTask& bytes) {
    raw::Ring ring;
    raw::Event event;
    double before = resident_bytes();
    for (int i = 0; i < kTasks; ++i) {
        raw_waiter(ring, event);
        ring.run();
    }
    bytes.raw = (resident_bytes() - before) / kTasks;
    before = resident_bytes();
    asio::io_context context(1);
    asio::steady_timer timer(context, std::chrono::hours(1));
    for (int i = 0; i < kTasks; ++i) asio::co_spawn(context, waits_for_timer(timer), asio::detached);
    context.poll();
    bytes.asio = (resident_bytes() - before) / kTasks;
    event.set();
}

void bytes_of_suspended_task(benchmark::State& state) {
    // Once, on a thread of its own, which has no freed memory to reuse.
    static const BytesPerTask bytes = [] {
        BytesPerTask measured;
        std::thread([&] {
            hk::run(measure_hocket(measured));
            measure_others(measured);
        }).join();
        return measured;
    }();
    for (auto _ : state) benchmark::ClobberMemory();
    state.counters["raw"] = bytes.raw;
    state.counters["asio"] = bytes.asio;
    state.counters["awaited"] = bytes.awaited;
    state.counters["spawned"] = bytes.spawned;
    state.counters["named"] = bytes.named;
    if (bytes.raw < 16 || bytes.awaited < 16 || bytes.spawned < 16) state.SkipWithError("memory was reused");
}

BENCHMARK(await_ready_child_raw);
BENCHMARK(await_ready_child_hocket);
BENCHMARK(await_ready_child_asio);

const auto many = [](benchmark::internal::Benchmark* benchmark) {
    benchmark->Arg(100)->Arg(1000)->Arg(1'000'000)->ArgName("tasks")->Unit(benchmark::kMicrosecond);
};
BENCHMARK_TEMPLATE(spawn_and_join_raw, Wait::none)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_hocket, Wait::none)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_await_each_hocket, Wait::none)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_asio, Wait::none)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_raw, Wait::yield)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_hocket, Wait::yield)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_await_each_hocket, Wait::yield)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_asio, Wait::yield)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_raw, Wait::event)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_join_hocket, Wait::event)->Apply(many);
BENCHMARK_TEMPLATE(spawn_and_await_each_hocket, Wait::event)->Apply(many);

BENCHMARK(yield_raw)->Arg(1)->Arg(1000)->ArgName("coroutines")->Unit(benchmark::kMicrosecond);
BENCHMARK(yield_hocket)->Arg(1)->Arg(1000)->ArgName("coroutines")->Unit(benchmark::kMicrosecond);
BENCHMARK(yield_asio)->Arg(1)->Arg(1000)->ArgName("coroutines")->Unit(benchmark::kMicrosecond);

BENCHMARK(gather_sleeps_hocket)->Arg(100'000)->ArgName("sleeps")->Unit(benchmark::kMicrosecond);
BENCHMARK(gather_sleeps_asio)->Arg(100'000)->ArgName("sleeps")->Unit(benchmark::kMicrosecond);

const auto python_times = [](benchmark::internal::Benchmark* benchmark) {
    benchmark->UseManualTime()->Unit(benchmark::kMicrosecond);
};
BENCHMARK_CAPTURE(python, sleeps_asyncio, "sleeps", "asyncio")->Arg(100'000)->ArgName("sleeps")->Apply(python_times);
BENCHMARK_CAPTURE(python, sleeps_uvloop, "sleeps", "uvloop")->Arg(100'000)->ArgName("sleeps")->Apply(python_times);
BENCHMARK_CAPTURE(python, tasks_asyncio, "tasks", "asyncio")->Arg(1'000'000)->ArgName("tasks")->Apply(python_times);
BENCHMARK_CAPTURE(python, tasks_uvloop, "tasks", "uvloop")->Arg(1'000'000)->ArgName("tasks")->Apply(python_times);

BENCHMARK(bytes_of_suspended_task)->Iterations(1);

}  // namespace
