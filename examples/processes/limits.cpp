// What work in other processes can and cannot do, each limit seen rather than told.
#include <hocket/process.hpp>

#include <unistd.h>

#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hk = hocket;

int counter = 0;
int count() { return ++counter; }

// Whether something can be an argument or a result is known when the program is compiled.
template <class T>
constexpr const char* travels = hk::detail::Transferable<T> ? "yes" : "no";

struct Point {
    double x = 0, y = 0;
};

int main(int argc, char** argv) {
    try {
        hk::ProcessPool too_early(1);
    } catch (const hk::InvalidStateError& error) {
        std::cout << "before init: " << error.what() << '\n';
    }

    hk::init(argc, argv);  // the first line of other programs

    // Processes may be started when the program has threads, which hold locks: they do not come from the program.
    std::mutex mutex;
    std::unique_lock held(mutex);
    std::thread other([&] { const std::scoped_lock waits(mutex); });

    hk::ProcessPool pool({.max_workers = 1});
    std::cout << "in another process: " << (pool.submit(::getpid).result() != ::getpid() ? "yes" : "no") << '\n';

    // Functions and what their arguments are, not closures: what they have captured stays here.
    std::cout << "travels: a struct of numbers " << travels<Point> << ", a map "
              << travels<std::map<std::string, std::vector<int>>> << ", a pointer "
              << travels<int*> << ", a std::function " << travels<std::function<void()>> << '\n';

    // What a job changes, it changes there: in its worker, for the jobs that come after it.
    counter = 100;
    const int first = pool.submit(count).result();
    const int second = pool.submit(count).result();
    std::cout << "a global variable: there " << first << ", then " << second << ", here " << counter << '\n';

    // A job that ends its process costs itself, not the pool.
    try {
        pool.submit([] { std::_Exit(3); }).result();
    } catch (const hk::BrokenProcessPool& error) {
        std::cout << "a worker's exit code: " << error.exit_code() << '\n';
    }
    std::cout << "the next one counts anew: " << pool.submit(count).result() << '\n';

    held.unlock();
    other.join();
}
