// What a lock is for: the same increments by four threads, with and without one.
//
//     shared_counter [INCREMENTS [TRIALS]]
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <atomic>
#include <iostream>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

// A load and a store with other threads in between. (With a plain int it would be undefined behaviour instead of a
// wrong number.) Compiled, that is what `++value` is for the processor:
//     mov rax, [rdi]
//     add rax, 1
//     mov [rdi], rax
class UnlockedCounter {
public:
    void increment() { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
    long value() const { return value_; }

private:
    std::atomic<long> value_ = 0;
};

class LockedCounter {
public:
    void increment() {
        std::scoped_lock guard(lock_);  // given back on every way out, exceptions included
        ++value_;
    }
    long value() const { return value_; }

private:
    hk::Lock lock_;
    long value_ = 0;
};

// One lock for all counters of the class; add() may call itself through subtract(), since the lock is an RLock.
class ClassLockedCounter {
public:
    void increment() { add(1); }
    void decrement() { subtract(1); }
    void add(long delta) {
        std::scoped_lock guard(lock_);
        value_ += delta;
    }
    void subtract(long delta) {
        std::scoped_lock guard(lock_);
        add(-delta);
    }
    long value() const { return value_; }

private:
    inline static hk::RLock lock_;
    long value_ = 0;
};

template <class Work>
void in_threads(int count, Work work) {
    std::vector<hk::Thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(work);
    for (hk::Thread& thread : threads) thread.join();
}
template <class Work>
void in_four_threads(Work work) {
    in_threads(4, std::move(work));
}

// In how many of a hundred trials the total is right.
template <class Counter>
long percent_right(int threads, int trials) {
    constexpr long kIncrements = 20'000;
    int right = 0;
    for (int trial = 0; trial < trials; ++trial) {
        Counter counter;
        in_threads(threads, [&] {
            for (long i = 0; i < kIncrements; ++i) counter.increment();
        });
        if (counter.value() == threads * kIncrements) ++right;
    }
    return 100L * right / trials;
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "shared_counter [INCREMENTS [TRIALS]]");
    const long increments = arguments.number("INCREMENTS", 250'000L, 1L, 1'000'000'000L);
    const int trials = arguments.number("TRIALS", 100, 1, 1'000'000);
    arguments.end();

    UnlockedCounter unlocked;
    in_four_threads([&] {
        for (long i = 0; i < increments; ++i) unlocked.increment();
    });
    std::cout << "without a lock: " << unlocked.value() << " of " << 4 * increments << '\n';

    LockedCounter locked;
    in_four_threads([&] {
        for (long i = 0; i < increments; ++i) locked.increment();
    });
    std::cout << "with a lock: " << locked.value() << " of " << 4 * increments << '\n';

    ClassLockedCounter up, both;
    in_four_threads([&] {
        for (long i = 0; i < increments / 10; ++i) {
            up.increment();
            both.increment();
            both.decrement();
        }
    });
    std::cout << "with one lock for the class: " << up.value() << " of " << 4 * (increments / 10) << ", and "
              << both.value() << " after as many decrements\n";

    for (const int threads : {1, 2, 4}) {
        std::cout << "right totals by " << threads << " threads: with a lock "
                  << percent_right<LockedCounter>(threads, trials) << " %, without "
                  << percent_right<UnlockedCounter>(threads, trials) << " %\n";
    }
}
