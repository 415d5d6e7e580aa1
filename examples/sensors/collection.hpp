// The readings of many sensor servers, collected by six methods that come to the same. The program's main() begins with
// hocket::init(), for the one by processes.
#pragma once
#include <hocket/aio.hpp>
#include <hocket/futures.hpp>
#include <hocket/http.hpp>
#include <hocket/process.hpp>
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "read_as_it_comes.hpp"
#include "sensor_server.hpp"

namespace hk = hocket;
namespace http = hocket::http;

class DataPoint {
public:
    DataPoint() = default;
    DataPoint(std::string sensor, std::chrono::system_clock::time_point collected_at, nlohmann::json data)
        : sensor(std::move(sensor)), collected_at(collected_at), data(std::move(data)) {}
    // On its way from a worker process; JSON travels as text.
    template <class Archive>
    void save(Archive& archive) const {
        archive(sensor, collected_at, data.dump());
    }
    template <class Archive>
    void load(Archive& archive) {
        std::string text;
        archive(sensor, collected_at, text);
        data = nlohmann::json::parse(text);
    }

    std::string sensor;
    std::chrono::system_clock::time_point collected_at;
    nlohmann::json data;
};
using DataPoints = std::vector<DataPoint>;

// What a server's answer says, if it is one.
inline DataPoints read(int status, std::string_view body) {
    const nlohmann::json answer = nlohmann::json::parse(body, nullptr, false);
    if (answer.is_discarded()) throw std::runtime_error("the answer is no JSON");
    if (status != 200) throw std::runtime_error(answer.value("error", "status " + std::to_string(status)));
    const auto now = std::chrono::system_clock::now();
    DataPoints points;
    for (const auto& sensor : answer.at("sensors")) points.emplace_back(sensor.at("id"), now, sensor.at("value"));
    return points;
}
inline DataPoints read(const http::Response& response) { return read(response.status(), response.body()); }

// What came of asking each of some servers, in their order.
class Collection {
public:
    explicit Collection(const std::vector<std::string>& servers) : servers_(servers), points_(servers.size()) {}
    // Of the server at `index`: the points that `get()` returns, or why it does not.
    template <class Get>
    void add(std::size_t index, Get get) {
        try {
            points_[index] = get();
        } catch (const std::exception& error) {
            failures_.push_back(servers_[index] + ": " + error.what());
        }
    }
    const std::vector<DataPoints>& points() const { return points_; }
    const std::vector<std::string>& failures() const { return failures_; }

private:
    std::vector<std::string> servers_;
    std::vector<DataPoints> points_;
    std::vector<std::string> failures_;
};

using Servers = std::vector<std::string>;

inline std::string sensors_of(const std::string& server) { return server + "/v/2.0/sensors/"; }

// The key goes with every request of the client.
inline http::ClientOptions client_options(const Servers& servers) {
    http::ClientOptions options;
    options.defaults.header("X-API-KEY", SensorServer::kKey);
    options.max_connections = options.max_connections_per_host = servers.size();
    return options;
}

inline Collection one_after_another(const Servers& servers) {
    http::BlockingClient client(client_options(servers));
    Collection all(servers);
    for (std::size_t i = 0; i < servers.size(); ++i)
        all.add(i, [&] { return read(client.get(sensors_of(servers[i]))); });
    return all;
}

inline hk::Task<Collection> by_select(const Servers& servers) {
    http::Client client(client_options(servers));
    std::vector<Connection> connections;
    for (const std::string& server : servers) connections.emplace_back(sensors_of(server), http::Options());
    const auto nothing_yet = [](const std::vector<Connection*>&) {};
    co_await read_as_it_comes(client, connections, nothing_yet);
    Collection all(servers);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        all.add(i, [&, i] {
            if (connections[i].error) std::rethrow_exception(connections[i].error);
            return read(connections[i].response->status(), connections[i].body);
        });
    }
    co_return all;
}

