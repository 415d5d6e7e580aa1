// The API of sensors: "/<number>/v/2.0/sensors/" gives the readings of the server of that number as JSON to those who
// show the key, at most so many answers at the same time.
#pragma once
#include <hocket/sync.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "../local_server.hpp"

class SensorServer {
public:
    static constexpr const char* kKey = "open sesame";
    static constexpr std::size_t kReadings = 3;

    SensorServer(std::chrono::milliseconds delay, std::ptrdiff_t at_a_time, std::uint16_t port = 0)
        : delay_(delay),
          places_(at_a_time),
          server_(
              [this](hocket::http::Server& server) {
                  const auto to_all = [this](const hocket::http::Request& request) { return answer(request); };
                  server.get("/v/2.0/sensors/", to_all);
                  server.get("/{server}/v/2.0/sensors/", to_all);
                  server.get("/confused/v/2.0/sensors/", [](const hocket::http::Request&) { return confused(); });
              },
              port) {}

    // A name for the server of this number, as a collector knows it.
    std::string endpoint(const std::string& server) const { return server_.url("/" + server); }
    std::string url() const { return server_.url("/v/2.0/sensors/"); }
    // The most answers that it has worked at at the same time since it was last asked.
    int most_at_a_time() { return most_.exchange(0); }

private:
    // Works at an answer as long as it lives.
    class Working {
    public:
        explicit Working(SensorServer& server) : server_(server) {
            const int now = ++server_.working_;
            server_.most_ = std::max(server_.most_.load(), now);
        }
        Working(const Working&) = delete;
        Working& operator=(const Working&) = delete;
        ~Working() {
            --server_.working_;
            server_.places_.release();
        }

    private:
        SensorServer& server_;
    };

    hocket::Task<hocket::http::Response> answer(const hocket::http::Request& request) {
        if (request.header("X-API-KEY") != kKey || request.path().starts_with("/locked/"))
            co_return hocket::http::Response::json(403, R"({"error":"the header X-API-KEY must have the API key"})");
        co_await places_.async_acquire();
        const Working working(*this);
        if (delay_.count() > 0) co_await hocket::sleep(delay_);
        co_return hocket::http::Response::json(200, readings(request));
    }
    static hocket::Task<hocket::http::Response> confused() {
        co_return hocket::http::Response::text(200, "this is no JSON");
    }
    static std::string readings(const hocket::http::Request& request) {
        const bool named = !request.path().starts_with("/v/");
        nlohmann::json sensors = nlohmann::json::array();
        sensors.push_back({{"id", "Server"}, {"value", named ? request.parameter("server") : "0"}});
        sensors.push_back({{"id", "CPULoad"}, {"value", 0.12}});
        sensors.push_back({{"id", "Temperature"}, {"value", {{"magnitude", 21.4}, {"unit", "degC"}}}});
        return nlohmann::json{{"sensors", std::move(sensors)}}.dump();
    }

    std::chrono::milliseconds delay_;
    hocket::Semaphore places_;
    std::atomic<int> working_{0};  // written by the server's thread only
    std::atomic<int> most_{0};
    LocalServer server_;
};
