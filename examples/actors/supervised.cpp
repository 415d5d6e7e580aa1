// Let it crash: a supervisor starts an actor anew when it fails, and gives up when that happens too often.
#include <hocket/actor.hpp>
#include <hocket/aio.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <variant>

namespace hk = hocket;
using namespace std::chrono_literals;

struct Count {};
struct Crash {};

class Counter : public hk::Actor<std::variant<hk::Request<Count, int>, Crash>> {
protected:
    hk::Task<void> run() override {
        hk::register_actor("counter", *this);  // by name it is found after a restart, too
        for (int count = 0;;) {
            auto message = co_await receive();
            if (auto* question = std::get_if<hk::Request<Count, int>>(&message)) {
                question->reply(++count);
            } else {
                throw std::runtime_error("told to crash");
            }
        }
    }
};

// The counter that is there now; waits for it if it is being started anew.
hk::Task<hk::ActorRef<Counter::Message>> counter() {
    for (;;) {
        const auto found = hk::find_actor<Counter::Message>("counter");
        if (found && found.is_alive()) co_return found;
        co_await hk::sleep(1ms);
    }
}

hk::Task<void> crash() {
    const auto running = co_await counter();
    running.send(Crash());
    co_await running.async_wait();  // its end; the supervisor gets the error
}

hk::Task<void> supervised() {
    hk::EventLoop& loop = hk::EventLoop::current();
    const auto log = [](const hk::Down& down) { std::cout << "log: " << down.reason << '\n'; };
    hk::Supervisor supervisor(hk::SupervisorOptions().with_name("top").with_intensity(1, 1min).with_on_failure(log),
                              {hk::ChildSpec("counter", [&] { return hk::spawn_actor<Counter>(loop); })});
    supervisor.start(loop);

    auto running = co_await counter();
    (void)co_await running.ask(Count());
    const int second = co_await running.ask(Count());
    std::cout << "counted to " << second << '\n';
    co_await crash();
    running = co_await counter();
    const int again = co_await running.ask(Count());
    std::cout << "the counter was started anew: counted to " << again << '\n';
    co_await crash();
    try {
        co_await supervisor.async_join();
    } catch (const hk::TooManyRestarts& error) {
        std::cout << error.what() << '\n';
    }
}

int main() { hk::run(supervised()); }
