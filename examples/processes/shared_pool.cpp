// Threads that serve somebody hand what costs time to one pool of processes that they share. Each is held up by its own
// work only, and all processors are used.
//
//     shared_pool [THREADS] [REQUESTS]
#include <hocket/process.hpp>
#include <hocket/threading.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "../arguments.hpp"

namespace hk = hocket;

// Work for a processor: the length of the longest Collatz sequence that begins below `limit`. And who did it.
std::pair<long, int> longest_sequence(long limit) {
    long longest = 0;
    for (long begin = 1; begin < limit; ++begin) {
        long length = 1;
        for (long n = begin; n != 1; n = n % 2 == 0 ? n / 2 : 3 * n + 1) ++length;
        longest = std::max(longest, length);
    }
    return {longest, static_cast<int>(::getpid())};
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "shared_pool [THREADS [REQUESTS]]");
    const int threads = arguments.number("THREADS", 8, 1, 1'000);
    const int requests = arguments.number("REQUESTS", 20, 1, 1'000'000);
    arguments.end();

    hk::ProcessPool pool({.max_workers = 2, .name = "cruncher"});
    std::mutex mutex;
    std::set<int> workers;
    std::atomic<int> right = 0;
    {
        std::deque<hk::Thread> servers;
        for (int i = 0; i < threads; ++i) {
            servers.emplace_back([&] {
                for (int request = 0; request < requests; ++request) {
                    const auto [longest, worker] = pool.submit(longest_sequence, 10'000).result();
                    right += longest == 262;
                    const std::scoped_lock guard(mutex);
                    workers.insert(worker);
                }
            });
        }
        for (hk::Thread& server : servers) server.join();
    }
    std::cout << threads << " threads, " << right << " right answers, by " << workers.size() << " processes\n";
}
