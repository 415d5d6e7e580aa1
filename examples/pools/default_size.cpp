// How many threads a pool has unless it is told: min(32, processors + 4), which suits jobs that mostly wait.
#include <hocket/futures.hpp>

#include <iostream>
#include <thread>

namespace hk = hocket;

int main() {
    hk::ThreadPool by_default;
    std::cout << "processors: " << std::thread::hardware_concurrency() << '\n';
    for (const std::size_t processors : {1, 2, 8, 64})
        std::cout << "on " << processors << ": " << hk::ThreadPoolOptions::default_workers(processors) << '\n';
    std::cout << "by default: " << by_default.concurrency() << '\n';
    hk::ThreadPool small({.max_workers = 2});
    std::cout << "as asked for: " << small.concurrency() << '\n';
}
