// A pool, its futures, their callbacks: results and exceptions arrive where they are asked for.
#include <hocket/futures.hpp>
#include <hocket/sync.hpp>

#include <atomic>
#include <iostream>
#include <stdexcept>
#include <vector>

namespace hk = hocket;

int power(int base, int exponent) {
    int result = 1;
    while (exponent-- > 0) result *= base;
    return result;
}

int main() {
    std::atomic<int> finished = 0;
    {
        hk::ThreadPool pool;

        hk::Future<int> future = pool.submit(power, 2, 16);
        std::cout << future.result() << '\n';
        // Called now if the result is there, otherwise by the thread that brings it.
        future.add_done_callback([](hk::Future<int>& done) { std::cout << "Got: " << done.result() << '\n'; });
        hk::Event start, called;
        hk::Future<int> later = pool.submit([&] {
            start.wait();
            return power(3, 4);
        });
        later.add_done_callback([&](hk::Future<int>& done) {
            std::cout << "Got: " << done.result() << '\n';
            called.set();
        });
        start.set();
        called.wait();

        hk::Future<void> failing = pool.submit([] { throw std::invalid_argument("no such number"); });
        try {
            failing.result();
        } catch (const std::invalid_argument& error) {
            std::cout << "the job failed: " << error.what() << '\n';
        }

        // A callback that throws hurts nobody, and its exception is reported.
        future.add_done_callback([](hk::Future<int>&) { throw std::runtime_error("from a callback"); });

        // submit() does not wait for the jobs; leaving the scope of the pool does.
        for (int i = 0; i < 10'000; ++i) (void)pool.submit([&] { ++finished; });
    }
    std::cout << finished << " jobs have been run\n";
}
