// Two hundred blocking requests on a pool of threads, counted under a lock, while a coroutine reports how far they are.
// It ends by itself, also when some of them fail.
//
//     progress [MILLISECONDS_BETWEEN_REPORTS]
#include <hocket/aio.hpp>
#include <hocket/futures.hpp>
#include <hocket/net.hpp>
#include <hocket/sync.hpp>

#include <chrono>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

constexpr int kRequests = 200;

// The server answers after a while; every fiftieth request breaks off.
hk::Task<void> answer(hk::Stream client) {
    const auto request = co_await client.read_line();
    if (!request || request->ends_with("50") || request->ends_with("00")) co_return;
    co_await hk::sleep(20ms);
    co_await client.write("200 " + *request + "\n");
}

class Progress {
public:
    void one_more() {
        const std::scoped_lock guard(lock_);
        ++completed_;
    }
    int completed() const {
        const std::scoped_lock guard(lock_);
        return completed_;
    }

private:
    mutable hk::Lock lock_;
    int completed_ = 0;
};

// Counts a request when it is over, whatever came of it.
class Counted {
public:
    explicit Counted(Progress& progress) : progress_(progress) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { progress_.one_more(); }

private:
    Progress& progress_;
};

// Blocks its thread.
std::string request(std::uint16_t port, int number, Progress& progress) {
    const Counted counted(progress);
    hk::Socket socket = hk::Socket::connect("127.0.0.1", port);
    socket.send_all(std::to_string(number) + "\n");
    std::string status = socket.recv(3);
    if (status.empty()) throw std::runtime_error("no answer");
    return status;
}

hk::Task<void> report(const Progress& progress, std::chrono::milliseconds pause) {
    for (;;) {
        const int completed = progress.completed();
        std::cout << "Finished " << completed << "/" << kRequests << '\n' << std::flush;
        if (completed == kRequests) co_return;
        co_await hk::sleep(pause);
    }
}

hk::Task<void> all(std::chrono::milliseconds pause) {
    hk::Server server = co_await hk::start_server("127.0.0.1", 0, answer);
    hk::ThreadPool pool({.max_workers = 30, .max_pending = kRequests});
    Progress progress;
    hk::Future<void> reporting = hk::create_task(report(progress, pause));
    std::vector<hk::Task<std::string>> requests;
    for (int i = 1; i <= kRequests; ++i)
        requests.push_back(hk::run_in_executor(pool, request, server.port(), i, std::ref(progress)));
    const auto outcomes = co_await hk::gather(hk::return_exceptions, std::move(requests));
    co_await reporting;
    int answered = 0;
    for (const auto& outcome : outcomes) answered += outcome.has_value() ? 1 : 0;
    std::cout << outcomes.size() << " results, " << answered << " of them answers\n";
    co_await server.close();
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "progress [MILLISECONDS_BETWEEN_REPORTS]");
    const std::chrono::milliseconds pause(arguments.number("MILLISECONDS_BETWEEN_REPORTS", 500, 1, 60'000));
    arguments.end();
    hk::run(all(pause));
}
