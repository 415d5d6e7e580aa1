// Actors that many tests use.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "hocket/actor.hpp"
#include "hocket/sync/event.hpp"

namespace hocket::test {

/// Keeps what it gets.
class Collector : public Actor<int> {
public:
    explicit Collector(const ActorOptions& options = ActorOptions()) : Actor(options) {}
    std::vector<int> got;  // to be read after its end

protected:
    Task<void> run() override {
        for (;;) got.push_back(co_await receive());
    }
};

/// Fails with the first message.
class Failing : public Actor<int> {
public:
    explicit Failing(const ActorOptions& options = ActorOptions()) : Actor(options) {}

protected:
    Task<void> run() override {
        (void)co_await receive();
        throw std::runtime_error("it failed");
    }
};

/// Reads nothing before it is let.
class Gated : public Actor<int> {
public:
    explicit Gated(const ActorOptions& options = ActorOptions()) : Actor(options) {}
    Event open;
    std::vector<int> got;

protected:
    Task<void> run() override {
        co_await open.async_wait();
        for (;;) got.push_back(co_await receive());
    }
};

}  // namespace hocket::test
