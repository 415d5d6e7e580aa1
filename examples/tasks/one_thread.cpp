// Tasks of one loop share a thread: between two co_awaits nobody else runs, so a counter needs no lock.
#include <hocket/aio.hpp>

#include <iostream>
#include <vector>

namespace hk = hocket;

int number = 0;

hk::Task<void> increment() {
    co_await hk::yield_now();
    ++number;
}
hk::Task<void> decrement() {
    co_await hk::yield_now();
    --number;
}

hk::Task<void> up_and_down() {
    for (int i = 0; i < 100; ++i) {
        co_await increment();
        co_await decrement();
    }
}

hk::Task<void> all() {
    co_await up_and_down();
    std::cout << "one after another: " << number << '\n';

    std::vector<hk::Task<void>> many;
    for (int i = 0; i < 10'000; ++i) {
        many.push_back(increment());
        if (i % 2 == 0) many.push_back(decrement());
    }
    co_await hk::gather(std::move(many));
    std::cout << "15000 tasks: " << number << '\n';
}

int main() { hk::run(all()); }
