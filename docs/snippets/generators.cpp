// The snippets of docs/generators.md, as a program.
#undef NDEBUG
#include <cassert>
#include <chrono>
#include <hocket/aio.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hk = hocket;
using namespace std::chrono_literals;

// [generator]
hk::Generator<int> countdown(int from) {
    for (; from > 0; --from) co_yield from;
}

int sum_of_countdown() {
    int sum = 0;
    for (int n : countdown(4)) sum += n;  // 4 + 3 + 2 + 1
    return sum;
}
// [generator]

// [send]
// Yields the mean of what it has been sent so far.
hk::Generator<double, double> running_mean() {
    double sum = 0, mean = 0;
    for (int n = 1;; ++n) {
        const std::optional<double> sent = co_yield mean;
        if (!sent) co_return;  // it was asked by next(): nothing was sent
        sum += *sent;
        mean = sum / n;
    }
}

double mean_of_two() {
    auto mean = running_mean();
    mean.next();  // runs it to its first co_yield
    mean.send(10);
    return *mean.send(20);
}
// [send]

// [async]
hk::AsyncGenerator<std::string> ticker(std::vector<std::string>& log) {
    std::exception_ptr left_by;
    try {
        for (int n = 1;; ++n) {
            co_await hk::sleep(1ms);
            co_yield "tick " + std::to_string(n);
        }
    } catch (...) {  // hk::GeneratorExit when it is closed early
        left_by = std::current_exception();
    }
    co_await hk::sleep(1ms);  // clean-up may wait
    log.push_back("closed");
    if (left_by) std::rethrow_exception(left_by);
}

hk::Task<std::string> third_tick(std::vector<std::string>& log) {
    const auto take_three = [](hk::AsyncGenerator<std::string>& ticks) -> hk::Task<std::string> {
        std::optional<std::string> tick;
        for (int i = 0; i < 3; ++i) tick = co_await ticks.next();
        co_return *tick;
    };
    co_return co_await hk::with(ticker(log), take_three);  // closes it, on every way out
}
// [async]

// [with]
class Connection {
public:
    explicit Connection(std::vector<std::string>& log) : log_(log) {}
    hk::Task<void> async_enter() {
        co_await hk::sleep(1ms);
        log_.push_back("connected");
    }
    hk::Task<void> async_exit(std::exception_ptr error) {  // or without the parameter
        co_await hk::sleep(1ms);
        log_.push_back(error ? "rolled back" : "committed");
    }

private:
    std::vector<std::string>& log_;
};

hk::Task<void> transaction(std::vector<std::string>& log) {
    const auto body = [&](Connection&) -> hk::Task<void> {
        log.push_back("working");
        co_return;
    };
    co_await hk::with(Connection(log), body);
}
// [with]

int main() {
    assert(sum_of_countdown() == 10);
    assert(mean_of_two() == 15);
    std::vector<std::string> log;
    assert(hk::run(third_tick(log)) == "tick 3");
    assert(log == std::vector<std::string>{"closed"});
    log.clear();
    hk::run(transaction(log));
    assert((log == std::vector<std::string>{"connected", "working", "committed"}));
}
