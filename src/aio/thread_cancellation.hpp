// How the cancellation of a thread reaches the event loop that it runs.
#pragma once
#include <optional>
#include <utility>

#include "hocket/core/detail/cancel_watch.hpp"
#include "hocket/core/detail/scheduler.hpp"

namespace hocket::detail {

/// While it lives, a cancellation of the calling thread, or of the job that it runs, is obeyed by the loop that it
/// runs: `obey(canceller)` is called, once, in a step of its own. Not inside of a CancelShield.
///
/// The cancelling thread may do no more than post; what it posts may run long after this object has gone, so that it is
/// an object of its own, which knows whether anybody is left to obey.
template <class Obey>
class ThreadCancellation {
public:
    /// Throws std::bad_alloc.
    ThreadCancellation(Scheduler& loop, Obey obey) : obey_(std::move(obey)), canceller_(ThreadCanceller::in_force()) {
        if (!canceller_) return;
        order_ = new Order(*this);
        watch_.emplace(*canceller_, Post{&loop, order_});
    }
    ThreadCancellation(const ThreadCancellation&) = delete;
    ThreadCancellation& operator=(const ThreadCancellation&) = delete;
    ~ThreadCancellation() {
        if (!canceller_) return;
        const bool posted = watch_->end();
        if (!posted) {
            delete order_;
        } else if (order_) {
            order_->from = nullptr;
        }
    }

private:
    struct Order final : RunNode {
        explicit Order(ThreadCancellation& from) noexcept : from(&from) {}
        void run() noexcept override {
            if (from) {
                from->order_ = nullptr;
                from->obey_(*from->canceller_);
            }
            delete this;
        }
        void drop() noexcept override { delete this; }
        ThreadCancellation* from;  // null when it has gone
    };
    struct Post {
        void operator()() const noexcept { loop->post(*order); }
        Scheduler* loop;
        Order* order;
    };

    Obey obey_;
    ThreadCanceller* const canceller_;  // null: nobody cancels
    Order* order_ = nullptr;            // null when it has run
    std::optional<CancelWatch<Post>> watch_;
};

}  // namespace hocket::detail
