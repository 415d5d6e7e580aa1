// Timers: a million live ones armed and cancelled, few live ones as I/O time-outs use them, sleeping tasks.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <asio.hpp>
#include <chrono>
#include <deque>
#include <hocket/aio.hpp>
#include <numeric>
#include <random>
#include <vector>

#include "figures.hpp"
#include "raw_timer_wheel.hpp"

namespace {

namespace hk = hocket;
using namespace std::chrono_literals;
using hk::bench::expect;
using hk::bench::processor_time;
using hk::bench::report_each;

constexpr std::size_t kMany = 1'000'000;

class IdleTimer final : public hk::detail::Timer {
public:
    void expired() noexcept override {}
};

enum Order { random_order, ascending };

// `count` deadlines within ten minutes, in milliseconds.
std::vector<std::uint64_t> deadlines(std::size_t count, Order order) {
    std::mt19937 generator(42);
    std::uniform_int_distribution<std::uint64_t> within(1'000, 600'000);
    std::vector<std::uint64_t> result(count);
    std::generate(result.begin(), result.end(), [&] { return within(generator); });
    if (order == ascending) std::sort(result.begin(), result.end());
    return result;
}

// What the timers of an iteration are armed and cancelled by: the indices of all, as they come or shuffled.
std::vector<std::size_t> indices(std::size_t count, Order order) {
    std::vector<std::size_t> result(count);
    std::iota(result.begin(), result.end(), std::size_t{0});
    if (order == random_order) std::shuffle(result.begin(), result.end(), std::mt19937(7));
    return result;
}

// Which half of the work is timed.
enum Half { arming, cancelling };

// One iteration arms a million timers one after the other in memory, and cancels them; one half of that is counted.
template <class Arm, class Cancel, class Live>
void arm_and_cancel_many(benchmark::State& state, Half half, Arm arm, Cancel cancel, Live live) {
    const auto when = deadlines(kMany, static_cast<Order>(state.range(0)));
    const auto order = indices(kMany, half == arming ? ascending : static_cast<Order>(state.range(1)));
    for (auto _ : state) {
        const double start = processor_time();
        for (std::size_t i = 0; i < kMany; ++i) arm(i, when[i]);
        const double armed = processor_time();
        expect(state, live(), kMany);
        const double middle = processor_time();
        for (std::size_t i : order) cancel(i);
        const double end = processor_time();
        expect(state, live(), 0);
        state.SetIterationTime(half == arming ? armed - start : end - middle);
    }
    report_each(state, kMany);
}

void many_timers_raw(benchmark::State& state, Half half) {
    raw::TimerWheel wheel;
    std::vector<raw::WheelTimer> timers(kMany);
    arm_and_cancel_many(
        state, half, [&](std::size_t i, std::uint64_t when) { wheel.arm(timers[i], when); },
        [&](std::size_t i) { wheel.cancel(timers[i]); }, [&] { return wheel.size(); });
}

// The timers inside of operations, as sleep(), timeout() and sockets have them.
void many_timers_hocket(benchmark::State& state, Half half) {
    hk::detail::TimerHeap heap;
    std::vector<IdleTimer> timers(kMany);
    arm_and_cancel_many(
        state, half,
        [&](std::size_t i, std::uint64_t when) { heap.arm(timers[i], hk::TimePoint(std::chrono::milliseconds(when))); },
        [&](std::size_t i) { heap.cancel(timers[i]); }, [&] { return heap.size(); });
}

// Plain calls at a time, with the allocation that each needs.
void many_calls_hocket(benchmark::State& state, Half half) {
    hk::EventLoop loop;
    std::vector<hk::TimerHandle> handles;
    handles.reserve(kMany);
    arm_and_cancel_many(
        state, half,
        [&](std::size_t i, std::uint64_t when) {
            if (i == 0) handles.clear();
            handles.push_back(loop.call_at(hk::TimePoint(std::chrono::milliseconds(when)), [] {}));
        },
        [&](std::size_t i) { handles[i].cancel(); }, [&] { return loop.timers().size(); });
}

void many_timers_asio(benchmark::State& state, Half half) {
    asio::io_context context(1);
    std::deque<asio::steady_timer> timers;
    for (std::size_t i = 0; i < kMany; ++i) timers.emplace_back(context);
    std::size_t live = 0;
    arm_and_cancel_many(
        state, half,
        [&](std::size_t i, std::uint64_t when) {
            timers[i].expires_after(std::chrono::milliseconds(when));
            timers[i].async_wait([](const asio::error_code&) {});
            ++live;
        },
        [&](std::size_t i) { live -= timers[i].cancel(); },
        [&] {
            if (live == 0) context.poll();  // runs the cancelled handlers; not timed
            context.restart();
            return live;
        });
}

// ---- few live: one iteration arms and cancels one time-out beside some others that stay

constexpr std::size_t kFew = 50;

void one_of_few_raw(benchmark::State& state) {
    raw::TimerWheel wheel;
    std::vector<raw::WheelTimer> others(kFew);
    const auto when = deadlines(kFew, random_order);
    for (std::size_t i = 0; i < kFew; ++i) wheel.arm(others[i], when[i]);
    raw::WheelTimer timer;
    std::uint64_t deadline = 30'000;
    for (auto _ : state) {
        wheel.arm(timer, deadline++);
        benchmark::ClobberMemory();
        wheel.cancel(timer);
    }
    expect(state, wheel.size(), kFew);
}

void one_of_few_hocket(benchmark::State& state) {
    std::vector<IdleTimer> others(kFew);  // outlive the heap, which tells them of its end
    hk::detail::TimerHeap heap;
    const auto when = deadlines(kFew, random_order);
    for (std::size_t i = 0; i < kFew; ++i) heap.arm(others[i], hk::TimePoint(std::chrono::milliseconds(when[i])));
    IdleTimer timer;
    hk::TimePoint deadline(30s);
    for (auto _ : state) {
        heap.arm(timer, deadline += 1us);
        benchmark::ClobberMemory();
        heap.cancel(timer);
    }
    expect(state, heap.size(), kFew);
}

void one_of_few_asio(benchmark::State& state) {
    asio::io_context context(1);
    std::deque<asio::steady_timer> others;
    for (std::uint64_t when : deadlines(kFew, random_order)) {
        others.emplace_back(context, std::chrono::milliseconds(when));
        others.back().async_wait([](const asio::error_code&) {});
    }
    asio::steady_timer timer(context);
    std::uint64_t cancelled = 0;
    for (auto _ : state) {
        timer.expires_after(30s);
        timer.async_wait([](const asio::error_code&) {});
        cancelled += timer.cancel();
        context.poll();
    }
    expect(state, cancelled, static_cast<std::uint64_t>(state.iterations()));
}

// ---- the limit of one operation, as a user writes it; the work inside does not wait

hk::Task<void> nothing() { co_return; }
hk::Task<void> run_timeouts(benchmark::State& state) {
    std::uint64_t done = 0;
    for (auto _ : state) {
        co_await hk::timeout(30s, nothing());
        ++done;
    }
    expect(state, done, static_cast<std::uint64_t>(state.iterations()));
}
void timeout_hocket(benchmark::State& state) { hk::run(run_timeouts(state)); }

// ---- sleeps: ten thousand tasks that sleep different times within a millisecond of virtual time

constexpr std::size_t kSleepers = 10'000;

hk::Task<void> sleeper(std::chrono::nanoseconds time, std::size_t& woken) {
    co_await hk::sleep(time);
    ++woken;
}
hk::Task<void> run_sleepers(benchmark::State& state) {
    const auto when = deadlines(kSleepers, random_order);
    for (auto _ : state) {
        std::size_t woken = 0;
        auto body = [&](hk::TaskGroup& group) -> hk::Task<void> {
            for (std::uint64_t each : when) group.create_task(sleeper(std::chrono::nanoseconds(each), woken));
            co_return;
        };
        co_await hk::task_group(body);
        expect(state, woken, kSleepers);
    }
}
void sleeps_hocket(benchmark::State& state) {
    hk::VirtualClock clock;
    hk::LoopOptions options;
    options.clock = &clock;
    hk::run(run_sleepers(state), options);
    report_each(state, kSleepers);
}

const auto armed = [](benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgName("ascending")->UseManualTime()->Unit(benchmark::kMillisecond);
    benchmark->Arg(random_order)->Arg(ascending);
};
const auto cancelled = [](benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgNames({"ascending", "as_armed"})->UseManualTime()->Unit(benchmark::kMillisecond);
    benchmark->Args({random_order, ascending})->Args({random_order, random_order})->Args({ascending, ascending});
};
BENCHMARK_CAPTURE(many_timers_raw, arm, arming)->Apply(armed);
BENCHMARK_CAPTURE(many_timers_hocket, arm, arming)->Apply(armed);
BENCHMARK_CAPTURE(many_calls_hocket, arm, arming)->Apply(armed);
BENCHMARK_CAPTURE(many_timers_asio, arm, arming)->Apply(armed);
BENCHMARK_CAPTURE(many_timers_raw, cancel, cancelling)->Apply(cancelled);
BENCHMARK_CAPTURE(many_timers_hocket, cancel, cancelling)->Apply(cancelled);
BENCHMARK_CAPTURE(many_calls_hocket, cancel, cancelling)->Apply(cancelled);
BENCHMARK_CAPTURE(many_timers_asio, cancel, cancelling)->Apply(cancelled);
BENCHMARK(one_of_few_raw);
BENCHMARK(one_of_few_hocket);
BENCHMARK(one_of_few_asio);
BENCHMARK(timeout_hocket);
BENCHMARK(sleeps_hocket)->Unit(benchmark::kMillisecond);

}  // namespace
