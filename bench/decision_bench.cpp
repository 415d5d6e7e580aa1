// What docs/threads-processes-or-coroutines.md decides by: the same work as tasks, in threads, on a pool, in processes.
//
// Each benchmark is named after a leaf of the decision tree, and the way. "each" is the real time of one request, job
// or thing that waits, "CPU" the processor time of the program for it, servers included, worker processes not. The
// servers are in the program, so that only ways of one leaf compare with each other.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/futures.hpp"
#include "hocket/net.hpp"
#include "hocket/process.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"

namespace {

namespace hk = hocket;
using benchmark::Counter;
using benchmark::State;
using namespace std::chrono_literals;

// How much of the processors this process has used; what its workers have is not told to it.
double processor_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    double seconds = 0;
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
        seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    return seconds;
}

std::size_t processors() { return hk::LoopPool().size(); }

// Runs `once()` as often as asked for, and tells what one of its `count` pieces costs.
template <class Once>
void measure(State& state, std::int64_t count, Once once) {
    const double before = processor_seconds();
    for (auto _ : state) once();
    const auto pieces = static_cast<double>(count * static_cast<std::int64_t>(state.iterations()));
    state.counters["each"] = Counter(pieces, Counter::kIsRate | Counter::kInvert);
    state.counters["CPU"] = (processor_seconds() - before) / pieces;
}

// Keeps a processor busy for about as many microseconds, by work that the compiler can't see through.
std::uint64_t compute(std::int64_t microseconds) {
    std::uint64_t value = 88172645463325252u;
    for (std::int64_t step = 0; step < microseconds * 500; ++step) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        benchmark::DoNotOptimize(value);
    }
    return value;
}

// ---- a server whose answers take their time

hk::Task<void> answer_late(hk::Stream client) {
    while (const auto line = co_await client.read_until("\n")) {
        co_await hk::sleep(20ms);
        co_await client.write(*line);
    }
}

hk::Task<hk::Server> start_late_server() { return hk::start_server("127.0.0.1", 0, answer_late); }

class LateServer {
public:
    LateServer() : server_(loop_.submit(start_late_server()).result()) {}
    LateServer(const LateServer&) = delete;
    LateServer& operator=(const LateServer&) = delete;
    ~LateServer() { loop_.submit(server_.close()).result(); }
    std::uint16_t port() const { return server_.port(); }

private:
    hk::LoopThread loop_{"late server"};
    hk::Server server_;
};

int ask_blocking(std::uint16_t port) {
    const hk::Socket socket = hk::Socket::connect("127.0.0.1", port);
    socket.send_all("question\n");
    return static_cast<int>(socket.recv_exactly(9).size());
}

hk::Task<int> ask(std::uint16_t port) {
    hk::Stream stream = co_await hk::open_connection("127.0.0.1", port);
    co_await stream.write("question\n");
    const auto line = co_await stream.read_line();
    co_return static_cast<int>(line->size());
}

// ---- leaf: a client that waits

hk::Task<void> ask_all(std::uint16_t port, std::int64_t count) {
    std::vector<hk::Task<int>> questions;
    for (std::int64_t i = 0; i < count; ++i) questions.push_back(ask(port));
    (void)co_await hk::gather(std::move(questions));
}

void client_one_after_another(State& state) {
    const LateServer server;
    measure(state, state.range(0), [&] {
        for (std::int64_t i = 0; i < state.range(0); ++i) ask_blocking(server.port());
    });
}

void client_tasks(State& state) {
    const LateServer server;
    measure(state, state.range(0), [&] { hk::run(ask_all(server.port(), state.range(0))); });
}

void client_threads(State& state) {
    const LateServer server;
    measure(state, state.range(0), [&] {
        std::vector<hk::Thread> threads;
        for (std::int64_t i = 0; i < state.range(0); ++i) threads.emplace_back(ask_blocking, server.port());
        for (hk::Thread& thread : threads) thread.join();
    });
}

// Any pool, made anew as one does for one errand, with as many workers as there are questions.
template <class Pool>
void client_pool(State& state) {
    const LateServer server;
    measure(state, state.range(0), [&] {
        Pool pool(static_cast<std::size_t>(state.range(0)));
        std::vector<hk::Future<int>> answers;
        for (std::int64_t i = 0; i < state.range(0); ++i) answers.push_back(pool.submit(ask_blocking, server.port()));
        for (const auto& answer : answers) answer.result();
    });
}

// ---- leaf: many that wait

hk::Task<void> wait_for(hk::Event& event, std::int64_t& waiting, hk::Event& all_wait, std::int64_t count) {
    if (++waiting == count) all_wait.set();
    co_await event.async_wait();
}

