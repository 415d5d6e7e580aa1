// Two ways to write a thread, by a function or as a class that owns one; and the names that debuggers and `top -H`
// show.
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <utility>

namespace hk = hocket;

void hello() { std::cout << "Hello World from " << hk::this_thread::name() << '\n'; }

// Not a kind of thread, but something that has one: what it does can be called, tested and reused without a thread. The
// handle is the last member, so that the thread ends before anything that it uses.
class Greeter {
public:
    explicit Greeter(std::string name) : thread_({.name = std::move(name)}, &Greeter::run, this) {}
    void wait_until_greeted() { greeted_.wait(); }
    void leave() { may_leave_.set(); }
    void join() { thread_.join(); }

private:
    void run() {
        hello();
        greeted_.set();
        may_leave_.wait();
    }
    hk::Event greeted_, may_leave_;
    hk::Thread thread_;
};

std::set<std::string> names_in_the_kernel() {
    std::set<std::string> names;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "comm");
        std::string name;
        if (std::getline(file, name)) names.insert(name);
    }
    return names;
}

int main() {
    std::cout << "Hello World from " << hk::this_thread::name() << '\n';
    hk::Thread({.name = "a function"}, hello).join();

    Greeter greeter("a class with a long name");
    greeter.wait_until_greeted();
    for (const hk::ThreadInfo& thread : hk::threads()) std::cout << "live: " << thread.name << '\n';
    // The kernel keeps 15 bytes.
    std::cout << "in /proc: " << (names_in_the_kernel().contains("a class with a ") ? "yes" : "no") << '\n';
    greeter.leave();
    greeter.join();
}
