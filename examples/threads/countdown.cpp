// A countdown in a thread: its start, its life, its end, in time or before it.
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;

void countdown(int from, std::chrono::nanoseconds tick) {
    for (; from > 0; --from) {
        std::cout << "T-minus " << from << '\n';
        hk::this_thread::sleep_for(tick);
    }
}

void life() {
    hk::Thread thread;  // a handle without a thread: the thread runs from its construction on
    std::cout << "not started: " << (thread.is_alive() ? "alive" : "not alive") << '\n';
    hk::Event may_go_on;
    thread = hk::Thread([&] {
        may_go_on.wait();
        countdown(10, 1ms);
    });
    std::cout << "started: " << (thread.is_alive() ? "alive" : "not alive") << '\n';
    may_go_on.set();
    thread.join();
    std::cout << "joined: " << (thread.is_alive() ? "alive" : "not alive") << '\n';
}

// "Running" is never said before "starting", however the two threads are scheduled.
void started_signal() {
    constexpr int kRuns = 500;
    int in_order = 0;
    for (int run = 0; run < kRuns; ++run) {
        std::string log;  // needs no lock: who sets an event has done what came before, for those who wait
        hk::Event started;
        hk::Thread thread([&] {
            log += "countdown starting, ";
            started.set();
        });
        started.wait();
        log += "countdown is running";
        thread.join();
        if (log == "countdown starting, countdown is running") ++in_order;
    }
    std::cout << "starting before running: " << in_order << " of " << kRuns << '\n';
}

// cancel() ends the sleep, so that nobody waits for the end of a tick, however long it is. No flag to poll.
void stopping() {
    std::chrono::nanoseconds fastest = 1h;
    std::size_t cleaned_up = 0;
    for (int i = 0; i < 20; ++i) {
        hk::Event sleeping;
        hk::Thread thread([&] {
            sleeping.set();
            try {
                hk::this_thread::sleep_for(1h);
            } catch (const hk::CancelledError&) {
                ++cleaned_up;
                throw;
            }
        });
        sleeping.wait();
        const auto start = std::chrono::steady_clock::now();
        thread.cancel("the launch is off");
        try {
            thread.join();
        } catch (const hk::CancelledError& error) {
            if (i == 0) std::cout << "stopped: " << error.reason() << '\n';
        }
        fastest = std::min<std::chrono::nanoseconds>(fastest, std::chrono::steady_clock::now() - start);
    }
    std::cout << "cleaned up: " << cleaned_up << " of 20\n";
    std::cout << "stopped in the middle of an hour within " << (fastest < 1ms ? "a millisecond" : "more") << '\n';
}

// A task that does not know where it runs: here, in a thread, or wherever its stream goes.
class CountdownTask {
public:
    CountdownTask(int from, std::ostream& out) : from_(from), out_(out) {}
    void run() {
        for (int left = from_; left > 0; --left) out_ << "T-minus " << left << '\n';
    }

private:
    int from_;
    std::ostream& out_;
};

void anywhere() {
    std::ostringstream here, there;
    CountdownTask first(5, here), second(5, there);
    first.run();
    hk::Thread(&CountdownTask::run, &second).join();
    std::cout << "the same here and in a thread: " << (here.str() == there.str() ? "yes" : "no") << '\n';
}

int main() {
    life();
    started_signal();
    stopping();
    anywhere();
}
