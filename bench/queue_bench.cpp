// Queues beside a mutex with two condition variables, TBB's bounded queue and moodycamel's (which is unbounded).

#include <benchmark/benchmark.h>
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <poll.h>
#include <tbb/concurrent_queue.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <hocket/aio.hpp>
#include <hocket/queue.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "figures.hpp"

namespace {

namespace hk = hocket;
using hk::bench::report_each;

constexpr std::size_t kBound = 1024;
constexpr std::uint64_t kItems = 400'000;  // of all producers together

class Locked {
public:
    void put(std::uint64_t item) {
        {
            std::unique_lock guard(mutex_);
            room_.wait(guard, [this] { return items_.size() < kBound; });
            items_.push_back(item);
        }
        item_.notify_one();
    }
    std::uint64_t get() {
        std::unique_lock guard(mutex_);
        item_.wait(guard, [this] { return !items_.empty(); });
        const std::uint64_t item = items_.front();
        items_.pop_front();
        guard.unlock();
        room_.notify_one();
        return item;
    }

private:
    std::mutex mutex_;
    std::condition_variable item_, room_;
    std::deque<std::uint64_t> items_;
};
class Tbb {
public:
    Tbb() { queue_.set_capacity(kBound); }
    void put(std::uint64_t item) { queue_.push(item); }
    std::uint64_t get() {
        std::uint64_t item = 0;
        queue_.pop(item);
        return item;
    }

private:
    tbb::concurrent_bounded_queue<std::uint64_t> queue_;
};
class Moodycamel {
public:
    void put(std::uint64_t item) { queue_.enqueue(item); }
    std::uint64_t get() {
        std::uint64_t item = 0;
        queue_.wait_dequeue(item);
        return item;
    }

private:
    moodycamel::BlockingConcurrentQueue<std::uint64_t> queue_;
};
class Hocket {
public:
    void put(std::uint64_t item) { queue_.put(item); }
    std::uint64_t get() { return queue_.get(); }

private:
    hk::Queue<std::uint64_t> queue_{kBound};
};

// As many producers as consumers.
template <class Q>
void threads(benchmark::State& state) {
    const auto pairs = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        Q queue;
        std::vector<std::thread> workers;
        std::vector<std::uint64_t> sums(pairs);
        for (std::uint64_t pair = 0; pair < pairs; ++pair) {
            workers.emplace_back([&] {
                for (std::uint64_t i = 0; i < kItems / pairs; ++i) queue.put(i);
            });
            workers.emplace_back([&, pair] {
                for (std::uint64_t i = 0; i < kItems / pairs; ++i) sums[pair] += queue.get();
            });
        }
        for (std::thread& worker : workers) worker.join();
        std::uint64_t sum = 0;
        for (const std::uint64_t part : sums) sum += part;
        hk::bench::expect(state, sum, pairs * ((kItems / pairs) * (kItems / pairs - 1) / 2));
    }
    report_each(state, kItems);
}
BENCHMARK(threads<Locked>)->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(threads<Tbb>)->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(threads<Moodycamel>)->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(threads<Hocket>)->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

// ---- coroutines

hk::Task<void> produce(hk::Queue<std::uint64_t>& queue) {
    for (std::uint64_t i = 0; i < kItems; ++i) co_await queue.async_put(i);
}
hk::Task<std::uint64_t> consume(hk::Queue<std::uint64_t>& queue) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < kItems; ++i) sum += co_await queue.async_get();
    co_return sum;
}
hk::Task<std::uint64_t> both(hk::Queue<std::uint64_t>& queue) {
    auto [nothing, sum] = co_await hk::gather(produce(queue), consume(queue));
    co_return sum;
}
void tasks_in_one_loop(benchmark::State& state) {
    for (auto _ : state) {
        hk::Queue<std::uint64_t> queue(kBound);
        hk::bench::expect(state, hk::run(both(queue)), kItems * (kItems - 1) / 2);
    }
    report_each(state, kItems);
}
void tasks_in_two_loops(benchmark::State& state) {
    for (auto _ : state) {
        hk::Queue<std::uint64_t> queue(kBound);
        std::thread producer([&] { hk::run(produce(queue)); });
        hk::bench::expect(state, hk::run(consume(queue)), kItems * (kItems - 1) / 2);
        producer.join();
    }
    report_each(state, kItems);
}
BENCHMARK(tasks_in_one_loop)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(tasks_in_two_loops)->UseRealTime()->Unit(benchmark::kMillisecond);

// ---- a consumer that polls the descriptor

void polled_throughput(benchmark::State& state) {
    for (auto _ : state) {
        hk::Queue<std::uint64_t> queue;
        pollfd watched{queue.fileno(), POLLIN, 0};
        std::thread producer([&] {
            for (std::uint64_t i = 0; i < kItems; ++i) queue.put(i);
        });
        for (std::uint64_t got = 0; got < kItems;) {
            ::poll(&watched, 1, -1);
            while (queue.try_get()) ++got;
        }
        producer.join();
    }
    report_each(state, kItems);
}
BENCHMARK(polled_throughput)->UseRealTime()->Unit(benchmark::kMillisecond);

// There and back between two threads that poll: twice the time from put() to the end of the other's poll().
void polled_round_trip(benchmark::State& state) {
    hk::Queue<int> there, back;
    const auto take = [](hk::Queue<int>& queue) {
        pollfd watched{queue.fileno(), POLLIN, 0};
        ::poll(&watched, 1, -1);
        return queue.try_get().value_or(-1);
    };
    std::thread other([&] {
        while (take(there) >= 0) back.put(1);
    });
    for (auto _ : state) {
        there.put(1);
        hk::bench::expect(state, static_cast<std::uint64_t>(take(back)), 1);
    }
    there.put(-1);
    other.join();
}
BENCHMARK(polled_round_trip)->UseRealTime();

}  // namespace
