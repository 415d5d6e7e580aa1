// An exchange: who sends does not know who listens. Subscribers come and go while messages are sent, and one that fails
// costs the others nothing.
#include <hocket/actor.hpp>
#include <hocket/threading.hpp>

#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>

namespace hk = hocket;

// Anything with a send().
struct Listener {
    std::string name;
    void send(const std::string& message) const { std::cout << name << " got " << message << '\n'; }
};

// Shows what goes through an exchange: attach it where something is wrong.
hk::Subscription display_messages(hk::Exchange<std::string>& exchange) {
    return exchange.tap([](const hk::Tapped<std::string>& seen) {
        std::cout << "msg[" << seen.number << "]: '" << seen.message << "'\n";
    });
}

void attach_and_detach() {
    auto& exchange = hk::get_exchange<std::string>("news");  // the same one by that name, everywhere
    const Listener first{"first"}, second{"second"};
    exchange.attach(first);
    exchange.attach(second);
    std::cout << "attached twice? " << (exchange.attach(first) ? "yes" : "no, it would get each message twice") << '\n';
    hk::get_exchange<std::string>("news").send("msg1");
    exchange.detach(first);
    std::cout << "detached twice? " << (exchange.detach(first) ? "yes" : "no, and no harm is done") << '\n';
    exchange.send("msg2");
    exchange.detach(second);
    hk::drop_exchange("news");
}

void subscribe() {
    hk::Exchange<std::string> exchange("scoped");
    const Listener listener{"listener"}, other{"other"};
    try {
        const auto attached = exchange.subscribe(listener, other);  // both or none, until the end of the scope
        const auto display = display_messages(exchange);
        exchange.send("msg1");
        exchange.detach(other);  // by hand, inside
        exchange.send("msg2");
        throw std::runtime_error("something else went wrong");
    } catch (const std::runtime_error& error) {
        std::cout << error.what() << ", and " << exchange.size() << " are attached\n";
    }
}

// What used to break: subscribers that come and go, also from within a message, and one that throws, while threads
// send.
void all_at_once() {
    hk::set_report_hook([](hk::ReportKind, std::string_view) {});  // 2,000 lines of what is counted below
    hk::Exchange<int> exchange("busy");
    std::atomic<int> received{0}, once{0};
    const auto steady = exchange.subscribe([&](int) { ++received; });
    const auto broken = exchange.subscribe([](int) { throw std::runtime_error("broken"); });
    const auto last = exchange.subscribe([&](int) { ++received; });
    hk::Subscription leaving;
    leaving = exchange.subscribe([&](int) {
        if (once++ == 0) leaving.cancel();
    });
    const auto send = [&] {
        for (int i = 0; i < 1000; ++i) exchange.send(i);
    };
    hk::Thread one(send), two(send);
    for (int i = 0; i < 100; ++i) const auto passing = exchange.subscribe([](int) {});
    one.join();
    two.join();
    std::cout << received << " deliveries of 2000 messages to 2 subscribers, beside " << exchange.errors()
              << " errors\n";
    hk::set_report_hook({});
}

int main() {
    attach_and_detach();
    subscribe();
    all_at_once();
}