// The threads' results, and their errors, come home by a queue.
class Answer {
public:
    std::size_t server = 0;
    DataPoints points;
    std::exception_ptr error;
};

inline Collection in_threads(const Servers& servers) {
    http::BlockingClient client(client_options(servers));
    hk::Queue<Answer> answers;
    const auto ask = [&](std::size_t i) {
        Answer answer;
        answer.server = i;
        try {
            answer.points = read(client.get(sensors_of(servers[i])));
        } catch (const std::exception&) {
            answer.error = std::current_exception();
        }
        answers.put(std::move(answer));
    };
    std::vector<hk::Thread> threads;
    for (std::size_t i = 0; i < servers.size(); ++i) threads.emplace_back(ask, i);
    Collection all(servers);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        Answer answer = answers.get();  // as many as there are threads
        all.add(answer.server, [&] {
            if (answer.error) std::rethrow_exception(answer.error);
            return std::move(answer.points);
        });
    }
    for (hk::Thread& thread : threads) thread.join();
    return all;
}

inline Collection on_a_pool(const Servers& servers) {
    http::BlockingClient client(client_options(servers));
    hk::ThreadPool pool;
    const auto ask = [&](std::size_t i) { return read(client.get(sensors_of(servers[i]))); };
    std::vector<hk::Future<DataPoints>> futures;
    for (std::size_t i = 0; i < servers.size(); ++i) futures.push_back(pool.submit(ask, i));
    Collection all(servers);
    for (std::size_t i = 0; i < servers.size(); ++i) all.add(i, [&] { return std::move(futures[i]).result(); });
    return all;
}

// In a worker process, which has a client of its own.
inline DataPoints ask_from_a_worker(const std::string& server) {
    http::BlockingClient client(client_options({server}));
    return read(client.get(sensors_of(server)));
}

inline Collection in_processes(const Servers& servers) {
    hk::ProcessPool pool(servers.size());
    std::vector<hk::Future<DataPoints>> futures;
    for (const std::string& server : servers) futures.push_back(pool.submit(ask_from_a_worker, server));
    Collection all(servers);
    for (std::size_t i = 0; i < servers.size(); ++i) all.add(i, [&] { return std::move(futures[i]).result(); });
    return all;
}

inline hk::Task<DataPoints> ask(http::Client& client, std::string server) {
    const http::Response response = co_await client.get(sensors_of(server));
    co_return read(response);
}

inline hk::Task<Collection> as_tasks(const Servers& servers) {
    http::Client client(client_options(servers));
    std::vector<hk::Task<DataPoints>> requests;
    for (const std::string& server : servers) requests.push_back(ask(client, server));
    auto outcomes = co_await hk::gather(hk::return_exceptions, std::move(requests));
    Collection all(servers);
    for (std::size_t i = 0; i < servers.size(); ++i) all.add(i, [&] { return std::move(outcomes[i]).value(); });
    co_return all;
}

// In `sequence`, by `select`, in `threads`, on a `pool` of as many threads as it has by default, in `processes`, as
// `tasks`.
inline Collection collect(const Servers& servers, const std::string& method) {
    if (method == "sequence") return one_after_another(servers);
    if (method == "select") return hk::run(by_select(servers));
    if (method == "threads") return in_threads(servers);
    if (method == "pool") return on_a_pool(servers);
    if (method == "processes") return in_processes(servers);
    return hk::run(as_tasks(servers));
}

// How many points there are, each of which came from the server that was asked for it.
inline std::size_t count(const Collection& collection, const Servers& servers) {
    std::size_t points = 0;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        for (const DataPoint& point : collection.points()[i]) {
            const bool misplaced =
                point.sensor == "Server" && !servers[i].ends_with("/" + point.data.get<std::string>());
            if (misplaced) throw std::logic_error("the answer of another server");
            ++points;
        }
    }
    return points;
}
