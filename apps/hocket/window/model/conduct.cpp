#include "conduct.hpp"

#include <utility>
#include <vector>

#include "hocket/aio.hpp"
#include "load/engine.hpp"
#include "load/reach.hpp"
#include "sampler.hpp"

namespace hocket::window {
namespace {

using namespace std::chrono_literals;

// Drawing takes time from the test on the same machine: the bar moves this often at most,
constexpr auto kPause = 50ms;
// and numbers change at a pace at which they can be read.
constexpr auto kNumbersPause = 100ms;

// Puts updates until the engine's run has ended.
Task<void> tell(const load::Engine& engine, Future<void> ended, Sampler& sampler, Outbox& outbox) {
    const std::vector<Future<void>> run(1, ended);
    int percent = 0;
    std::chrono::nanoseconds told{0};
    for (;;) {
        (void)co_await async_wait(run, ALL_COMPLETED, kPause);
        if (ended.done()) co_return;
        Update update;
        update.progress = engine.counts();
        update.sample = sampler.sample(update.progress);
        const int percent_now = load::percent_done(update.progress);
        const bool news = update.sample || percent_now != percent;
        if (!news && update.progress.elapsed - told < kNumbersPause) continue;
        percent = percent_now;
        told = update.progress.elapsed;
        outbox.put(std::move(update));
    }
}

}  // namespace

Outbox::Outbox(std::shared_ptr<Updates> updates, const load::LoadOptions& options)
    : updates_(std::move(updates)), never_begun_(load::nothing_done(options, std::chrono::system_clock::now())) {
    never_begun_.interrupted = true;
}

Outbox::~Outbox() {
    if (!updates_) return;
    try {
        Update update;
        update.progress.requests = std::nullopt;
        update.end = std::move(never_begun_);
        updates_->put(std::move(update));
    } catch (const std::exception&) {
        updates_->shutdown();  // no memory
    }
}

void Outbox::put_end(Update update) {
    updates_->put(std::move(update));
    updates_.reset();
}

Task<void> conduct(load::LoadOptions options, Outbox outbox) {
    load::Summary nothing = load::nothing_done(options, std::chrono::system_clock::now());
    std::unique_ptr<load::Engine> engine;
    std::unique_ptr<Sampler> sampler;
    Future<void> ended;
    std::exception_ptr cancelled;
    try {
        const Address address = co_await load::reach(options);
        engine = std::make_unique<load::Engine>(options, address);
        sampler = std::make_unique<Sampler>(*engine);
        ended = engine->start();
        co_await tell(*engine, ended, *sampler, outbox);
    } catch (const CancelledError&) {
        nothing.interrupted = true;
        cancelled = std::current_exception();
    } catch (const load::Unreachable& error) {
        nothing.failure = error.failure();
    } catch (const std::exception& error) {
        nothing.failure = load::Failure{"generator", error.what()};
    }

    Update last;
    if (ended.valid()) {
        if (!ended.done()) {
            engine->stop();
            CancelScope scope(shielded);
            co_await shield(ended);
        }
        last.progress = engine->counts();
        last.sample = sampler->rest(last.progress);
        last.end = engine->summary();
        if (nothing.failure) last.end->failure = std::move(nothing.failure);
    } else {
        last.end = std::move(nothing);
    }
    outbox.put_end(std::move(last));
    if (cancelled) std::rethrow_exception(std::move(cancelled));
}

}  // namespace hocket::window
