#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "load/options.hpp"
#include "update.hpp"

namespace hocket::window {

// One test, as far as a window knows it: what was asked for, and what has come of it so far. Its updates come from its
// own queue and go nowhere else, so that nothing of one test is ever part of another.
class TestRun {
public:
    enum class State : std::uint8_t {
        running,
        stopping,   // cancelled; the end is still to come
        finished,   // to its end
        cancelled,  // before its end
        failed      // the server was not reached, or the generator gave up
    };

    TestRun(unsigned number, load::LoadOptions options) : number_(number), options_(std::move(options)) {}

    // Takes over what the update says.
    void take(Update update);
    // It was cancelled: what still comes changes no bar.
    void stop_requested() noexcept;

    unsigned number() const noexcept { return number_; }
    const load::LoadOptions& options() const noexcept { return options_; }
    State state() const noexcept { return state_; }
    bool active() const noexcept { return state_ == State::running; }
    bool begun() const noexcept { return progress_.elapsed.count() > 0; }
    const load::Progress& progress() const noexcept { return progress_; }
    const std::vector<Sample>& samples() const noexcept { return samples_; }
    const std::optional<load::Summary>& summary() const noexcept { return summary_; }

    // Of the progress bar: 0 to 99 while it runs, 100 exactly at its end, 0 if it did not come to its end.
    int percent() const noexcept;
    // Responses: a request that failed is not done.
    std::uint64_t responses() const noexcept { return progress_.done - progress_.errors; }
    // An estimate; nothing if there is nothing to base it on.
    std::optional<std::chrono::nanoseconds> remaining() const noexcept;

private:
    unsigned number_;
    load::LoadOptions options_;
    State state_ = State::running;
    load::Progress progress_;
    std::vector<Sample> samples_;
    std::optional<load::Summary> summary_;
};

// "#3  GET 127.0.0.1:8080/", and what came of it in a few words.
std::string title(const TestRun& run);
std::string outcome(const TestRun& run);

}  // namespace hocket::window
