#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hocket/futures.hpp"
#include "hocket/net/address.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "summary.hpp"

namespace hocket::load {

class Worker;

// What the workers of one run share: what to send, where to, and how many requests are still to be made.
class Job {
public:
    // Throws std::invalid_argument for a request that can't be built.
    Job(const LoadOptions& options, Address address);

    const LoadOptions& options() const noexcept { return options_; }
    const Address& address() const noexcept { return address_; }
    const std::string& request() const noexcept { return request_; }
    bool head() const noexcept { return head_; }

    // Takes up to `wanted` of the requests that are left; 0 when there are none. Any thread.
    std::uint64_t take(std::uint64_t wanted) noexcept;

private:
    LoadOptions options_;
    Address address_;
    std::string request_;
    bool head_;
    std::atomic<std::uint64_t> left_;
};

// A closed-loop load test: each of its connections sends a request, waits for the response, and sends the next. It runs
// on threads of its own, each with an event loop and a share of the connections, and knows nothing of how its
// numbers are shown: the faces read snapshots and the summary.
//
// Every request that is started ends as exactly one of: a status, an error of a named kind, or, if the run was ended
// by time or by stop() while it was under way, unfinished. When the time is up, requests under way get `grace` to end.
class Engine {
public:
    static constexpr auto grace = std::chrono::seconds(1);

    // `address` is where options.url leads to.
    Engine(const LoadOptions& options, Address address);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    // Stops and waits for the threads.
    ~Engine();

    // Begins the run; once. The future is done when all threads have ended.
    Future<void> start();
    // Ends the run at once. Any thread.
    void stop();
    // Where the run stands. Any thread.
    Progress snapshot() const;
    // The same without the percentiles, which cost a look at tens of thousands of counters.
    Progress counts() const;
    // Puts the latencies so far in place of what `latency` holds. Any thread.
    void latencies(Histogram& latency) const;
    // What came of it; after the future of start() is done.
    Summary summary() const;

private:
    Job job_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<std::size_t> running_{0};
    Promise<void> ended_;
    std::chrono::steady_clock::time_point started_{};
    std::chrono::system_clock::time_point started_at_{};
    std::atomic<bool> stopped_{false};
};

}  // namespace hocket::load
