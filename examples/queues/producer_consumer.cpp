// Rows F1, F2, F4, F5, F6, F10: producers and consumers on one queue. It is shut down when the producers have ended,
// and that ends any number of consumers: no sentinel that one of them might take too early.
//
//     producer_consumer [ITEMS [CONSUMERS]]
#include <hocket/futures.hpp>
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <atomic>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

void all_items_once(int items, int consumers) {
    hk::Queue<int> queue(16);
    std::atomic<long> sum = 0;
    std::atomic<int> ended = 0;
    std::vector<hk::Thread> threads;
    for (int i = 0; i < consumers; ++i) {
        threads.emplace_back([&] {
            for (int item : queue) {  // ends when the queue is shut down and empty
                sum += item;
                queue.task_done();
            }
            ++ended;
        });
    }
    std::vector<hk::Thread> producers;
    for (int first : {1, 2}) {  // one puts the odd numbers, the other the even ones
        producers.emplace_back([&, first] {
            for (int item = first; item <= items; item += 2) queue.put(item);
        });
    }
    for (hk::Thread& producer : producers) producer.join();
    queue.join();  // each item has been dealt with, not only taken
    std::cout << "sum of 1 to " << items << ": " << sum << '\n';
    queue.shutdown();
    for (hk::Thread& thread : threads) thread.join();
    // size(), empty() and full() are hints while others use the queue; now nobody does.
    std::cout << ended << " consumers have ended, " << queue.size() << " items left\n";
    try {
        queue.task_done();
    } catch (const std::logic_error& error) {
        std::cout << error.what() << '\n';
    }
}

// An item with the answer to it. Whatever happens to the item, the producer hears of it: also if the consumer throws.
class Order {
public:
    explicit Order(std::string text) : text(std::move(text)) {}
    std::string text;
    hk::Promise<std::size_t> handled;
};

void producer_learns_what_became_of_it() {
    hk::Queue<Order> orders;
    hk::Thread consumer([&] {
        for (Order& order : orders) {
            try {
                if (order.text.empty()) throw std::invalid_argument("an empty order");
                order.handled.set_result(order.text.size());
            } catch (...) {
                order.handled.set_exception(std::current_exception());
            }
        }
    });
    for (const char* text : {"tea", ""}) {
        Order order(text);
        hk::Future<std::size_t> handled = order.handled.future();
        orders.put(std::move(order));
        try {
            const std::size_t letters = handled.result();
            std::cout << "handled: " << letters << " letters\n";
        } catch (const std::invalid_argument& error) {
            std::cout << "not handled: " << error.what() << '\n';
        }
    }
    orders.shutdown();
    consumer.join();
}

// A queue holds values: what the consumer does to its item the producer never sees, and needs no deep copy for that.
void items_are_values() {
    hk::Queue<std::vector<int>> queue;
    const std::vector<int> mine{1, 2, 3};
    queue.put(mine);  // a copy; put(std::move(mine)) would be none
    std::vector<int> taken = queue.get();
    taken.clear();
    std::cout << "the producer still has " << mine.size() << " numbers\n";
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "producer_consumer [ITEMS [CONSUMERS]]");
    const int items = arguments.number("ITEMS", 1000, 0, 100'000'000);
    const int consumers = arguments.number("CONSUMERS", 3, 1, 10'000);
    arguments.end();
    all_items_once(items, consumers);
    producer_learns_what_became_of_it();
    items_are_values();
}
