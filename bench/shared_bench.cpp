// What processes share: values under locks, and queues, beside the robust mutex of the C library and pipes. The other
// process is forked for each measurement, and works as fast as it can until it is killed.
#include <benchmark/benchmark.h>
#include <hocket/process.hpp>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <string>

namespace hk = hocket;

namespace {

// Runs `work()` again and again in another process, as long as this lives.
class Other {
public:
    template <class Work>
    explicit Other(Work work) : pid_(::fork()) {
        if (pid_ != 0) return;
        for (;;) work();
    }
    Other(const Other&) = delete;
    Other& operator=(const Other&) = delete;
    ~Other() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

private:
    pid_t pid_;
};

// std::mutex's counterpart in shared memory, as one would write it by hand.
class RobustMutex {
public:
    RobustMutex() : memory_(sizeof(pthread_mutex_t)) {
        pthread_mutexattr_t attributes;
        ::pthread_mutexattr_init(&attributes);
        ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        ::pthread_mutex_init(get(), &attributes);
        ::pthread_mutexattr_destroy(&attributes);
    }
    void lock() {
        if (::pthread_mutex_lock(get()) == EOWNERDEAD) ::pthread_mutex_consistent(get());
    }
    void unlock() { ::pthread_mutex_unlock(get()); }

private:
    pthread_mutex_t* get() { return reinterpret_cast<pthread_mutex_t*>(memory_.data()); }
    hk::SharedMemory memory_;
};

template <class Increment>
void count(benchmark::State& state, const hk::SharedValue<long>& counter, Increment increment) {
    if (state.range(0) == 1) {
        for (auto _ : state) increment();
        state.SetItemsProcessed(state.iterations());
        return;
    }
    Other other(increment);
    while (std::atomic_ref(*counter) == 0) {
    }
    const long before = std::atomic_ref(*counter);
    for (auto _ : state) increment();
    // Both processes' work in the time of this one.
    state.SetItemsProcessed(std::atomic_ref(*counter) - before);
}

void value_shared_lock(benchmark::State& state) {
    hk::SharedValue<long> counter(0);
    count(state, counter, [&] {
        try {
            std::scoped_lock guard(counter.lock());
            ++*counter;
        } catch (const hk::OwnerDiedError&) {
            const auto guard = counter.lock().recover();
        }
    });
}
BENCHMARK(value_shared_lock)->ArgName("processes")->Arg(1)->Arg(2)->UseRealTime();

void value_robust_mutex(benchmark::State& state) {
    hk::SharedValue<long> counter(0);
    RobustMutex mutex;
    count(state, counter, [&] {
        std::scoped_lock guard(mutex);
        ++*counter;
    });
}
BENCHMARK(value_robust_mutex)->ArgName("processes")->Arg(1)->Arg(2)->UseRealTime();

void value_atomic(benchmark::State& state) {
    hk::SharedValue<long> counter(0);
    count(state, counter, [&] { ++std::atomic_ref(*counter); });
}
BENCHMARK(value_atomic)->ArgName("processes")->Arg(1)->Arg(2)->UseRealTime();

void queue_numbers(benchmark::State& state) {
    hk::SharedQueue<long> queue(static_cast<std::size_t>(state.range(0)));
    Other other([&] { queue.put(1); });
    for (auto _ : state) benchmark::DoNotOptimize(queue.get());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(queue_numbers)->ArgName("max_size")->Arg(1)->Arg(1000)->UseRealTime();

void queue_strings(benchmark::State& state) {
    hk::SharedQueue<std::string> queue(1000);
    const std::string item(static_cast<std::size_t>(state.range(0)), 'x');
    Other other([&] { queue.put(item); });
    for (auto _ : state) benchmark::DoNotOptimize(queue.get());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(queue_strings)->ArgName("bytes")->Arg(64)->UseRealTime();

void pipe_numbers(benchmark::State& state) {
    int ends[2];
    if (::pipe(ends) != 0) return state.SkipWithError("pipe");
    {
        Other other([&] {
            const long item = 1;
            (void)!::write(ends[1], &item, sizeof item);
        });
        long item = 0;
        for (auto _ : state) benchmark::DoNotOptimize(::read(ends[0], &item, sizeof item));
    }
    ::close(ends[0]);
    ::close(ends[1]);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pipe_numbers)->UseRealTime();

// A question and its answer.
void queue_round_trip(benchmark::State& state) {
    hk::SharedQueue<long> there(1), back(1);
    Other other([&] { back.put(there.get()); });
    for (auto _ : state) {
        there.put(1);
        benchmark::DoNotOptimize(back.get());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(queue_round_trip)->UseRealTime();

void semaphore_round_trip(benchmark::State& state) {
    hk::SharedSemaphore there(0), back(0);
    Other other([&] {
        there.acquire();
        back.release();
    });
    for (auto _ : state) {
        there.release();
        back.acquire();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(semaphore_round_trip)->UseRealTime();

}  // namespace
