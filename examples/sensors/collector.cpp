// Collects the readings of many sensor servers by six methods that come to the same: one after another, by one task
// that reads what is there, by a thread for each server and a queue, on a pool, by a process for each server, and as
// tasks. Three more servers fail, each in its way, which costs nobody else's answer.
//
//     collector [--url URL] [SERVERS [MILLISECONDS [METHOD...]]]
//
// Without URL the servers are in the program and take so long for an answer. Methods: "sequence", "select", "threads",
// "pool" (as many threads as a ThreadPool has by default), "processes", "tasks"; all of them if none is given.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "collection.hpp"

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "collector [--url URL] [SERVERS [MILLISECONDS [METHOD...]]]");
    std::string url;
    if (arguments.take("--url")) url = arguments.word();
    const auto number = arguments.number<std::size_t>("SERVERS", 20, 1, 10'000);
    const std::chrono::milliseconds delay(arguments.number("MILLISECONDS", 20, 0, 60'000));
    const std::vector<std::string> known{"sequence", "select", "threads", "pool", "processes", "tasks"};
    std::vector<std::string> methods;
    while (!arguments.empty()) {
        methods.push_back(arguments.word());
        if (std::find(known.begin(), known.end(), methods.back()) == known.end())
            arguments.refuse("there is no method \"" + methods.back() + "\"");
    }
    if (methods.empty()) methods = known;

    std::unique_ptr<SensorServer> server;
    Servers servers(number, url);
    if (url.empty()) {
        server = std::make_unique<SensorServer>(delay, 1'000'000);
        for (std::size_t i = 0; i < number; ++i) servers[i] = server->endpoint(std::to_string(i));
        servers.insert(servers.begin(), server->endpoint("locked"));  // it takes another key
        servers.insert(servers.begin() + 1, "http://127.0.0.1:1");    // nobody is there
        servers.push_back(server->endpoint("confused"));              // it sends no JSON
    }

    std::vector<std::string> failures;
    for (const std::string& method : methods) {
        const auto begin = std::chrono::steady_clock::now();
        const Collection collection = collect(servers, method);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        std::printf("%-8s %zu points, %zu failures, %.3f s", method.c_str(), count(collection, servers),
                    collection.failures().size(), taken.count());
        if (server) std::printf(", at most %d at a time", server->most_at_a_time());
        std::printf("\n");
        std::fflush(stdout);
        failures = collection.failures();
    }
    std::sort(failures.begin(), failures.end());
    for (const std::string& failure : failures) std::cout << failure << '\n';
}
