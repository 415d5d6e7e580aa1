// An actor: it has a mailbox, and what it owns is its own. The same class on a thread of its own, and as a task of an
// event loop; messages with tags; and what becomes of errors, late messages and a mailbox that is full.
#include <hocket/actor.hpp>
#include <hocket/aio.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <variant>

namespace hk = hocket;

class Printer : public hk::Actor<std::string> {
protected:
    hk::Task<void> run() override {
        // Ends by ActorExit when the actor was closed and has read everything.
        for (;;) {
            const std::string message = co_await receive();
            std::cout << "Got: " << message << '\n';
        }
    }
};

void on_a_thread() {
    Printer printer;
    try {
        printer.join();
    } catch (const hk::InvalidStateError& error) {
        std::cout << "a join too early is an error, not a wait for ever\n";
    }
    printer.send("Hello");  // it waits for the start
    printer.start();
    printer.send("World");
    printer.close();  // behind the messages before it
    printer.join();
    try {
        printer.send("too late");
    } catch (const hk::ActorExit&) {
        std::cout << "a message to a closed actor is an error, not lost in silence\n";
    }
}

hk::Task<void> on_this_loop() {
    const auto printer = hk::spawn_actor<Printer>(hk::EventLoop::current());  // no thread; it owns itself
    printer.send("Hello");
    printer.send("from the loop");
    printer.close();
    co_await printer.async_join();
}

// Messages of several kinds: a variant. A kind that the actor does not know is an error of the compiler.
struct A {
    int x;
};
struct B {
    int x, y;
};
class Tagged : public hk::Actor<std::variant<A, B>> {
protected:
    hk::Task<void> run() override {
        for (;;) {
            const auto message = co_await receive();
            std::visit([](const auto& of_its_kind) { handle(of_its_kind); }, message);
        }
    }

private:
    static void handle(const A& a) { std::cout << "Running A " << a.x << '\n'; }
    static void handle(const B& b) { std::cout << "Running B " << b.x << ' ' << b.y << '\n'; }
};

void with_tags() {
    Tagged tagged;
    tagged.start();
    tagged.send(A{1});
    tagged.send(B{2, 3});
    tagged.close();
    tagged.join();
}

class Fragile : public hk::Actor<int> {
public:
    Fragile() : Actor(hk::ActorOptions().with_mailbox(2, hk::Overflow::refuse)) {}

protected:
    hk::Task<void> run() override {
        const int number = co_await receive();
        throw std::runtime_error("cannot stand " + std::to_string(number));
    }
};

void what_goes_wrong() {
    Fragile fragile;
    fragile.send(1);
    fragile.send(2);
    std::cout << (fragile.try_send(3) ? "unbounded" : "a bounded mailbox says when it is full") << '\n';
    fragile.start();
    try {
        fragile.join();
    } catch (const std::runtime_error& error) {
        std::cout << "join() throws what the actor threw: " << error.what() << '\n';
    }
    std::cout << fragile.dropped() << " message was not read\n";
}

int main() {
    on_a_thread();
    hk::run(on_this_loop());
    with_tags();
    what_goes_wrong();
}
