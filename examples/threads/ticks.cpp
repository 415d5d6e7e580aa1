// Threads that step at each tick of one PeriodicTimer: each gets every tick, also if it comes late, and a hundred ticks
// take a hundred periods.
#include <hocket/threading.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

int main() {
    {
        hk::PeriodicTimer timer(5ms);
        std::string down, up;
        hk::Thread countdown([&] {
            for (int n = 10; n > 0; --n) {
                timer.wait_for_tick();
                down += ' ' + std::to_string(n);
            }
        });
        hk::Thread countup([&] {
            for (int n = 1; n <= 5; ++n) {
                timer.wait_for_tick();
                up += ' ' + std::to_string(n);
            }
        });
        countdown.join();
        countup.join();
        std::cout << "T-minus" << down << "\nCounting" << up << '\n';
    }

    // The ticks are at multiples of the period, whatever the work between them takes.
    constexpr int kTicks = 100;
    const auto start = std::chrono::steady_clock::now();
    hk::PeriodicTimer timer(10ms);
    std::uint64_t last = 0;
    int lost_or_doubled = 0;
    for (int i = 0; i < kTicks; ++i) {
        const std::uint64_t tick = timer.wait_for_tick();
        if (tick != last + 1) ++lost_or_doubled;
        last = tick;
        hk::this_thread::sleep_for(i == 50 ? 35ms : 9ms);  // once too long: the ticks missed are given at once
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::cout << "lost or doubled: " << lost_or_doubled << '\n';
    std::cout << "100 ticks of 10 ms took ms: " << took.count() << '\n';

    // It can be stopped, which ends all waits.
    hk::PeriodicTimer slow(1h);
    std::uint64_t tick = 99;
    hk::Thread waiter([&] { tick = slow.wait_for_tick(); });
    slow.stop();
    waiter.join();
    std::cout << "stopped: " << tick << '\n';
}