hk::Task<void> many_tasks(std::int64_t count) {
    hk::Event event, all_wait;
    std::int64_t waiting = 0;
    std::vector<hk::Future<void>> tasks;
    for (std::int64_t i = 0; i < count; ++i)
        tasks.push_back(hk::create_task(wait_for(event, waiting, all_wait, count)));
    co_await all_wait.async_wait();
    event.set();
    for (auto& task : tasks) co_await task;
}

void waiting_tasks(State& state) {
    measure(state, state.range(0), [&] { hk::run(many_tasks(state.range(0))); });
}

void waiting_threads(State& state) {
    measure(state, state.range(0), [&] {
        hk::Event event;
        hk::ThreadOptions small;
        small.stack_size = 64 * 1024;
        std::vector<hk::Thread> threads;
        for (std::int64_t i = 0; i < state.range(0); ++i) threads.emplace_back(small, [&] { event.wait(); });
        event.set();
        for (hk::Thread& thread : threads) thread.join();
    });
}

// ---- leaf: a server, whose handlers compute for so many microseconds

constexpr std::int64_t kClients = 64;
constexpr int kRequests = 20;  // of each client, one after another

hk::Task<void> handle(hk::Stream client, std::int64_t microseconds) {
    while (const auto line = co_await client.read_until("\n")) {
        compute(microseconds);
        co_await client.write(*line);
    }
}

hk::Task<hk::Server> start_echo(std::uint16_t port, std::int64_t microseconds) {
    hk::ServerOptions options;
    options.reuse_port = true;
    const auto handler = [microseconds](hk::Stream client) { return handle(std::move(client), microseconds); };
    return hk::start_server("127.0.0.1", port, handler, options);
}

// On as many loops as asked for.
class LoopServer {
public:
    LoopServer(std::size_t loops, std::int64_t microseconds) : loops_(loops) {
        for (std::size_t i = 0; i < loops_.size(); ++i) {
            auto started = hk::run_coroutine_threadsafe(start_echo(port(), microseconds), loops_.loop(i));
            servers_.push_back(std::move(started).result());
        }
    }
    LoopServer(const LoopServer&) = delete;
    LoopServer& operator=(const LoopServer&) = delete;
    ~LoopServer() {
        for (std::size_t i = 0; i < servers_.size(); ++i)
            hk::run_coroutine_threadsafe(servers_[i].close(), loops_.loop(i)).result();
    }
    std::uint16_t port() const { return servers_.empty() ? std::uint16_t{0} : servers_.front().port(); }

private:
    hk::LoopPool loops_;
    std::vector<hk::Server> servers_;
};

// A thread for each connection.
class ThreadServer {
public:
    explicit ThreadServer(std::int64_t microseconds)
        : listener_(hk::Listener::bind("127.0.0.1", 0)), acceptor_([this, microseconds] { accept(microseconds); }) {}
    ThreadServer(const ThreadServer&) = delete;
    ThreadServer& operator=(const ThreadServer&) = delete;
    std::uint16_t port() const { return listener_.port(); }

private:
    void accept(std::int64_t microseconds) {
        std::vector<hk::Thread> threads;
        for (;;) threads.emplace_back(serve, listener_.accept(), microseconds);
    }
    static void serve(const hk::Socket& client, std::int64_t microseconds) {
        char text[64];
        while (const std::size_t size = client.recv(text)) {
            compute(microseconds);
            client.send_all(std::string_view(text, size));
        }
    }
    hk::Listener listener_;
    hk::Thread acceptor_;
};

hk::Task<void> one_client(std::uint16_t port) {
    hk::Stream stream = co_await hk::open_connection("127.0.0.1", port);
    for (int i = 0; i < kRequests; ++i) {
        co_await stream.write("question\n");
        (void)co_await stream.read_line();
    }
}

hk::Task<void> all_clients(std::uint16_t port) {
    std::vector<hk::Task<void>> clients;
    for (std::int64_t i = 0; i < kClients; ++i) clients.push_back(one_client(port));
    co_await hk::gather(std::move(clients));
}

template <class Server>
void measure_server(State& state, const Server& server) {
    measure(state, kClients * kRequests, [&] { hk::run(all_clients(server.port())); });
}
void server_one_loop(State& state) { measure_server(state, LoopServer(1, state.range(0))); }
void server_loop_per_core(State& state) { measure_server(state, LoopServer(0, state.range(0))); }
void server_threads(State& state) { measure_server(state, ThreadServer(state.range(0))); }

// ---- leaf: work that computes, in 64 jobs of so many microseconds

constexpr std::int64_t kJobs = 64;

void compute_one_thread(State& state) {
    measure(state, kJobs, [&] {
        for (std::int64_t i = 0; i < kJobs; ++i) benchmark::DoNotOptimize(compute(state.range(0)));
    });
}

