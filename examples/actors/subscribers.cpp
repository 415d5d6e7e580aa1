// One exchange, all kinds of subscribers: an actor, a coroutine, a network connection, a logger. Topics choose what
// each gets, and each says what is to happen when it is too slow.
#include <hocket/actor.hpp>
#include <hocket/aio.hpp>
#include <hocket/net.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace hk = hocket;

using Readings = hk::Exchange<std::string>;

class Archive : public hk::Actor<std::string> {
public:
    explicit Archive(std::vector<std::string>& kept) : kept_(kept) {}

protected:
    hk::Task<void> run() override {
        for (;;) kept_.push_back(co_await receive());
    }

private:
    std::vector<std::string>& kept_;
};

// A coroutine listens by a stream, until that is closed.
hk::Task<int> count(hk::MessageStream<std::string>& readings) {
    int number = 0;
    while (auto reading = co_await readings.next()) ++number;
    co_return number;
}

// A connection gets what it is sent by way of a queue, so that a slow peer holds up nobody: it misses the oldest.
hk::Task<void> forward(hk::MessageStream<std::string>& readings, hk::Stream& connection) {
    while (auto reading = co_await readings.next()) co_await connection.write(*reading + "\n");
    co_await connection.write_eof();
}

hk::Task<void> all_kinds() {
    std::vector<std::string> kept;
    std::string far_side;
    Readings readings("readings");

    // Whoever connects here gets what the exchange carries.
    auto serve = [&](hk::Stream client) -> hk::Task<void> {
        auto stream = readings.stream(100, hk::SubscribeOptions().with_when_full(hk::WhenFull::drop_oldest));
        const auto close = readings.subscribe_to("end", [&](const std::string&) { stream.close(); });
        co_await client.write("ready\n");
        co_await forward(stream, client);
    };
    hk::Server server = co_await hk::start_server("127.0.0.1", 0, serve);
    hk::Stream connection = co_await hk::open_connection("127.0.0.1", server.port());
    (void)co_await connection.read_line();

    const auto archive = hk::spawn_actor<Archive>(hk::EventLoop::current(), kept);
    auto counted = readings.stream();
    const auto attached = readings.subscribe_to("sensors.>", archive);
    const auto logged =
        readings.subscribe_to("sensors.*.temperature", [](std::string_view topic, const std::string& value) {
            std::cout << "log: " << topic << " = " << value << '\n';
        });
    hk::Future<int> counting = hk::create_task(count(counted));

    readings.send("sensors.kitchen.temperature", "21.5");
    readings.send("sensors.kitchen.humidity", "40");
    readings.send("sensors.cellar.temperature", "12");
    readings.send("machines.press", "on");
    readings.send("end", "");

    counted.close();
    archive.close();
    co_await archive.async_join();
    far_side = co_await connection.read_all();
    const int number = co_await counting;
    co_await server.close();

    std::cout << "the actor kept " << kept.size() << " readings of sensors\n";
    std::cout << "the coroutine counted " << number << " messages\n";
    std::cout << "the connection carried:\n" << far_side;
}

int main() { hk::run(all_kinds()); }
