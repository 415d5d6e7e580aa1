// Sequences and waiting, in all combinations; and a scope that is entered and left by waiting.
#include <hocket/aio.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;

hk::Task<int> one() {
    co_await hk::sleep(1ms);
    co_return 1;
}

// A sequence of tasks: none of them has begun; each is awaited in its turn.
std::vector<hk::Task<int>> tasks() {
    std::vector<hk::Task<int>> all;
    for (int i = 0; i < 5; ++i) all.push_back(one());
    return all;
}
hk::Task<int> sum_of_tasks() {
    int sum = 0;
    for (hk::Task<int>& task : tasks()) {
        const int value = co_await std::move(task);
        sum += value;
    }
    co_return sum;
}

// A task of a sequence: all are there when it has ended.
hk::Task<std::vector<int>> all_values() {
    std::vector<int> values;
    for (hk::Task<int>& task : tasks()) values.push_back(co_await std::move(task));
    co_return values;
}
hk::Task<int> sum_of_values() {
    int sum = 0;
    const std::vector<int> values = co_await all_values();
    for (const int value : values) sum += value;
    co_return sum;
}

// A sequence that waits between its values, and makes each only when it is asked for.
hk::AsyncGenerator<int> values(int& made) {
    for (;;) {
        const int value = co_await one();
        ++made;
        co_yield value;
    }
}
hk::Task<int> sum_on_demand(int& made) {
    int sum = 0;
    hk::AsyncGenerator<int> generator = values(made);
    while (const std::optional<int> value = co_await generator.next()) {
        sum += *value;
        if (sum == 5) break;
    }
    co_return sum;
}

// All at the same time.
hk::Task<int> sum_at_once() {
    int sum = 0;
    const std::vector<int> results = co_await hk::gather(tasks());
    for (const int value : results) sum += value;
    co_return sum;
}

// Entered and left by waiting, on every way out.
class Connection {
public:
    hk::Task<void> async_enter() {
        co_await hk::sleep(1ms);
        std::cout << "connected";
    }
    hk::Task<void> async_exit() {
        co_await hk::sleep(1ms);  // cancellation does not reach it
        std::cout << ", disconnected\n";
    }
};
hk::Task<void> use(Connection&) {
    std::cout << ", used";
    co_return;
}
hk::Task<void> misuse(Connection&) {
    std::cout << ", misused";
    co_await hk::yield_now();
    throw std::runtime_error("no");
}
hk::Task<void> use_for_long(Connection&) {
    std::cout << ", used for long";
    co_await hk::sleep(1h);
}

hk::Task<void> contexts() {
    co_await hk::with(Connection(), use);
    try {
        co_await hk::with(Connection(), misuse);
    } catch (const std::runtime_error&) {
    }
    try {
        co_await hk::timeout(20ms, hk::with(Connection(), use_for_long));
    } catch (const hk::TimeoutError&) {
    }
}

hk::Task<void> all() {
    const int of_tasks = co_await sum_of_tasks();
    const int of_values = co_await sum_of_values();
    int made = 0;
    const int on_demand = co_await sum_on_demand(made);
    const int at_once = co_await sum_at_once();
    std::cout << of_tasks << ' ' << of_values << ' ' << on_demand << " (" << made << " made) " << at_once << '\n';
    co_await contexts();
}

int main() { hk::run(all()); }
