// A worker: a thread that runs what it is given, and gives a Future for each. An error goes to its Future, and the
// worker goes on.
#include <hocket/actor.hpp>

#include <iostream>
#include <stdexcept>

namespace hk = hocket;

int power(int base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }
void nothing() {}
int bad() { throw std::runtime_error("a bad job"); }

int main() {
    hk::Worker worker("calculator");
    worker.start();
    const hk::Future<int> eight = worker.submit(power, 2, 3);
    const hk::Future<int> failed = worker.submit(bad);
    const hk::Future<void> done = worker.submit(nothing);
    const hk::Future<int> after = worker.submit(power, 3, 2);

    std::cout << eight.result() << '\n';
    try {
        (void)failed.result();
    } catch (const std::runtime_error& error) {
        std::cout << "its caller gets the error: " << error.what() << '\n';
    }
    done.result();  // a job without a result is done all the same
    std::cout << "the worker has gone on: " << after.result() << '\n';

    worker.close();
    worker.join();
    std::cout << eight.result() << " still, after the worker's end\n";
    try {
        (void)worker.submit(nothing);
    } catch (const hk::ActorExit& error) {
        std::cout << error.what() << '\n';
    }
}
