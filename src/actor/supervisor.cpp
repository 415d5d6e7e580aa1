#include "hocket/actor/supervisor.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/core/report.hpp"

namespace hocket {

namespace detail {

/// The children and what is done with them. The table is changed on the supervisor's loop only, under the mutex, which
/// others need to look at it.
class Children {
public:
    Children(SupervisorOptions options, ActorRef<Supervisor::Message> self)
        : options_(std::move(options)), self_(std::move(self)), mailbox_(ActorAccess::mailbox(self_)) {}

    std::size_t add(ChildSpec spec) {
        std::scoped_lock guard(mutex_);
        all_.emplace_back(std::move(spec));
        return all_.size() - 1;
    }
    AnyActor find(std::string_view name) const {
        std::scoped_lock guard(mutex_);
        for (const Child& child : all_) {
            if (child.spec.name == name) return child.actor;
        }
        return AnyActor();
    }
    std::size_t restarts() const noexcept { return restarts_.load(std::memory_order_relaxed); }

    /// The coroutine that a supervisor is.
    static Task<void> run(std::shared_ptr<Children> children);

private:
    class Child {
    public:
        explicit Child(ChildSpec spec) : spec(std::move(spec)) {}
        ChildSpec spec;
        AnyActor actor;             // nothing: not running
        std::uint64_t monitor = 0;  // tells the present actor's Down from those before
    };
    Task<void> supervise();
    Task<void> restart_after(std::size_t index, Down down);
    Task<void> stop_from(std::size_t first, std::string_view reason);
    void start_child(std::size_t index);
    Down failure_to_start(std::size_t index, std::exception_ptr error) const;
    void tell(const std::string& child, const Down& down) const noexcept;
    void count_restart(const std::string& name, const std::exception_ptr& error, const std::string& reason);
    std::size_t index_of(std::uint64_t monitor) const noexcept {
        std::size_t index = 0;
        while (index < all_.size() && all_[index].monitor != monitor) ++index;
        return index;
    }
    void started(std::size_t index, AnyActor actor, std::uint64_t monitor) {
        std::scoped_lock guard(mutex_);
        all_[index].actor = std::move(actor);
        all_[index].monitor = monitor;
    }
    void ended(std::size_t index) {
        std::scoped_lock guard(mutex_);
        all_[index].actor = AnyActor();
        all_[index].monitor = 0;
    }
    void remove(std::size_t index) {
        std::scoped_lock guard(mutex_);
        all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    /// Those from `first` on; where the child at `index`, which is not one, is then.
    std::size_t remove_temporary(std::size_t first, std::size_t index) {
        for (std::size_t next = all_.size(); next-- > first;) {
            if (all_[next].spec.restart != Restart::temporary) continue;
            remove(next);
            if (next < index) --index;
        }
        return index;
    }

    const SupervisorOptions options_;
    const ActorRef<Supervisor::Message> self_;
    const StateRef<Mailbox<Supervisor::Message>> mailbox_;
    mutable std::mutex mutex_;
    std::deque<Child> all_;
    std::deque<TimePoint> restart_times_;
    std::atomic<std::size_t> restarts_{0};
};

void Children::start_child(std::size_t index) {
    AnyActor actor = all_[index].spec.start();
    if (!actor || (!actor.is_alive() && !actor.ended()))
        throw InvalidStateError("hocket: the start function of child '" + all_[index].spec.name + "' returned " +
                                (actor ? "an actor that it had not started" : "no actor") +
                                "; end it with spawn_actor(), or call start()");
    const std::uint64_t number = monitor(ActorAccess::core(actor), ActorAccess::shared(self_));
    started(index, std::move(actor), number);
}

Down Children::failure_to_start(std::size_t index, std::exception_ptr error) const {
    Down down;
    down.name = all_[index].spec.name;
    down.kind = ExitKind::failed;
    down.reason = describe(error);
    down.error = std::move(error);
    return down;
}

void Children::tell(const std::string& child, const Down& down) const noexcept {
    if (down.kind != ExitKind::failed) return;
    try {
        if (options_.on_failure) return options_.on_failure(down);
        report(ReportKind::lost_exception,
               "child '" + child + "' of supervisor '" + self_.name() + "' failed: " + down.reason);
    } catch (...) {
        report(ReportKind::lost_exception, "a supervisor could not tell of the failure of a child");
    }
}

// Throws TooManyRestarts.
void Children::count_restart(const std::string& name, const std::exception_ptr& error, const std::string& reason) {
    const TimePoint now = EventLoop::current().time();
    auto& times = restart_times_;
    while (!times.empty() && now - times.front() > options_.period) times.pop_front();
    if (times.size() >= options_.max_restarts) {
        throw TooManyRestarts("hocket: supervisor '" + self_.name() + "' gives up after " +
                                  std::to_string(times.size()) + " restarts: child '" + name +
                                  "' ended again: " + (reason.empty() ? "without an error" : reason),
                              error);
    }
    times.push_back(now);
    restarts_.fetch_add(1, std::memory_order_relaxed);
}

Task<void> Children::run(std::shared_ptr<Children> children) {
    std::exception_ptr error;
    try {
        co_await children->supervise();
    } catch (...) {
        error = std::current_exception();
    }
    CancelScope scope(shielded);
    co_await children->stop_from(0, "its supervisor ends");
    if (error) std::rethrow_exception(error);
}

Task<void> Children::supervise() {
    for (std::size_t index = 0; index < all_.size(); ++index) start_child(index);
    for (;;) {
        Supervisor::Message message = co_await ReceiveMessage<Supervisor::Message>(*mailbox_);
        if (auto* order = std::get_if<StartChild>(&message)) {
            const std::size_t index = add(std::move(*order->spec));
            Down failed;
            try {
                start_child(index);
                continue;
            } catch (...) {
                failed = failure_to_start(index, std::current_exception());
            }
            co_await restart_after(index, std::move(failed));
        } else {
            auto& down = std::get<Down>(message);
            const std::size_t index = down.monitor != 0 ? index_of(down.monitor) : all_.size();
            if (index == all_.size()) continue;  // of one that was stopped meanwhile
            co_await restart_after(index, std::move(down));
        }
    }
}

// The child at `index` has ended so, or could not be started.
Task<void> Children::restart_after(std::size_t index, Down down) {
    ended(index);
    tell(all_[index].spec.name, down);
    const Restart when = all_[index].spec.restart;
    if (when == Restart::temporary || (when == Restart::transient && down.kind != ExitKind::failed)) {
        remove(index);
        co_return;
    }
    const std::string name = all_[index].spec.name;
    std::exception_ptr error = down.error;
    std::string reason = down.reason;
    for (;;) {
        bool started = false;
        count_restart(name, error, reason);
        std::size_t first = index;
        std::size_t last = index + 1;
        if (options_.strategy == Strategy::one_for_all) first = 0;
        if (options_.strategy != Strategy::one_for_one) {
            CancelScope scope(shielded);
            co_await stop_from(first, "a sibling is started anew");
            index = remove_temporary(first, index);
            last = all_.size();
        }
        std::size_t next = first;
        try {
            for (; next < last; ++next) start_child(next);
            started = true;
        } catch (...) {
            error = std::current_exception();
        }
        if (started) break;
        const Down failed = failure_to_start(next, error);
        reason = failed.reason;
        tell(failed.name, failed);
    }
}

// Stops those from `first` on, the last one first, and waits for each.
Task<void> Children::stop_from(std::size_t first, std::string_view reason) {
    for (std::size_t index = all_.size(); index-- > first;) {
        const AnyActor actor = all_[index].actor;
        if (!actor) continue;
        (void)ActorAccess::core(actor).forget(all_[index].monitor);
        actor.stop(reason);
        TimerHandle late = EventLoop::current().call_later(options_.report_after, [actor] {
            report(ReportKind::stuck_shutdown,
                   "a supervisor waits for actor '" + actor.name() + "', which was stopped and does not end");
        });
        co_await actor.async_wait();
        late.cancel();
        ended(index);
    }
}

}  // namespace detail

Supervisor::Supervisor(SupervisorOptions options, std::vector<ChildSpec> children)
    : Actor(ActorOptions().with_name(options.name)),
      children_(std::make_shared<detail::Children>(std::move(options), *this)) {
    for (ChildSpec& child : children) (void)children_->add(std::move(child));
}

Supervisor::~Supervisor() { end(); }

Task<void> Supervisor::run() { return detail::Children::run(children_); }

AnyActor Supervisor::child(std::string_view name) const { return children_->find(name); }

std::size_t Supervisor::restarts() const noexcept { return children_->restarts(); }

}  // namespace hocket
