// A scheduler of one's own, made of generators: tasks that give up their turn by co_yield, one after another. And what
// such a driver can do with a generator: send values in, throw errors in, close it.
#include <hocket/aio.hpp>

#include <deque>
#include <iostream>
#include <stdexcept>
#include <string>

namespace hk = hocket;

class Turn {};  // what a task yields: nothing but its turn
using Steps = hk::Generator<Turn>;

class TaskScheduler {
public:
    void new_task(Steps task) { tasks_.push_back(std::move(task)); }
    // Runs all to their ends. An error ends its own task only.
    void run() {
        while (!tasks_.empty()) {
            Steps task = std::move(tasks_.front());
            tasks_.pop_front();
            try {
                if (task.next()) tasks_.push_back(std::move(task));
            } catch (const std::exception& error) {
                std::cout << "a task failed: " << error.what() << '\n';
            }
        }
    }

private:
    std::deque<Steps> tasks_;
};

Steps countdown(int n) {
    for (; n > 0; --n) {
        std::cout << "T-minus " << n << '\n';
        co_yield Turn();
    }
    std::cout << "Blastoff!\n";
}
Steps countup(int n) {
    for (int i = 0; i < n; ++i) {
        std::cout << "Counting up " << i << '\n';
        co_yield Turn();
    }
}
Steps fail_soon() {
    co_yield Turn();
    throw std::runtime_error("on its second turn");
}

class SaysGoodbye {
public:
    SaysGoodbye() = default;
    SaysGoodbye(const SaysGoodbye&) = delete;
    SaysGoodbye& operator=(const SaysGoodbye&) = delete;
    ~SaysGoodbye() { std::cout << "cleaned up\n"; }
};

// Squares what it is sent; an error that is thrown in is its own to handle.
hk::Generator<int, int> squares() {
    const SaysGoodbye goodbye;
    int result = 0;
    for (;;) {
        try {
            const std::optional<int> sent = co_yield result;
            result = sent.value_or(0) * sent.value_or(0);
        } catch (const std::invalid_argument& error) {
            std::cout << "thrown in: " << error.what() << '\n';
            result = -1;
        }
    }
}

void drive() {
    hk::Generator<int, int> f = squares();
    f.next();
    for (int result = 2; result < 1000; result = *f.send(result)) std::cout << result << ' ';
    std::cout << '\n';
    std::cout << *f.send_exception(std::make_exception_ptr(std::invalid_argument("a bad number"))) << '\n';
}  // closed: its local objects are destroyed where it stands

int main() {
    TaskScheduler scheduler;
    scheduler.new_task(countdown(10));
    scheduler.new_task(countdown(5));
    scheduler.new_task(countup(15));
    scheduler.new_task(fail_soon());
    scheduler.run();
    drive();
}
