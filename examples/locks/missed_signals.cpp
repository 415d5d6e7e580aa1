// An Event that is cleared to be used again forgets: signals that come while nobody waits, or just before clear(),
// count as one. Who must know of each signal counts them, under a Condition.
//
//     missed_signals [SIGNALS]
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <atomic>
#include <iostream>
#include <mutex>
#include <string>

#include "../arguments.hpp"

namespace hk = hocket;

int seen_by_event(int signals) {
    hk::Event signal, begin;
    std::atomic<bool> done = false;
    int seen = 0;
    hk::Thread waiter([&] {
        for (begin.wait();; ++seen) {
            signal.wait();
            signal.clear();
            if (done) return;
        }
    });
    for (int i = 0; i < signals; ++i) {
        signal.set();
        if (i == 1) begin.set();  // after two signals, so that one is lost for certain
    }
    done = true;
    signal.set();
    begin.set();
    waiter.join();
    return seen;
}

int seen_by_condition(int signals) {
    hk::Condition changed;
    int sent = 0;
    bool done = false;
    hk::Event begin;
    int seen = 0;
    hk::Thread waiter([&] {
        begin.wait();
        std::unique_lock guard(changed);
        for (;;) {
            changed.wait(guard, [&] { return done || sent != seen; });
            if (sent == seen) return;
            ++seen;
        }
    });
    for (int i = 0; i < signals; ++i) {
        std::scoped_lock guard(changed);
        ++sent;
        changed.notify_all();
        if (i == 1) begin.set();
    }
    {
        std::scoped_lock guard(changed);
        done = true;
        changed.notify_all();
    }
    begin.set();
    waiter.join();
    return seen;
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "missed_signals [SIGNALS]");
    const int signals = arguments.number("SIGNALS", 10'000, 1, 100'000'000);
    arguments.end();
    std::cout << "seen by an event that is cleared: " << seen_by_event(signals) << " of " << signals << '\n';
    std::cout << "seen by a condition and a count: " << seen_by_condition(signals) << " of " << signals << '\n';
}
