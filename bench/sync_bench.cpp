// Locks, semaphores, barriers and events beside those of the standard library and Abseil.

#include <absl/synchronization/mutex.h>
#include <benchmark/benchmark.h>

#include <barrier>
#include <hocket/aio.hpp>
#include <hocket/sync.hpp>
#include <mutex>
#include <semaphore>
#include <thread>

#include "figures.hpp"

namespace {

namespace hk = hocket;
using hk::bench::report_each;

// ---- a lock taken and given back, by one thread or two; each benchmark's own lock

template <class L>
void lock_unlock(benchmark::State& state) {
    static L lock;
    for (auto _ : state) {
        lock.lock();
        benchmark::ClobberMemory();
        lock.unlock();
    }
}
class AbslMutex {
public:
    void lock() { mutex_.Lock(); }
    void unlock() { mutex_.Unlock(); }

private:
    absl::Mutex mutex_;
};
BENCHMARK(lock_unlock<std::mutex>)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(lock_unlock<AbslMutex>)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(lock_unlock<hk::Lock>)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(lock_unlock<hk::RLock>)->Threads(1)->Threads(2)->UseRealTime();

// ---- a semaphore's permit taken and given back

template <class S>
void acquire_release(benchmark::State& state) {
    S semaphore(1);
    for (auto _ : state) {
        semaphore.acquire();
        semaphore.release();
    }
}
BENCHMARK(acquire_release<std::counting_semaphore<>>);
BENCHMARK(acquire_release<hk::Semaphore>);
BENCHMARK(acquire_release<hk::BoundedSemaphore>);

// ---- two threads meet

void barrier_std(benchmark::State& state) {
    static std::barrier<> barrier(2);
    for (auto _ : state) barrier.arrive_and_wait();
}
void barrier_hocket(benchmark::State& state) {
    static hk::Barrier barrier(2);
    for (auto _ : state) (void)barrier.wait();
}
BENCHMARK(barrier_std)->Threads(2)->Iterations(200'000)->UseRealTime();
BENCHMARK(barrier_hocket)->Threads(2)->Iterations(200'000)->UseRealTime();

// ---- coroutines

hk::Task<void> async_lock_unlock(benchmark::State& state) {
    hk::Lock lock;
    for (auto _ : state) {
        auto guard = co_await lock.async_lock();
        benchmark::ClobberMemory();
    }
}
void async_lock(benchmark::State& state) { hk::run(async_lock_unlock(state)); }
BENCHMARK(async_lock);

constexpr int kHolders = 100, kHolds = 1000;
hk::Task<void> hold_across_yield(hk::Lock& lock, std::uint64_t& held) {
    for (int i = 0; i < kHolds; ++i) {
        auto guard = co_await lock.async_lock();
        ++held;
        co_await hk::yield_now();
    }
}
hk::Task<void> hold_in_turn(benchmark::State& state) {
    for (auto _ : state) {
        hk::Lock lock;
        std::uint64_t held = 0;
        const auto body = [&](hk::TaskGroup& group) -> hk::Task<void> {
            for (int i = 0; i < kHolders; ++i) group.create_task(hold_across_yield(lock, held));
            co_return;
        };
        co_await hk::task_group(body);
        hk::bench::expect(state, held, kHolders * kHolds);
    }
}
void coroutines_hold_lock_across_yield(benchmark::State& state) {
    hk::run(hold_in_turn(state));
    report_each(state, kHolders * kHolds);
}
BENCHMARK(coroutines_hold_lock_across_yield);

// Only the wake-up is timed: from set() until the last waiter has run.
constexpr int kWaiters = 1'000'000;
hk::Task<void> wait_for(hk::Event& event, int& woken) {
    co_await event.async_wait();
    ++woken;
}
hk::Task<void> wake_all(benchmark::State& state) {
    for (auto _ : state) {
        hk::Event event;
        int woken = 0;
        double seconds = 0;
        const auto body = [&](hk::TaskGroup& group) -> hk::Task<void> {
            for (int i = 0; i < kWaiters; ++i) group.create_task(wait_for(event, woken));
            co_await hk::yield_now();
            const double start = hk::bench::processor_time();
            event.set();
            while (woken < kWaiters) co_await hk::yield_now();
            seconds = hk::bench::processor_time() - start;
        };
        co_await hk::task_group(body);
        state.SetIterationTime(seconds);
    }
}
void event_wakes_a_million(benchmark::State& state) {
    hk::run(wake_all(state));
    report_each(state, kWaiters);
}
BENCHMARK(event_wakes_a_million)->UseManualTime()->Iterations(3);

}  // namespace
