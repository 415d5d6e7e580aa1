// The sensors' server by itself: four answers at a time, an error in JSON for a wrong key.
//
//     api_server          asks itself
//     api_server PORT     answers on that port until Ctrl-C
#include <hocket/http.hpp>
#include <hocket/net.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "sensor_server.hpp"

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

constexpr std::ptrdiff_t kAtATime = 4;

hk::Task<void> until_told_to_end(const SensorServer& server) {
    hk::Signals ending = hk::signals({SIGINT, SIGTERM});
    std::cout << server.url() << " for those with the header X-API-KEY: " << SensorServer::kKey << '\n' << std::flush;
    co_await ending.next();
}

void show(const http::Response& response) { std::cout << response.status() << ' ' << response.body() << '\n'; }

void ask_itself() {
    SensorServer server(5ms, kAtATime);
    http::BlockingClient client;
    const http::Options with_key = http::Options().header("X-API-KEY", SensorServer::kKey);
    show(client.get(server.url(), with_key));
    show(client.get(server.url(), http::Options().header("X-API-KEY", "guess")));
    show(client.get(server.url()));

    (void)server.most_at_a_time();
    std::vector<hk::Future<http::Response>> at_once;
    for (int i = 0; i < 20; ++i) at_once.push_back(client.submit("GET", server.url(), http::Body(), with_key));
    int answered = 0;
    for (const auto& response : at_once) answered += response.result().status() == 200 ? 1 : 0;
    std::cout << answered << " answers, at most " << server.most_at_a_time() << " at the same time\n";
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "api_server [PORT]");
    const bool alone = arguments.empty();
    const auto port = arguments.number<std::uint16_t>("PORT", 0, 0, 65'535);
    arguments.end();
    if (alone) {
        ask_itself();
        return 0;
    }
    const SensorServer server(100ms, kAtATime, port);
    hk::run(until_told_to_end(server));
}
