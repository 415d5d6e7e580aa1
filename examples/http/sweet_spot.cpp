// How many threads are enough? The same requests by pools of 1 to 1000 threads, from a server that does no more than so
// many at the same time.
//
//     sweet_spot [REQUESTS [MILLISECONDS [AT_A_TIME]]]
#include <hocket/futures.hpp>
#include <hocket/http.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "../arguments.hpp"
#include "slow_pages.hpp"

namespace hk = hocket;
namespace http = hocket::http;

double seconds_with(std::size_t workers, const std::vector<std::string>& urls) {
    const auto begin = std::chrono::steady_clock::now();
    {
        http::ClientOptions options;
        options.max_connections = options.max_connections_per_host = workers;
        http::BlockingClient client(options);
        hk::ThreadPool pool(workers);
        const auto status_of = [&](const std::string& url) { return client.get(url).status(); };
        for (const int status : pool.map(status_of, urls)) {
            if (status != 200) std::printf("status %d\n", status);
        }
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "sweet_spot [REQUESTS [MILLISECONDS [AT_A_TIME]]]");
    const auto count = arguments.number<std::size_t>("REQUESTS", 60, 1, 100'000);
    const std::chrono::milliseconds delay(arguments.number("MILLISECONDS", 5, 0, 60'000));
    const auto at_a_time = arguments.number<std::ptrdiff_t>("AT_A_TIME", 10, 1, 100'000);
    arguments.end();

    SlowPages pages(delay, at_a_time);
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < count; ++i) urls.push_back(pages.url(i));

    std::vector<std::pair<std::size_t, double>> times;
    for (const std::size_t workers : {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}) {
        const double seconds = seconds_with(workers, urls);
        std::printf("%4zu threads %7.3f s %8.0f requests/s\n", workers, seconds, static_cast<double>(count) / seconds);
        std::fflush(stdout);
        times.emplace_back(workers, seconds);
        if (workers >= count) break;  // the others would find nothing to do
    }

    // The fewest that are nearly as fast as the fastest: more only cost memory.
    double best = times.front().second;
    for (const auto& [workers, seconds] : times) best = std::min(best, seconds);
    for (const auto& [workers, seconds] : times) {
        if (seconds > 1.25 * best) continue;
        std::printf("the sweet spot: %zu threads\n", workers);
        break;
    }
}
