// Barrier, Event and Semaphore: ways for threads to wait for each other.
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Five runners meet; nobody goes on before the slowest has come.
void barrier() {
    constexpr std::size_t kRunners = 5;
    hk::Barrier start(kRunners);
    std::array<Clock::time_point, kRunners> came, left;
    std::array<std::size_t, kRunners> places{};
    std::vector<hk::Thread> runners;
    for (std::size_t i = 0; i < kRunners; ++i) {
        runners.emplace_back([&, i] {
            hk::this_thread::sleep_for(10ms * (i + 1));
            came[i] = Clock::now();
            places[i] = start.wait();
            left[i] = Clock::now();
        });
    }
    for (hk::Thread& runner : runners) runner.join();
    std::sort(places.begin(), places.end());
    const bool together = *std::min_element(left.begin(), left.end()) >= *std::max_element(came.begin(), came.end());
    std::cout << "barrier: " << (together ? "all left after the last came" : "somebody left early") << ", places";
    for (const std::size_t place : places) std::cout << ' ' << place;
    std::cout << '\n';

    // One who does not come in time breaks it for all, until it is reset.
    hk::Barrier broken(3);
    std::atomic<int> told = 0;
    auto wait = [&](std::chrono::milliseconds limit) {
        try {
            broken.wait_for(limit);
        } catch (const hk::BrokenBarrierError&) {
            ++told;
        }
    };
    hk::Thread patient(wait, 1h), impatient(wait, 10ms);
    patient.join();
    impatient.join();
    wait(1h);  // too late
    std::cout << "broken barrier: " << told << " were told\n";
    broken.reset();
    std::cout << "after reset(): " << (broken.broken() ? "broken" : "as new") << '\n';
}

// Four wait for the master, who is the last.
void event() {
    hk::Event go;
    std::atomic<bool> master_came = false;
    std::atomic<int> early = 0;
    std::vector<hk::Thread> others;
    for (int i = 0; i < 4; ++i) {
        others.emplace_back([&] {
            go.wait();
            if (!master_came) ++early;
        });
    }
    hk::this_thread::sleep_for(10ms);
    master_came = true;
    go.set();
    for (hk::Thread& other : others) other.join();
    std::cout << "event: " << early << " left before the master\n";
}

// Five workers, three seats.
void semaphore() {
    hk::BoundedSemaphore seats(3);
    hk::Event full;  // the first three wait for each other
    std::atomic<int> inside = 0, most = 0;
    std::vector<hk::Thread> workers;
    for (int i = 0; i < 5; ++i) {
        workers.emplace_back([&] {
            seats.acquire();
            const int now = ++inside;
            for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
            if (now == 3) full.set();
            full.wait();
            --inside;
            seats.release();
        });
    }
    for (hk::Thread& worker : workers) worker.join();
    std::cout << "semaphore: at most " << most << " of 3 seats taken\n";
    try {
        seats.release();
    } catch (const std::logic_error&) {
        std::cout << "semaphore: a release too many is an error\n";
    }
}

// Each permit wakes one of those who wait.
void one_at_a_time() {
    hk::Semaphore permits(0);
    std::atomic<int> working = 0;
    hk::Semaphore reported(0);
    std::vector<hk::Thread> workers;
    for (int i = 0; i < 10; ++i) {
        workers.emplace_back([&] {
            permits.acquire();
            ++working;
            reported.release();
        });
    }
    for (int released = 1; released <= 10; ++released) {
        permits.release();
        reported.acquire();
        if (working != released) std::cout << "woke another number than one\n";
    }
    std::cout << "semaphore: ten releases woke " << working << ", one at a time\n";
}

int main() {
    barrier();
    event();
    semaphore();
    one_at_a_time();
}
