// An actor whose send() goes over the network: whoever has its address speaks to it as to any other, or attaches it to
// an exchange. On the other side a server hands what comes in to an actor there. Both sides are in this program, and
// talk over the loopback interface.
#include <hocket/actor.hpp>
#include <hocket/aio.hpp>
#include <hocket/net.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

namespace hk = hocket;

class Printer : public hk::Actor<std::string> {
protected:
    hk::Task<void> run() override {
        for (;;) {
            const std::string message = co_await receive();
            std::cout << "remote got: " << message << '\n';
        }
    }
};

// Stands for an actor elsewhere: each message is a line of text on a connection.
class Remote : public hk::Actor<std::string> {
public:
    Remote(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}

protected:
    hk::Task<void> run() override {
        hk::Stream connection = co_await hk::open_connection(host_, port_);
        for (;;) {
            std::string message = co_await receive();
            if (message.find('\n') != std::string::npos) throw std::invalid_argument("a message is one line");
            message += '\n';
            co_await connection.write(message);
        }
    }  // closed: the connection ends, and with it the other side's loop

private:
    const std::string host_;
    const std::uint16_t port_;
};

hk::Task<void> both_sides() {
    hk::EventLoop& loop = hk::EventLoop::current();
    // There: one actor for everybody who connects.
    const auto printer = hk::spawn_actor<Printer>(loop);
    hk::Event served;
    const auto hand_over = [printer, &served](hk::Stream client) -> hk::Task<void> {
        while (auto line = co_await client.read_line()) co_await printer.async_send(*line);
        served.set();
    };
    hk::Server server = co_await hk::start_server("127.0.0.1", 0, hand_over);

    // Here: it is an actor like any other.
    const auto remote = hk::spawn_actor<Remote>(loop, "127.0.0.1", server.port());
    remote.send("Hello");
    remote.send("World");
    {
        hk::Exchange<std::string> exchange("measurements");
        const auto attached = exchange.subscribe_to("sensors.*.temperature", remote);
        exchange.send("sensors.kitchen.temperature", "21.5");
        exchange.send("sensors.kitchen.humidity", "40");
    }
    remote.close();
    co_await remote.async_join();
    co_await served.async_wait();
    printer.close();
    co_await printer.async_join();
    co_await server.close();

    // Nobody listens there any more: that is an error of the actor that stands for it, not silence.
    const auto lost = hk::spawn_actor<Remote>(loop, "127.0.0.1", server.port());
    lost.send("anybody there?");
    try {
        co_await lost.async_join();
    } catch (const std::system_error& error) {
        std::cout << "not delivered: " << error.code().message() << ", " << lost.dropped() << " message dropped\n";
    }
}

int main() { hk::run(both_sides()); }
