// How long the five methods take for 1, 2, 5, 10, 20 and 50 servers, each of which takes its time for an answer: a
// table, and a plot of it.
//
//     methods [--svg FILE] [MILLISECONDS [ROUNDS [SERVERS...]]]
//
// The methods take turns in each round; what is told is the median of the rounds. FILE gets the plot as a picture.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "collection.hpp"

namespace {

const std::vector<std::string> kMethods{"sequence", "select", "threads", "processes", "tasks"};

// Seconds, by number of servers, one for each method.
using Table = std::map<std::size_t, std::vector<double>>;

double seconds_for(const Servers& servers, const std::string& method) {
    const auto begin = std::chrono::steady_clock::now();
    const Collection collection = collect(servers, method);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (count(collection, servers) != servers.size() * SensorServer::kReadings)
        throw std::runtime_error(method + " has lost something: " + collection.failures().front());
    return taken.count();
}

std::vector<double> measure(const SensorServer& server, std::size_t number, std::size_t rounds) {
    Servers servers;
    for (std::size_t i = 0; i < number; ++i) servers.push_back(server.endpoint(std::to_string(i)));
    std::vector<std::vector<double>> taken(kMethods.size());
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t method = 0; method < kMethods.size(); ++method)
            taken[method].push_back(seconds_for(servers, kMethods[method]));
    }
    std::vector<double> medians;
    for (auto& times : taken) {
        std::sort(times.begin(), times.end());
        medians.push_back(times[times.size() / 2]);
    }
    return medians;
}

void print(const Table& table) {
    std::printf("servers");
    for (const std::string& method : kMethods) std::printf("  %9s", method.c_str());
    std::printf("\n");
    for (const auto& [number, seconds] : table) {
        std::printf("%7zu", number);
        for (const double value : seconds) std::printf("  %7.3f s", value);
        std::printf("\n");
    }
}

// Bars whose length is the logarithm of the time, from the shortest on.
void plot(const Table& table) {
    double shortest = table.begin()->second.front();
    for (const auto& [number, seconds] : table)
        shortest = std::min(shortest, *std::min_element(seconds.begin(), seconds.end()));
    for (const auto& [number, seconds] : table) {
        std::printf("\n%zu server%s\n", number, number == 1 ? "" : "s");
        for (std::size_t method = 0; method < kMethods.size(); ++method) {
            const auto length = static_cast<std::size_t>(1 + 16 * std::log2(seconds[method] / shortest) / std::log2(4));
            std::printf("%9s |%s\n", kMethods[method].c_str(), std::string(length, '#').c_str());
        }
    }
}

// Lines, both axes logarithmic.
void draw(const Table& table, const std::string& file) {
    constexpr double kLeft = 60, kTop = 20, kWidth = 480, kHeight = 300;
    const std::vector<const char*> colours{"#c0392b", "#8e44ad", "#2980b9", "#d68910", "#1e8449"};
    double least = 1e9, most = 0;
    for (const auto& [number, seconds] : table) {
        least = std::min(least, *std::min_element(seconds.begin(), seconds.end()) / 1.3);
        most = std::max(most, *std::max_element(seconds.begin(), seconds.end()) * 1.3);
    }
    const double first = std::log(static_cast<double>(table.begin()->first));
    const double span = std::max(0.1, std::log(static_cast<double>(table.rbegin()->first)) - first);
    const auto x = [&](std::size_t number) {
        return kLeft + kWidth * (std::log(static_cast<double>(number)) - first) / span;
    };
    const auto y = [&](double value) { return kTop + kHeight * std::log(most / value) / std::log(most / least); };
    std::ofstream svg(file);
    svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 660 370\" font-family=\"sans-serif\" "
           "font-size=\"12\">\n"
        << "<rect width=\"660\" height=\"370\" fill=\"white\"/>\n"
        << "<path d=\"M" << kLeft << ' ' << kTop << "V" << kTop + kHeight << "H" << kLeft + kWidth
        << "\" fill=\"none\" stroke=\"black\"/>\n<text x=\"" << kLeft + kWidth / 2
        << "\" y=\"362\" text-anchor=\"middle\">servers</text>\n";
    for (const auto& [number, seconds] : table)
        svg << "<text x=\"" << x(number) << "\" y=\"" << kTop + kHeight + 16 << "\" text-anchor=\"middle\">" << number
            << "</text>\n";
    for (const double tick : {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0}) {
        if (tick < least || tick > most) continue;
        svg << "<text x=\"" << kLeft - 6 << "\" y=\"" << y(tick) + 4 << "\" text-anchor=\"end\">" << tick
            << " s</text>\n<path d=\"M" << kLeft << ' ' << y(tick) << 'h' << kWidth << "\" stroke=\"#ddd\"/>\n";
    }
    for (std::size_t method = 0; method < kMethods.size(); ++method) {
        svg << "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" << colours[method] << "\" points=\"";
        for (const auto& [number, seconds] : table) svg << x(number) << ',' << y(seconds[method]) << ' ';
        const double at = kTop + 20 + 20.0 * static_cast<double>(method);
        svg << "\"/>\n<path d=\"M" << kLeft + kWidth + 10 << ' ' << at << "h16\" stroke-width=\"4\" stroke=\""
            << colours[method] << "\"/>\n<text x=\"" << kLeft + kWidth + 32 << "\" y=\"" << at + 4 << "\">"
            << kMethods[method] << "</text>\n";
    }
    svg << "</svg>\n";
    svg.close();
    if (!svg) throw std::runtime_error("cannot write " + file);
}

}  // namespace

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "methods [--svg FILE] [MILLISECONDS [ROUNDS [SERVERS...]]]");
    std::string picture;
    if (arguments.take("--svg")) {
        picture = arguments.word();
        if (picture.empty()) arguments.refuse("--svg needs the name of a file");
    }
    const std::chrono::milliseconds delay(arguments.number("MILLISECONDS", 100, 0, 60'000));
    const auto rounds = arguments.number<std::size_t>("ROUNDS", 3, 1, 1'000);
    std::vector<std::size_t> numbers;
    while (!arguments.empty()) numbers.push_back(arguments.number<std::size_t>("SERVERS", 1, 1, 1'000));
    if (numbers.empty()) numbers = {1, 2, 5, 10, 20, 50};

    try {
        const SensorServer server(delay, 1'000'000);
        Table table;
        for (const std::size_t number : numbers) table[number] = measure(server, number, rounds);
        print(table);
        plot(table);
        if (!picture.empty()) draw(table, picture);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
