// How long an item waits until its consumer has it: one that looks every 10 ms, one that polls the queues' descriptors,
// one that blocks on its queue, and a task.
//
//     wake_ups [ITEMS]
#include <hocket/aio.hpp>
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

using TimePoint = std::chrono::steady_clock::time_point;
using Queues = std::array<hk::Queue<TimePoint>, 3>;  // items are when they were put

class Waits {
public:
    void add(TimePoint put) {
        microseconds_.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - put).count());
    }
    std::size_t count() const { return microseconds_.size(); }
    void print(const char* how) {
        std::sort(microseconds_.begin(), microseconds_.end());
        std::printf("%s: %zu items, p50 %.0f us, p99 %.0f us\n", how, count(), microseconds_[count() / 2],
                    microseconds_[count() * 99 / 100]);
        std::fflush(stdout);
    }

private:
    std::vector<double> microseconds_;
};

// All that is there.
void take(hk::Queue<TimePoint>& queue, Waits& waits) {
    while (const auto put = queue.try_get()) waits.add(*put);
}

void look_every_10_ms(Queues& queues, std::size_t items, Waits& waits) {
    while (waits.count() < items) {
        for (auto& queue : queues) take(queue, waits);
        hk::this_thread::sleep_for(10ms);
    }
}

void poll_descriptors(Queues& queues, std::size_t items, Waits& waits) {
    std::vector<pollfd> watched;
    for (auto& queue : queues) watched.push_back({queue.fileno(), POLLIN, 0});
    while (waits.count() < items) {
        ::poll(watched.data(), watched.size(), -1);
        for (std::size_t i = 0; i < queues.size(); ++i) {
            if (watched[i].revents != 0) take(queues[i], waits);
        }
    }
}

void block(Queues& queues, std::size_t items, Waits& waits) {
    while (waits.count() < items) waits.add(queues[0].get());
}

hk::Task<void> await_items(hk::Queue<TimePoint>& queue, std::size_t items, Waits& waits) {
    while (waits.count() < items) {
        const TimePoint put = co_await queue.async_get();
        waits.add(put);
    }
}
void in_a_task(Queues& queues, std::size_t items, Waits& waits) { hk::run(await_items(queues[0], items, waits)); }

void measure(const char* how, void (*consume)(Queues&, std::size_t, Waits&), std::size_t items,
             std::size_t used_queues) {
    Queues queues;
    Waits waits;
    hk::Thread consumer(consume, std::ref(queues), items, std::ref(waits));
    for (std::size_t i = 0; i < items; ++i) {
        hk::this_thread::sleep_for(5300us);  // not in step with the 10 ms
        queues[i % used_queues].put(std::chrono::steady_clock::now());
    }
    consumer.join();
    waits.print(how);
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "wake_ups [ITEMS]");
    const auto items = arguments.number<std::size_t>("ITEMS", 40, 1, 100'000);
    arguments.end();
    measure("looks every 10 ms", look_every_10_ms, items, 3);
    measure("polls three descriptors", poll_descriptors, items, 3);
    measure("blocks on one queue", block, items, 1);
    measure("awaits one queue", in_a_task, items, 1);
}
