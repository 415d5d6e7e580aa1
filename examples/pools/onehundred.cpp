// A hundred jobs that count up and a hundred that count down: nobody shares a variable, the main thread adds up what
// the futures bring. And where order matters, whoever needs the result waits for it.
#include <hocket/futures.hpp>

#include <atomic>
#include <iostream>
#include <vector>

namespace hk = hocket;

int increment() { return 1; }
int decrement() { return -1; }

int main() {
    hk::ThreadPool pool;

    std::vector<hk::Future<int>> steps;
    for (int i = 0; i < 100; ++i) {
        steps.push_back(pool.submit(increment));
        steps.push_back(pool.submit(decrement));
    }
    int number = 0;
    for (hk::Future<int>& step : hk::as_completed(steps)) number += step.result();
    std::cout << "sum: " << number << '\n';

    // Saving a number while others still change it saves any number.
    std::atomic<int> shared = 0;
    std::vector<hk::Future<void>> increments;
    hk::Future<int> saved_early;
    for (int i = 0; i < 100; ++i) {
        increments.push_back(pool.submit([&] { ++shared; }));
        if (i == 50) saved_early = pool.submit([&] { return shared.load(); });
    }
    std::cout << "saved among the increments: " << saved_early.result() << '\n';
    // A job that waits for the others first saves the right one, also if it occupies the pool's only thread.
    hk::Future<int> saved = pool.submit([&] {
        hk::wait(increments);
        return shared.load();
    });
    std::cout << "saved after them: " << saved.result() << '\n';
}
