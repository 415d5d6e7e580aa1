// A server whose pages take their time, and which knows how many it was asked for at the same time.
#pragma once
#include <hocket/sync.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "../local_server.hpp"

// How many requests a server has, and the most that it has had at the same time.
class InFlight {
public:
    class Counted {
    public:
        explicit Counted(InFlight& all) : all_(all) {
            const int now = ++all_.now_;
            all_.most_ = std::max(all_.most_.load(), now);
        }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { --all_.now_; }

    private:
        InFlight& all_;
    };
    // The most since this was last asked.
    int most() { return most_.exchange(0); }

private:
    std::atomic<int> now_{0};  // written by the server's thread only
    std::atomic<int> most_{0};
};

// A place at something that has so many.
class Place {
public:
    // One that was acquired.
    explicit Place(hocket::Semaphore& places) : places_(places) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { places_.release(); }

private:
    hocket::Semaphore& places_;
};

class SlowPages {
public:
    static constexpr std::ptrdiff_t kAll = 1'000'000;
    // Answers "/7" by "page 7" after `delay`, at most `at_a_time` of them at the same time; the others queue.
    explicit SlowPages(std::chrono::milliseconds delay, std::ptrdiff_t at_a_time = kAll)
        : delay_(delay), places_(at_a_time), server_([this](hocket::http::Server& server) {
              server.get("/{number}", [this](const hocket::http::Request& request) { return answer(request); });
          }) {}

    std::string url(std::size_t page) const { return server_.url("/" + std::to_string(page)); }
    InFlight in_flight;

private:
    hocket::Task<hocket::http::Response> answer(const hocket::http::Request& request) {
        const InFlight::Counted counted(in_flight);
        co_await places_.async_acquire();
        const Place place(places_);
        if (delay_.count() > 0) co_await hocket::sleep(delay_);
        co_return hocket::http::Response::text(200, "page " + request.parameter("number"));
    }

    std::chrono::milliseconds delay_;
    hocket::Semaphore places_;
    LocalServer server_;
};
