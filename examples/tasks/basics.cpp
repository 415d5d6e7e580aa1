// What a coroutine is before, while and after it runs.
#include <hocket/aio.hpp>

#include <iostream>
#include <string>

namespace hk = hocket;

// [[nodiscard]]: calling it and dropping the result is a warning of the compiler, since nothing would happen.
hk::Task<std::string> greet(std::string whom) {
    std::cout << "greeting " << whom << '\n';
    co_return "hello " + whom;
}

hk::Task<void> lazy() {
    hk::Task<std::string> not_yet = greet("world");
    std::cout << "nothing has happened so far\n";
    const std::string text = co_await std::move(not_yet);  // a named one is given away: it can be awaited once
    std::cout << text << '\n';
    try {
        co_await std::move(not_yet);
    } catch (const hk::InvalidStateError& error) {
        std::cout << error.what() << '\n';
    }
}

hk::Task<void> started() {
    hk::Future<std::string> task = hk::create_task(greet("task"));
    std::cout << (task.done() ? "done" : "pending") << '\n';
    co_await hk::yield_now();  // it runs without being awaited
    std::cout << (task.done() ? "done: " : "pending ") << task.result() << '\n';
}

// Three ways that come to the same.
hk::Task<void> print_awaited() {
    const std::string text = co_await greet("one");
    std::cout << text << '\n';
}
hk::Task<void> print_later() {
    hk::Task<std::string> task = greet("two");
    std::cout << co_await std::move(task) << '\n';
}
hk::Task<void> print_of_a_task() {
    hk::Future<std::string> future = hk::create_task(greet("three"));
    std::cout << co_await std::move(future) << '\n';
}

hk::Task<void> all() {
    co_await lazy();
    co_await started();
    co_await print_awaited();
    co_await print_later();
    co_await print_of_a_task();
}

int main() { hk::run(all()); }
