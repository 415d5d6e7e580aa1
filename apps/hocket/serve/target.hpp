#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hocket/futures/promise.hpp"
#include "load/options.hpp"

namespace hocket::serve {

// The server that `hocket serve` is, and that `hocket load` tests when it is given no URL: runs in threads of its own,
// each with an event loop that shares the port with the others. It answers any path as its options say, and some paths
// (see TargetHandler) in other ways.
//
// Start and end are thread-safe in that one thread makes and destroys it, and any may call stop(); its threads take no
// signals. Shutdown: stop() closes the servers, which lets running requests end for a short while, and joins the
// threads.
class Target {
public:
    // Returns when it listens. Throws std::system_error or std::invalid_argument if it cannot.
    explicit Target(const load::ServeOptions& options);
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    ~Target();

    std::uint16_t port() const noexcept { return port_; }
    void stop() noexcept;

private:
    void run_loop(const load::ServeOptions& options, std::uint16_t port, Promise<std::uint16_t> listening) noexcept;

    std::uint16_t port_ = 0;
    Promise<void> stop_;
    std::vector<std::thread> threads_;
    std::mutex joining_;
};

}  // namespace hocket::serve
