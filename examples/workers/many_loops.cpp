// An event loop in each worker process, all driven from one parent: tasks that ask a server many questions each, spread
// over processes. The server is one of ours, on the loopback, in a process of its own.
//
//     many_loops [TASKS [QUERIES [WORKERS]]]
#include <hocket/net.hpp>
#include <hocket/process.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

hk::Task<void> answer(hk::Stream client) {
    while (const auto query = co_await client.read_line()) {
        const std::string reply = "row " + *query + "\n";
        co_await client.write(reply);
    }
}
hk::Task<void> serve(hk::SharedQueue<std::uint16_t> port, hk::SharedEvent enough) {
    hk::Server server = co_await hk::start_server("127.0.0.1", 0, answer);
    port.put(server.port());
    const auto wait = [&] { enough.wait(); };  // of a thread: what is shared between processes is not awaited
    co_await hk::to_thread(wait);
    co_await server.close();
}
void run_server(hk::SharedQueue<std::uint16_t> port, hk::SharedEvent enough) { hk::run(serve(port, enough)); }

// One task: a connection, and one query after another.
hk::Task<int> ask(std::uint16_t port, int queries) {
    hk::Stream server = co_await hk::open_connection("127.0.0.1", port);
    int answered = 0;
    for (int i = 0; i < queries; ++i) {
        const std::string query = std::to_string(i) + "\n";
        co_await server.write(query);
        const auto row = co_await server.read_line();
        if (!row || *row != "row " + std::to_string(i)) throw std::runtime_error("wrong answer");
        ++answered;
    }
    co_return answered;
}
// What a worker is asked for: so many of them at the same time, on a loop of its own.
hk::Task<int> ask_together(std::uint16_t port, int tasks, int queries) {
    std::vector<hk::Task<int>> all;
    for (int i = 0; i < tasks; ++i) all.push_back(ask(port, queries));
    const std::vector<int> answered = co_await hk::gather(std::move(all));
    int sum = 0;
    for (const int count : answered) sum += count;
    co_return sum;
}
int work(std::uint16_t port, int tasks, int queries) { return hk::run(ask_together(port, tasks, queries)); }

// The parent has a loop too, which goes on while the workers work.
hk::Task<int> drive(hk::ProcessPool& pool, std::uint16_t port, int tasks, int queries) {
    const auto workers = static_cast<int>(pool.concurrency());
    std::vector<hk::Future<int>> jobs;
    for (int worker = 0; worker < workers; ++worker) {
        const int share = tasks / workers + (worker < tasks % workers ? 1 : 0);
        if (share > 0) jobs.push_back(pool.submit(&work, port, share, queries));
    }
    int total = 0;
    for (hk::Future<int>& job : jobs) total += co_await job;
    co_return total;
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "many_loops [TASKS [QUERIES [WORKERS]]]");
    const int tasks = arguments.number("TASKS", 5, 1, 1'000);
    const int queries = arguments.number("QUERIES", 10'000, 1, 10'000'000);
    const auto workers = arguments.number<std::size_t>("WORKERS", 2, 1, 64);
    arguments.end();

    hk::SharedQueue<std::uint16_t> ports(1);
    hk::SharedEvent enough;
    hk::Process server(&run_server, ports, enough);
    const std::uint16_t port = ports.get();
    const auto start = std::chrono::steady_clock::now();
    {
        hk::ProcessPool pool({.max_workers = workers});
        std::cout << "total queries are: " << hk::run(drive(pool, port, tasks, queries)) << '\n';
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << tasks * queries / took.count() << " queries/s by " << workers << " processes\n";
    enough.set();
    server.join();
    std::cout << "server ended with " << server.exit_code().value_or(-1) << '\n';
}
