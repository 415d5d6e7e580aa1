// The snippets of docs/queues.md, as a program.
#undef NDEBUG
#include <poll.h>

#include <cassert>
#include <memory>
#include <string>
#include <utility>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"
#include "hocket/threading.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

namespace {

void work_through() {
    // [threads]
    hk::Queue<int> queue(16);  // holds up the producer while 16 items wait; without a number it never does
    int sum = 0;
    hk::Thread consumer([&] {
        for (int item : queue) {  // ends when the queue is shut down and empty
            sum += item;
            queue.task_done();
        }
    });
    for (int i = 1; i <= 100; ++i) queue.put(i);
    queue.join();  // everything put is done, not only taken
    assert(sum == 5050);
    queue.shutdown();
    consumer.join();
    // [threads]
}

void forms() {
    // [forms]
    hk::Queue<std::unique_ptr<int>> queue(1);
    queue.put(std::make_unique<int>(1));

    auto item = std::make_unique<int>(2);
    assert(!queue.try_put(std::move(item)));       // full
    assert(!queue.put_for(std::move(item), 1ms));  // still full
    assert(*item == 2);                            // what was not put is where it was

    assert(*queue.get() == 1);
    assert(!queue.try_get());  // a std::optional: empty
    assert(!queue.get_for(1ms));
    // [forms]
}

void priorities() {
    // [priorities]
    hk::PriorityQueue<std::string> tasks;
    tasks.put("low", 1);
    tasks.put("high", 5);
    tasks.put("also high", 5);
    assert(tasks.get() == "high");  // the highest number first, equal ones in the order in which they were put
    assert(tasks.get() == "also high");

    hk::PriorityQueue<std::string, std::pair<int, int>> by_two;  // anything that can be compared by <
    by_two.put("a", {1, 2});
    // [priorities]
}

// [coroutines]
hk::Task<int> add_up(hk::Queue<int>& queue) {
    int sum = 0;
    try {
        for (;;) sum += co_await queue.async_get();
    } catch (const hk::QueueShutDown&) {
    }
    co_return sum;
}

int from_a_thread_to_a_task() {
    hk::Queue<int> queue(4);
    hk::Thread producer([&] {
        for (int i = 1; i <= 10; ++i) queue.put(i);
        queue.shutdown();
    });
    return hk::run(add_up(queue));
}
// [coroutines]

void polled() {
    // [poll]
    hk::Queue<int> numbers;
    hk::Queue<std::string> words;
    pollfd watched[] = {{numbers.fileno(), POLLIN, 0}, {words.fileno(), POLLIN, 0}};
    words.put("hello");
    assert(::poll(watched, 2, -1) == 1 && watched[1].revents == POLLIN);
    while (auto word = words.try_get()) assert(*word == "hello");
    assert(::poll(watched, 2, 0) == 0);
    // [poll]
}

}  // namespace

int main() {
    work_through();
    forms();
    priorities();
    assert(from_a_thread_to_a_task() == 55);
    polled();
}
