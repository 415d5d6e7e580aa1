#pragma once

#include <chrono>
#include <memory>

#include "hocket/aio/task.hpp"
#include "hocket/queue.hpp"
#include "load/options.hpp"
#include "update.hpp"

namespace hocket::window {

using Updates = Queue<Update>;

// The sending end of a test's updates. Whatever becomes of the test, even if it never begins, its last update carries
// the end: the destructor puts one if nobody else has.
class Outbox {
public:
    Outbox(std::shared_ptr<Updates> updates, const load::LoadOptions& options);
    Outbox(Outbox&&) noexcept = default;
    ~Outbox();

    void put(Update update) { updates_->put(std::move(update)); }
    void put_end(Update update);

private:
    std::shared_ptr<Updates> updates_;  // nothing: moved from, or the end has been put
    load::Summary never_begun_;
};

// Makes a load test, and puts an update whenever there is something to tell, at most 20 of them a second, however fast
// the test is; what cannot be told yet is part of the next one, and the last one, with the end, comes at once.
// Cancelling it stops the test: no request is begun after this loop's and the workers' next turns, and the end is put
// when those under way have been given up. Never throws anything but CancelledError: errors are part of the end.
Task<void> conduct(load::LoadOptions options, Outbox outbox);

}  // namespace hocket::window
