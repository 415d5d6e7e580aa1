// Event loops and other threads: posting into a loop, ping-pong between two, plain callbacks. Real time, since several
// threads take part.

#include <benchmark/benchmark.h>
#include <pthread.h>
#include <sched.h>

#include <asio.hpp>
#include <hocket/aio.hpp>
#include <latch>
#include <thread>
#include <vector>

#include "figures.hpp"
#include "raw_loop.hpp"

namespace {

namespace hk = hocket;
using namespace std::chrono_literals;
using hk::bench::expect;
using hk::bench::report_each;

// ---- posting: another thread posts a million calls, the loop's thread runs them; until the last has run

constexpr std::uint64_t kPosts = 1'000'000;

void post_raw(benchmark::State& state) {
    std::vector<raw::Node> nodes(kPosts);
    for (auto _ : state) {
        raw::Mailbox mailbox;
        std::thread producer([&] {
            for (raw::Node& node : nodes) mailbox.post(node);
        });
        std::uint64_t ran = 0;
        while (ran < kPosts) {
            for (raw::Node* node = mailbox.take(0ns); node; node = node->next) ++ran;
        }
        producer.join();
        expect(state, ran, kPosts);
    }
    report_each(state, kPosts);
}

void post_hocket(benchmark::State& state) {
    for (auto _ : state) {
        hk::EventLoop loop;
        std::uint64_t ran = 0;
        std::thread producer([&] {
            for (std::uint64_t i = 0; i < kPosts; ++i) loop.call_soon_threadsafe([&ran] { ++ran; });
            loop.stop();
        });
        loop.run_forever();
        producer.join();
        expect(state, ran, kPosts);
    }
    report_each(state, kPosts);
}

void post_asio(benchmark::State& state) {
    for (auto _ : state) {
        asio::io_context context;
        auto work = asio::make_work_guard(context);
        std::uint64_t ran = 0;
        std::thread producer([&] {
            for (std::uint64_t i = 0; i < kPosts; ++i) asio::post(context, [&ran] { ++ran; });
            work.reset();
        });
        context.run();
        producer.join();
        expect(state, ran, kPosts);
    }
    report_each(state, kPosts);
}

// Keeps the calling thread on one processor for a scope, so that two loops do not share one by chance.
class StayOn {
public:
    explicit StayOn(unsigned processor) {
        pthread_getaffinity_np(pthread_self(), sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(processor % std::max(1u, std::thread::hardware_concurrency()), &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    }
    StayOn(const StayOn&) = delete;
    StayOn& operator=(const StayOn&) = delete;
    ~StayOn() { pthread_setaffinity_np(pthread_self(), sizeof before_, &before_); }

private:
    cpu_set_t before_;
};

// ---- ping-pong: one call travels to the other loop and back; each iteration is many such round trips

constexpr std::uint64_t kRounds = 1'000;

void ping_pong_raw(benchmark::State& state) {
    const StayOn processor(0);
    const std::chrono::microseconds spin(state.range(0));
    for (auto _ : state) {
        raw::Mailbox here, there;
        raw::Node node;
        std::thread other([&] {
            const StayOn processor(1);
            for (std::uint64_t round = 0; round < kRounds; ++round) {
                while (!there.take(spin)) {
                }
                here.post(node);
            }
        });
        std::uint64_t rounds = 0;
        for (; rounds < kRounds; ++rounds) {
            there.post(node);
            while (!here.take(spin)) {
            }
        }
        other.join();
        expect(state, rounds, kRounds);
    }
    report_each(state, kRounds);
}

// `post(loop, function)` posts to one of two loops that run; `stop` ends both.
template <class Loop, class Post, class Stop>
class PingPong {
public:
    PingPong(Loop& here, Loop& there, Post post, Stop stop) : here_(here), there_(there), post_(post), stop_(stop) {}
    void ping() {
        post_(there_, [this] { pong(); });
    }
    std::uint64_t rounds() const { return rounds_; }

private:
    void pong() {
        post_(here_, [this] {
            if (++rounds_ < kRounds) return ping();
            stop_(here_);
            stop_(there_);
        });
    }
    Loop& here_;
    Loop& there_;
    Post post_;
    Stop stop_;
    std::uint64_t rounds_ = 0;
};

void ping_pong_hocket(benchmark::State& state) {
    const StayOn processor(0);
    const auto post = [](hk::EventLoop& loop, auto function) { loop.call_soon_threadsafe(function); };
    const auto stop = [](hk::EventLoop& loop) { loop.stop(); };
    for (auto _ : state) {
        hk::EventLoop here, there;
        PingPong game(here, there, post, stop);
        std::thread other([&] {
            const StayOn processor(1);
            there.run_forever();
        });
        game.ping();
        here.run_forever();
        other.join();
        expect(state, game.rounds(), kRounds);
    }
    report_each(state, kRounds);
}

void ping_pong_asio(benchmark::State& state) {
    const StayOn processor(0);
    const auto post = [](asio::io_context& loop, auto function) { asio::post(loop, function); };
    const auto stop = [](asio::io_context& loop) { loop.stop(); };
    for (auto _ : state) {
        asio::io_context here, there;
        auto work_here = asio::make_work_guard(here);
        auto work_there = asio::make_work_guard(there);
        PingPong game(here, there, post, stop);
        std::thread other([&] {
            const StayOn processor(1);
            there.run();
        });
        game.ping();
        here.run();
        other.join();
        expect(state, game.rounds(), kRounds);
    }
    report_each(state, kRounds);
}

// ---- what a loop costs that is woken at a slow pace: processor time of the whole process for each wake-up

void slow_wake_ups(benchmark::State& state) {
    constexpr std::uint64_t kWakeUps = 100;
    for (auto _ : state) {
        hk::EventLoop loop;
        std::uint64_t ran = 0;
        std::thread other([&] {
            for (std::uint64_t i = 0; i < kWakeUps; ++i) {
                std::this_thread::sleep_for(1ms);
                loop.call_soon_threadsafe([&ran] { ++ran; });
            }
            loop.stop();
        });
        loop.run_forever();
        other.join();
        expect(state, ran, kWakeUps);
    }
    report_each(state, kWakeUps);
}

// ---- callbacks of the loop's own thread, each of which plans the next

constexpr std::uint64_t kCalls = 100'000;

class Chain {
public:
    explicit Chain(hk::EventLoop& loop) : loop_(loop) {}
    void next() {
        if (++calls_ == kCalls) return loop_.stop();
        loop_.call_soon([this] { next(); });
    }
    std::uint64_t calls() const { return calls_; }

private:
    hk::EventLoop& loop_;
    std::uint64_t calls_ = 0;
};

void call_soon_hocket(benchmark::State& state) {
    for (auto _ : state) {
        hk::EventLoop loop;
        Chain chain(loop);
        chain.next();
        loop.run_forever();
        expect(state, chain.calls(), kCalls);
    }
    report_each(state, kCalls);
}

void call_soon_asio(benchmark::State& state) {
    for (auto _ : state) {
        asio::io_context context(1);
        std::uint64_t calls = 0;
        struct Call {
            asio::io_context& context;
            std::uint64_t& calls;
            void operator()() {
                if (++calls < kCalls) asio::post(context, Call{context, calls});
            }
        };
        asio::post(context, Call{context, calls});
        context.run();
        expect(state, calls, kCalls);
    }
    report_each(state, kCalls);
}

const auto threads = [](benchmark::internal::Benchmark* benchmark) {
    benchmark->UseRealTime()->Unit(benchmark::kMillisecond);
};
BENCHMARK(post_raw)->Apply(threads);
BENCHMARK(post_hocket)->Apply(threads);
BENCHMARK(post_asio)->Apply(threads);
BENCHMARK(ping_pong_raw)->ArgName("spin_us")->Arg(0)->Arg(50)->Apply(threads);
BENCHMARK(ping_pong_hocket)->Apply(threads);
BENCHMARK(ping_pong_asio)->Apply(threads);
BENCHMARK(slow_wake_ups)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(call_soon_hocket)->Unit(benchmark::kMillisecond);
BENCHMARK(call_soon_asio)->Unit(benchmark::kMillisecond);

}  // namespace