hk::Task<std::uint64_t> compute_in_task(std::int64_t microseconds) { co_return compute(microseconds); }
hk::Task<void> compute_in_tasks(std::int64_t microseconds) {
    std::vector<hk::Task<std::uint64_t>> tasks;
    for (std::int64_t i = 0; i < kJobs; ++i) tasks.push_back(compute_in_task(microseconds));
    (void)co_await hk::gather(std::move(tasks));
}
void compute_tasks(State& state) {
    measure(state, kJobs, [&] { hk::run(compute_in_tasks(state.range(0))); });
}

template <class Pool>
void compute_pool(State& state) {
    Pool pool(processors());
    measure(state, kJobs, [&] {
        std::vector<hk::Future<std::uint64_t>> jobs;
        for (std::int64_t i = 0; i < kJobs; ++i) jobs.push_back(pool.submit(compute, state.range(0)));
        for (const auto& job : jobs) job.result();
    });
}

// ---- leaf: both: wait for an answer, then compute for so many microseconds with it; 50 of these

constexpr std::int64_t kQuestions = 50;

hk::Task<void> ask_and_compute(std::uint16_t port, std::int64_t microseconds) {
    co_await ask(port);
    compute(microseconds);
}
hk::Task<void> ask_and_compute_in(hk::ThreadPool& pool, std::uint16_t port, std::int64_t microseconds) {
    co_await ask(port);
    co_await hk::run_in_executor(pool, compute, microseconds);
}
template <class MakeTask>
hk::Task<void> fifty(MakeTask make) {
    std::vector<hk::Task<void>> tasks;
    for (std::int64_t i = 0; i < kQuestions; ++i) tasks.push_back(make());
    co_await hk::gather(std::move(tasks));
}

void both_tasks(State& state) {
    const LateServer server;
    const auto make = [&] { return ask_and_compute(server.port(), state.range(0)); };
    measure(state, kQuestions, [&] { hk::run(fifty(make)); });
}

void both_tasks_and_pool(State& state) {
    const LateServer server;
    hk::ThreadPool pool(processors());
    const auto make = [&] { return ask_and_compute_in(pool, server.port(), state.range(0)); };
    measure(state, kQuestions, [&] { hk::run(fifty(make)); });
}

void ask_and_compute_blocking(std::uint16_t port, std::int64_t microseconds) {
    ask_blocking(port);
    compute(microseconds);
}
void both_threads(State& state) {
    const LateServer server;
    measure(state, kQuestions, [&] {
        std::vector<hk::Thread> threads;
        for (std::int64_t i = 0; i < kQuestions; ++i)
            threads.emplace_back(ask_and_compute_blocking, server.port(), state.range(0));
        for (hk::Thread& thread : threads) thread.join();
    });
}
void both_processes(State& state) {
    const LateServer server;
    hk::ProcessPool pool(static_cast<std::size_t>(kQuestions));
    measure(state, kQuestions, [&] {
        std::vector<hk::Future<void>> jobs;
        for (std::int64_t i = 0; i < kQuestions; ++i)
            jobs.push_back(pool.submit(ask_and_compute_blocking, server.port(), state.range(0)));
        for (const auto& job : jobs) job.result();
    });
}

// ---- leaf: what must not take the program with it: the price of one job at a time

template <class Pool>
void job_pool(State& state) {
    Pool pool(std::size_t{1});
    (void)pool.submit(compute, std::int64_t{0}).result();
    measure(state, 1, [&] { benchmark::DoNotOptimize(pool.submit(compute, std::int64_t{0}).result()); });
}

BENCHMARK(client_one_after_another)->Arg(10)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(client_tasks)->Arg(10)->Arg(50)->Arg(1000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(client_threads)->Arg(10)->Arg(50)->Arg(1000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(client_pool<hk::ThreadPool>)->Arg(10)->Arg(50)->Arg(1000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(client_pool<hk::ProcessPool>)->Arg(10)->Arg(50)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(waiting_tasks)->Arg(100)->Arg(10'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(waiting_threads)->Arg(100)->Arg(10'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(server_one_loop)->Arg(0)->Arg(200)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(server_loop_per_core)->Arg(0)->Arg(200)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(server_threads)->Arg(0)->Arg(200)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(compute_one_thread)->Arg(10)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(compute_tasks)->Arg(10)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(compute_pool<hk::ThreadPool>)->Arg(10)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(compute_pool<hk::ProcessPool>)->Arg(10)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(both_tasks)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(both_tasks_and_pool)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(both_threads)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(both_processes)->Arg(2000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(job_pool<hk::ThreadPool>)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(job_pool<hk::ProcessPool>)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
    hk::init(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
