// Forty threads and forty tasks fetch pages, never more than five at the same time: one semaphore for all of them, held
// until the whole body is there.
#include <hocket/aio.hpp>
#include <hocket/http.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "slow_pages.hpp"

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

constexpr int kFetchers = 40;
const std::string kPiece(1000, 'x');

// A server that is busy with a request until it has sent the last piece of its body.
class Downloads {
public:
    std::string url() const { return server_.url("/"); }
    InFlight in_flight;

private:
    hk::AsyncGenerator<std::string> pieces() {
        const InFlight::Counted counted(in_flight);
        for (int i = 0; i < 3; ++i) {
            co_await hk::sleep(1ms);
            co_yield kPiece;
        }
    }
    hk::Task<http::Response> answer() { co_return http::Response::stream(200, pieces(), "text/plain"); }

    LocalServer server_{
        [this](http::Server& server) { server.get("/", [this](const http::Request&) { return answer(); }); }};
};

// The same semaphore holds back threads and tasks.
std::size_t fetch_in_thread(http::BlockingClient& client, hk::Semaphore& five, const std::string& url) {
    five.acquire();
    const Place place(five);
    return client.get(url).body().size();  // given back when this is known: after the body, not before
}
hk::Task<std::size_t> fetch_in_task(http::Client& client, hk::Semaphore& five, std::string url) {
    co_await five.async_acquire();
    const Place place(five);
    const http::Response response = co_await client.get(url);
    co_return response.body().size();
}

hk::Task<std::size_t> fetch_in_tasks(hk::Semaphore& five, std::string url) {
    http::Client client;
    std::vector<hk::Task<std::size_t>> fetches;
    for (int i = 0; i < kFetchers; ++i) fetches.push_back(fetch_in_task(client, five, url));
    const std::vector<std::size_t> sizes = co_await hk::gather(std::move(fetches));
    std::size_t bytes = 0;
    for (const std::size_t size : sizes) bytes += size;
    co_return bytes;
}

std::size_t fetch_all(std::ptrdiff_t at_a_time, const std::string& url) {
    http::BlockingClient client;
    hk::Semaphore places(at_a_time);
    std::atomic<std::size_t> bytes{0};
    std::vector<hk::Thread> threads;
    for (int i = 0; i < kFetchers; ++i) threads.emplace_back([&] { bytes += fetch_in_thread(client, places, url); });
    bytes += hk::run(fetch_in_tasks(places, url));
    for (hk::Thread& thread : threads) thread.join();
    return bytes;
}

int main() {
    Downloads downloads;
    for (const std::ptrdiff_t at_a_time : {1000, 5}) {
        const std::size_t bytes = fetch_all(at_a_time, downloads.url());
        std::cout << "a semaphore of " << at_a_time << ": " << bytes << " bytes, at the server at most "
                  << downloads.in_flight.most() << " at a time\n";
    }
}
