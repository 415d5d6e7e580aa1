#pragma once

#include <chrono>
#include <optional>

#include "load/engine.hpp"
#include "update.hpp"

namespace hocket::window {

// Turns what an engine has counted so far into what happened lately: takes a sample whenever the time for the next one
// has come, close to each other at first, so that a short test has a curve too. Used by one thread.
class Sampler {
public:
    static constexpr std::chrono::milliseconds shortest{100};
    static constexpr std::chrono::milliseconds longest{500};

    explicit Sampler(const load::Engine& engine) : engine_(engine) {}
    // Nothing if the last sample is too recent.
    std::optional<Sample> sample(const load::Progress& now);
    // Of whatever has come since the last one; nothing if that is nothing.
    std::optional<Sample> rest(const load::Progress& now);

private:
    Sample take(const load::Progress& now);

    const load::Engine& engine_;
    std::chrono::nanoseconds last_{0};  // when the last sample ended
    std::uint64_t done_ = 0;            // by then
    load::Histogram before_;
    load::Histogram now_;
    load::Histogram between_;
};

}  // namespace hocket::window
