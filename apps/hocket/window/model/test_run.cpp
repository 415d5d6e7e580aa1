#include "test_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "load/duration.hpp"
#include "load/printable.hpp"
#include "load/text_layout.hpp"

namespace hocket::window {

using std::chrono::nanoseconds;

void TestRun::take(Update update) {
    if (update.sample) samples_.push_back(*update.sample);
    if (!update.end) {
        progress_ = std::move(update.progress);
        return;
    }
    summary_ = std::move(update.end);
    const nanoseconds elapsed = std::max(summary_->elapsed, progress_.elapsed);
    progress_ = std::move(update.progress);
    progress_.elapsed = elapsed;
    state_ = summary_->failure ? State::failed : summary_->interrupted ? State::cancelled : State::finished;
}

void TestRun::stop_requested() noexcept {
    if (state_ == State::running) state_ = State::stopping;
}

int TestRun::percent() const noexcept {
    if (state_ == State::finished) return 100;
    return state_ == State::running ? std::min(load::percent_done(progress_), 99) : 0;
}

std::optional<nanoseconds> TestRun::remaining() const noexcept {
    if (!active() || !begun()) return std::nullopt;
    std::optional<nanoseconds> remaining;
    if (options_.duration) remaining = std::max(*options_.duration - progress_.elapsed, nanoseconds(0));
    if (options_.requests && progress_.done > 0) {
        const double share = static_cast<double>(*options_.requests - std::min(progress_.done, *options_.requests)) /
                             static_cast<double>(progress_.done);
        const double left = share * static_cast<double>(progress_.elapsed.count());
        if (left < 1e18) remaining = std::min(remaining.value_or(nanoseconds::max()), nanoseconds(std::llround(left)));
    }
    return remaining;
}

std::string title(const TestRun& run) {
    const load::Url& url = *run.options().url;
    return fmt::format("#{}  {} {}{}", run.number(), run.options().request.method, load::printable(url.host_header()),
                       load::printable(url.target));
}

std::string outcome(const TestRun& run) {
    switch (run.state()) {
        case TestRun::State::running:
            return "running";
        case TestRun::State::stopping:
            return "stopping";
        case TestRun::State::failed:
            return load::printable(run.summary()->failure->message);
        default:
            break;
    }
    const load::Summary& summary = *run.summary();
    std::string text =
        summary.responses() == 0
            ? "no response"
            : fmt::format("{} req/s, p99 {}",
                          load::with_commas(static_cast<std::uint64_t>(std::llround(summary.requests_per_second()))),
                          load::format_duration(std::chrono::microseconds(summary.latency.value_at_percentile(99))));
    if (summary.error_total() > 0) text += fmt::format(", {} errors", load::compact(summary.error_total()));
    if (run.state() == TestRun::State::cancelled) text += ", cancelled";
    return text;
}

}  // namespace hocket::window
