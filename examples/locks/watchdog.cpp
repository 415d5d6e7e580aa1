// A watchdog: a worker that has not kicked it within the period is reported, cancelled and replaced.
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <mutex>

namespace hk = hocket;
using namespace std::chrono_literals;

class Watchdog {
public:
    explicit Watchdog(std::chrono::milliseconds period) : period_(period) {}
    void kick() {
        std::scoped_lock guard(kicked_);
        ++kicks_;
        kicked_.notify_all();
    }
    // Returns when a whole period has passed without a kick.
    void wait_until_quiet() {
        std::unique_lock guard(kicked_);
        for (long before = kicks_;; before = kicks_) {
            if (!kicked_.wait_for(guard, period_, [&] { return kicks_ != before; })) return;
        }
    }

private:
    hk::Condition kicked_;
    long kicks_ = 0;
    const std::chrono::milliseconds period_;
};

int main() {
    Watchdog dog(20ms);
    hk::Event never, work_done;
    auto work = [&](int steps_before_it_hangs) {
        for (int step = 0; step < 50; ++step) {
            if (step == steps_before_it_hangs) never.wait();
            hk::this_thread::sleep_for(1ms);
            dog.kick();
        }
        work_done.set();
    };

    hk::Thread worker({.name = "worker"}, work, 10);
    dog.wait_until_quiet();
    std::cout << worker.name() << " does not answer: it is replaced\n";
    worker = hk::Thread({.name = "replacement"}, work, -1);  // the old one is cancelled and joined here
    work_done.wait();
    std::cout << worker.name() << " has done the work\n";
    worker.join();
}
