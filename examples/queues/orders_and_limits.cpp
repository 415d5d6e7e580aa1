// Rows F3, F7, F8, F9, F11: which item comes first, and what to do when there is none or no room.
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

namespace hk = hocket;
using namespace std::chrono_literals;

void orders() {
    hk::PriorityQueue<std::string> tasks;  // highest priority first, equal ones in the order in which they were put
    tasks.put("foo", 1);
    tasks.put("bar", 5);
    tasks.put("spam", 4);
    tasks.put("grok", 1);
    tasks.shutdown();
    std::cout << "by priority:";
    for (const std::string& task : tasks) std::cout << ' ' << task;

    hk::LifoQueue<int> stack;
    for (int i = 1; i <= 3; ++i) stack.put(i);
    stack.shutdown();
    std::cout << "\nlast in, first out:";
    for (int item : stack) std::cout << ' ' << item;
    std::cout << '\n';
}

void limits() {
    hk::Queue<int> queue(1);
    std::cout << "try_get() of an empty queue: " << (queue.try_get() ? "an item" : "nothing") << '\n';
    const auto start = std::chrono::steady_clock::now();
    const bool got = queue.get_for(20ms).has_value();
    const auto waited = std::chrono::steady_clock::now() - start;
    std::cout << "get_for(20ms): " << (got ? "an item" : "nothing") << (waited >= 20ms ? " after" : " before")
              << " 20 ms\n";
    queue.put(1);
    std::cout << "try_put() into a full queue: " << (queue.try_put(2) ? "put" : "not put") << '\n';
    std::cout << "put_for(20ms): " << (queue.put_for(2, 20ms) ? "put" : "not put") << '\n';
}

// Better to lose a message than to hold up the one who sends it; but it is told, and counted.
void drop_when_full() {
    hk::Queue<std::string> log(2);
    int dropped = 0;
    for (const char* text : {"a", "b", "c", "d"}) {
        if (std::string item = text; !log.try_put(std::move(item))) {  // what was not put is where it was
            std::cout << "queued item " << item << " discarded!\n";
            ++dropped;
        }
    }
    std::cout << dropped << " dropped, " << log.size() << " queued\n";
}

// No time limit and no flag to look at: the shutdown ends the consumer's wait at once.
void stop_a_waiting_consumer() {
    hk::Queue<int> queue;
    hk::Thread consumer([&] {
        for (int item : queue) std::cout << "got " << item << '\n';
    });
    queue.put(42);
    const auto start = std::chrono::steady_clock::now();
    queue.shutdown();
    consumer.join();
    const bool at_once = std::chrono::steady_clock::now() - start < 5s;
    std::cout << "the consumer ended " << (at_once ? "at once" : "late") << '\n';
}

int main() {
    orders();
    limits();
    drop_when_full();
    stop_a_waiting_consumer();
}
