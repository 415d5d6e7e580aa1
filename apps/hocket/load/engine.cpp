#include "engine.hpp"

#include <algorithm>
#include <limits>

#include "request.hpp"
#include "worker.hpp"

namespace hocket::load {

Job::Job(const LoadOptions& options, Address address)
    : options_(options),
      address_(std::move(address)),
      request_(build_request(options.url.value(), options.request)),
      head_(options.request.method == "HEAD"),
      left_(options.requests.value_or(std::numeric_limits<std::uint64_t>::max())) {}

std::uint64_t Job::take(std::uint64_t wanted) noexcept {
    std::uint64_t left = left_.load(std::memory_order_relaxed);
    std::uint64_t taken = 0;
    do {
        // Small helpings towards the end, so that all threads finish together.
        taken =
            std::min(wanted, std::max<std::uint64_t>(left / (8 * options_.threads), std::min<std::uint64_t>(left, 1)));
    } while (taken > 0 && !left_.compare_exchange_weak(left, left - taken, std::memory_order_relaxed));
    return taken;
}

Engine::Engine(const LoadOptions& options, Address address) : job_(options, std::move(address)) {
    const unsigned threads = std::max(1u, std::min(options.threads, options.connections));
    for (unsigned i = 0; i < threads; ++i) {
        const unsigned share = options.connections / threads + (i < options.connections % threads ? 1 : 0);
        workers_.push_back(std::make_unique<Worker>(job_, share));
    }
}

Engine::~Engine() {
    stop();
    workers_.clear();  // their last act is to report to the members below
}

Future<void> Engine::start() {
    started_ = std::chrono::steady_clock::now();
    started_at_ = std::chrono::system_clock::now();
    running_ = workers_.size();
    for (auto& worker : workers_) {
        worker->start(started_, [this] {
            if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) ended_.set_result();
        });
    }
    return ended_.future();
}

void Engine::stop() {
    stopped_ = true;
    for (auto& worker : workers_) worker->stop();
}

Progress Engine::counts() const {
    Progress progress;
    for (const auto& worker : workers_) worker->add_to(progress);
    progress.errors = total(progress.error_counts);
    progress.done = total(progress.statuses) + progress.errors;
    progress.requests = job_.options().requests;
    progress.elapsed = std::chrono::steady_clock::now() - started_;
    progress.duration = job_.options().duration;
    return progress;
}

void Engine::latencies(Histogram& latency) const {
    latency.reset();
    for (const auto& worker : workers_) latency.merge(worker->latency());
}

Progress Engine::snapshot() const {
    Progress progress = counts();
    Histogram latency;
    latencies(latency);
    progress.p50_us = latency.value_at_percentile(50);
    progress.p99_us = latency.value_at_percentile(99);
    return progress;
}

Summary Engine::summary() const {
    Summary summary;
    summary.url = job_.options().url->to_string();
    summary.started_at = started_at_;
    summary.threads = static_cast<unsigned>(workers_.size());
    summary.interrupted = stopped_;
    auto first = Worker::Time::max();
    auto last = Worker::Time::min();
    for (const auto& worker : workers_) {
        worker->add_to(summary);
        first = std::min(first, worker->first_start());
        last = std::max(last, worker->last_end());
    }
    if (first < last) summary.elapsed = last - first;
    return summary;
}

}  // namespace hocket::load
