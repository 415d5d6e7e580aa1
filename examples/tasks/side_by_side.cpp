// Three waits one after another, then as tasks, then with one that blocks the thread, then with that one on a pool. Run
// it with HOCKET_DEBUG=1, and the loop says who held it up.
//
//     side_by_side [SECONDS]        how long each wait is; the times are printed in multiples of that
#include <hocket/aio.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using Seconds = std::chrono::duration<double>;

Seconds unit(1);

// Says when the work named `name` begins and how long it took, also when it ends by an exception.
class Timed {
public:
    explicit Timed(std::string name) : name_(std::move(name)) { std::cout << name_ << " begins\n"; }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
    ~Timed() {
        const Seconds taken = std::chrono::steady_clock::now() - begin_;
        std::printf("%s took %.1f\n", name_.c_str(), taken / unit);
        std::fflush(stdout);
    }

private:
    std::string name_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// A task and its time, as Python's decorator `async_timed`.
template <class T>
hk::Task<T> timed(std::string name, hk::Task<T> work) {
    const Timed time(std::move(name));
    co_return co_await std::move(work);
}

hk::Task<int> wait_for(int result) {
    co_await hk::sleep(unit);
    co_return result;
}
int block_for(int result) {
    std::this_thread::sleep_for(unit);
    return result;
}
hk::Task<int> block_the_loop(int result) { co_return block_for(result); }

hk::Task<void> one_by_one() {
    for (int i = 0; i < 3; ++i) co_await wait_for(i);
}

hk::Task<void> at_the_same_time() {
    auto waits = hk::gather(wait_for(1), wait_for(2), wait_for(3));
    const auto [one, two, three] = co_await std::move(waits);
    std::cout << "in the order of the tasks: " << one << ' ' << two << ' ' << three << '\n';
}

hk::Task<void> with_one_that_blocks() {
    auto waits = hk::gather(block_the_loop(1), wait_for(2), wait_for(3));
    co_await std::move(waits);
}

hk::Task<void> with_one_on_the_pool() {
    auto waits = hk::gather(hk::to_thread(block_for, 1), wait_for(2), wait_for(3));
    co_await std::move(waits);
}

hk::Task<void> fail() {
    co_await hk::sleep(unit);
    throw std::runtime_error("it failed");
}

hk::Task<void> all() {
    co_await timed("one by one", one_by_one());
    co_await timed("at the same time", at_the_same_time());
    co_await timed("with one that blocks the loop", with_one_that_blocks());
    co_await timed("with that one on the pool", with_one_on_the_pool());
    try {
        co_await timed("with an error", fail());
    } catch (const std::runtime_error& error) {
        std::cout << error.what() << '\n';
    }
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "side_by_side [SECONDS]");
    unit = Seconds(arguments.number("SECONDS", 1.0, 0.001, 3600.0));
    arguments.end();
    hk::run(all());
}
