#include "hocket/actor/detail/actor_core.hpp"

#include <algorithm>
#include <utility>

#include "actor/actor_thread.hpp"
#include "hocket/core/detail/is_cancellation.hpp"
#include "hocket/core/detail/party.hpp"
#include "hocket/core/report.hpp"
#include "hocket/threading/cancel_shield.hpp"

namespace hocket {

std::string_view to_string(ExitKind kind) noexcept {
    switch (kind) {
        case ExitKind::finished:
            return "finished";
        case ExitKind::stopped:
            return "stopped";
        case ExitKind::failed:
            return "failed";
    }
    return "unknown";
}

namespace detail {
namespace {

std::unique_ptr<const std::string> kept_text(std::string_view text) noexcept {
    try {
        return text.empty() ? nullptr : std::make_unique<const std::string>(text);
    } catch (const std::bad_alloc&) {  // stopping matters more than saying why
        return nullptr;
    }
}

std::unique_ptr<const std::string> kept_description(const std::exception_ptr& error) noexcept {
    try {
        return std::make_unique<const std::string>(describe(error));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void destroy_all(EndObserver* observers) noexcept {
    while (observers) delete std::exchange(observers, observers->next);
}

// While it lives, the calling thread tells the observers of `core`. One of them may join that actor, whose end it knows
// of; it would wait for itself.
class Telling {
public:
    explicit Telling(const ActorCore& core) noexcept : core_(core), outer_(std::exchange(innermost, this)) {}
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;
    ~Telling() { innermost = outer_; }
    static bool is_about(const ActorCore& core) noexcept {
        const Telling* telling = innermost;
        while (telling && &telling->core_ != &core) telling = telling->outer_;
        return telling != nullptr;
    }

private:
    static thread_local constinit Telling* innermost;
    const ActorCore& core_;
    Telling* const outer_;
};
thread_local constinit Telling* Telling::innermost = nullptr;

}  // namespace

void ActorTask::root_finished() noexcept {
    auto root = std::coroutine_handle<TaskPromise<void>>::from_address(promise()->handle().address());
    std::exception_ptr error = root.promise().outcome().error();
    root.destroy();
    ended(nullptr);
    core_.finish(std::move(error));  // destroys this object
}

const OwnedKind ActorCore::kOwnedKind{
    [](const void* actor) noexcept {
        return static_cast<const ActorCore*>(actor)->party_.load(std::memory_order_acquire);
    },
    [](const void* actor) { return "the end of actor '" + static_cast<const ActorCore*>(actor)->name() + "'"; }};

const OwnedKind ActorCore::kRoomKind{
    [](const void* actor) noexcept {
        return static_cast<const ActorCore*>(actor)->party_.load(std::memory_order_acquire);
    },
    [](const void* actor) {
        return "room in the mailbox of actor '" + static_cast<const ActorCore*>(actor)->name() + "'";
    }};

ActorCore::ActorCore(const ActorOptions& options, ActorBody* body)
    : body_(body),
      id_(number_of(next_party_id())),
      name_(options.name.empty() ? nullptr : std::make_unique<const std::string>(options.name)),
      limit_(options.mailbox == 0 || options.mailbox > kUnlimited ? kUnlimited
                                                                  : static_cast<std::uint32_t>(options.mailbox)),
      refuses_(options.overflow == Overflow::refuse) {}

ActorCore::~ActorCore() {
    destroy_all(observers_);
    if (error_ && kind_ == ExitKind::failed && !retrieved_.load(std::memory_order_relaxed)) report_lost();
}

std::string ActorCore::name() const { return name_ ? *name_ : "Actor-" + std::to_string(id_); }

void ActorCore::start_on(EventLoop& loop, std::source_location where) {
    {
        WaitQueue::Lock lock(receivers_);
        if (started()) {
            throw InvalidStateError("hocket: actor '" + name() +
                                    "' was started already; an actor runs once, make another object for another run");
        }
        if (stopping_.load(std::memory_order_relaxed))
            throw InvalidStateError("hocket: actor '" + name() + "' was stopped before it was started");
        started_at_ = where;
        context_ = current_context();
        home_ = &loop;
        signals_.store(kStart, std::memory_order_relaxed);
        phase_.store(Phase::running, std::memory_order_release);
    }
    add_reference();
    try {
        loop.post_unless_closed(*this);
    } catch (...) {
        {
            WaitQueue::Lock lock(receivers_);
            phase_.store(Phase::fresh, std::memory_order_release);
            signals_.store(0, std::memory_order_relaxed);
            home_ = nullptr;
        }
        drop_reference();
        throw;
    }
}

void ActorCore::start_thread(std::source_location where) {
    if (started()) return start_on(*home_, where);  // throws
    thread_ = std::make_unique<ActorThread>(name());
    try {
        start_on(thread_->loop(), where);
    } catch (...) {
        thread_->actor_ended();
        thread_->join();
        thread_ = nullptr;
        throw;
    }
}

void ActorCore::run() noexcept {
    const std::uint8_t signals = signals_.exchange(0, std::memory_order_acq_rel);
    if (signals & kStart) return begin();
    if (!finishing_) task()->cancel_all(reason_ ? std::string_view(*reason_) : std::string_view());
    drop_reference();
}

// Its loop was closed first.
void ActorCore::drop() noexcept {
    const std::uint8_t signals = signals_.exchange(0, std::memory_order_acq_rel);
    if (!(signals & kStart)) return drop_reference();
    std::exception_ptr error;
    try {
        error = std::make_exception_ptr(CancelledError("its event loop was closed"));
    } catch (...) {
        error = std::current_exception();
    }
    finish(std::move(error));
}

void ActorCore::begin() noexcept {
    // Stopped before it began, perhaps by its destructor: there is nothing left to run.
    if (stopping_.load(std::memory_order_acquire)) return finish(nullptr);
    std::exception_ptr error;
    try {
        const EnterContext inherited(std::move(context_));
        const auto root = body_->begin().release();
        try {
            const std::string_view shown = name_ ? std::string_view(*name_) : std::string_view();
            task().emplace(root.promise(), *home_, TaskOrigin(home_->root_scope(), nullptr, shown, started_at_), *this);
        } catch (...) {
            root.destroy();
            throw;
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (!task()) return finish(std::move(error));
    party_.store(task()->party(), std::memory_order_release);
    if (stopping_.load(std::memory_order_acquire))
        task()->cancel_all(reason_ ? std::string_view(*reason_) : std::string_view());
    task()->first_step();
}

void ActorCore::close() noexcept {
    WaitQueue::Popped receivers;
    WaitQueue::Popped senders;
    {
        WaitQueue::Lock lock(receivers_);
        if (shut_) return;
        senders = shut();
        receivers = lock.pop_all();
    }
    WaitQueue::wake_all(receivers);
    WaitQueue::wake_all(senders);
}

void ActorCore::stop(std::string_view reason, bool keep, std::exception_ptr cause) noexcept {
    auto text = kept_text(reason);
    WaitQueue::Popped senders;
    {
        WaitQueue::Lock lock(receivers_);
        if (finishing_ || stopping_.load(std::memory_order_relaxed)) return;
        keep_ = keep;
        error_ = std::move(cause);
        reason_ = std::move(text);
        stopping_.store(true, std::memory_order_release);
        senders = shut();
        if (home_ && signals_.fetch_or(kStop, std::memory_order_acq_rel) == 0) {
            add_reference();
            home_->post(*this);
        }
    }
    WaitQueue::wake_all(senders);
}

bool ActorCore::is_own_exit(const std::exception_ptr& error) const noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const ActorExit& exit) {
        return exit.actor() == id_;
    } catch (...) {
        return false;
    }
}

// Under the lock. `cancelled`: the error is a cancellation, which `text` describes.
void ActorCore::classify(std::exception_ptr error, bool cancelled, std::unique_ptr<const std::string> text) noexcept {
    const bool asked = stopping_.load(std::memory_order_relaxed);
    if (error && !cancelled) {
        kind_ = ExitKind::failed;
        error_ = std::move(error);
    } else if (error_) {
        kind_ = ExitKind::failed;  // by what stop() was told
    } else {
        kind_ = asked || cancelled ? ExitKind::stopped : ExitKind::finished;
        if (cancelled && !asked) reason_ = std::move(text);
    }
}

void ActorCore::finish(std::exception_ptr error) noexcept {
    if (Scheduler* here = Scheduler::current()) here->set_current_task(nullptr);
    party_.store(0, std::memory_order_release);
    if (error && is_own_exit(error)) error = nullptr;
    const bool cancelled = error && is_cancellation(error);
    auto text = cancelled ? kept_description(error) : nullptr;
    WaitQueue::Popped senders;
    {
        WaitQueue::Lock lock(receivers_);
        finishing_ = true;
        senders = shut();
        classify(std::move(error), cancelled, std::move(text));
    }
    WaitQueue::wake_all(senders);
    dropped_.store(keep_ ? unread() : drop_unread(), std::memory_order_relaxed);
    if (owns_body_) delete std::exchange(body_, nullptr);
    EndObserver* observers = nullptr;
    ActorThread* const thread = thread_.get();
    {
        WaitQueue::Lock lock(receivers_);
        observers = std::exchange(observers_, nullptr);
        phase_.store(Phase::ended, std::memory_order_release);
    }
    tell_everybody(observers);
    if (thread) thread->actor_ended();
    drop_reference();
}

Down ActorCore::down() const {
    Down down;
    down.actor = id_;
    down.name = name();
    down.kind = kind_;
    if (kind_ == ExitKind::failed) {
        down.error = error_;
        down.reason = describe(error_);
    } else if (reason_) {
        down.reason = *reason_;
    }
    return down;
}

void ActorCore::notify(EndObserver* observers) noexcept {
    if (!observers) return;
    EndObserver* ordered = nullptr;  // they are in reverse
    while (EndObserver* observer = observers) {
        observers = observer->next;
        observer->next = ordered;
        ordered = observer;
    }
    try {
        const Down told = down();
        for (const EndObserver* observer = ordered; observer; observer = observer->next) {
            if (const_cast<EndObserver*>(observer)->actor_ended(told))
                retrieved_.store(true, std::memory_order_relaxed);
        }
    } catch (const std::exception&) {
        report(ReportKind::lost_exception, "no memory to tell an actor of the end of another");
    }
    destroy_all(ordered);
}

// The observers, then those who wait for the end.
void ActorCore::tell_everybody(EndObserver* observers) noexcept {
    {
        const Telling telling(*this);
        notify(observers);
    }
    WaitQueue::Popped joiners;
    {
        WaitQueue::Lock joining(joiners_);
        phase_.store(Phase::told, std::memory_order_release);
        joiners = joining.pop_all();
    }
    WaitQueue::wake_all(joiners);
}

bool ActorCore::told() const noexcept {
    const Phase phase = phase_.load(std::memory_order_acquire);
    return phase == Phase::told || (phase == Phase::ended && Telling::is_about(*this));
}

void ActorCore::observe(std::unique_ptr<EndObserver> observer) {
    EndObserver* obsolete = nullptr;
    {
        WaitQueue::Lock lock(receivers_);
        if (!ended()) obsolete = add(std::move(observer));
    }
    destroy_all(obsolete);
    if (observer && observer->actor_ended(down())) retrieved_.store(true, std::memory_order_relaxed);
}

// Returns those behind whom nobody is left, which an actor that lives long would collect: it looks for them each time
// that so many were added as there were the last time.
EndObserver* ActorCore::add(std::unique_ptr<EndObserver> observer) noexcept {
    EndObserver* taken = nullptr;
    if (additions_-- == 0) {
        std::size_t left = 0;
        taken = take_out([&left](const EndObserver& one) {
            const bool obsolete = one.obsolete();
            left += !obsolete;
            return obsolete;
        });
        additions_ = static_cast<std::uint16_t>(std::clamp<std::size_t>(left, 16, 65535));
    }
    observer->next = observers_;
    observers_ = observer.release();
    return taken;
}

// A list of those that match, now the caller's.
template <class Matches>
EndObserver* ActorCore::take_out(Matches matches) noexcept {
    EndObserver* found = nullptr;
    for (EndObserver** link = &observers_; *link;) {
        EndObserver* observer = *link;
        if (!matches(*observer)) {
            link = &observer->next;
            continue;
        }
        *link = observer->next;
        observer->next = found;
        found = observer;
    }
    return found;
}

bool ActorCore::forget(std::uint64_t id) noexcept {
    EndObserver* found = nullptr;
    {
        WaitQueue::Lock lock(receivers_);
        found = take_out([id](const EndObserver& observer) { return observer.id == id; });
    }
    const bool was_there = found != nullptr;
    destroy_all(found);
    return was_there;
}

void ActorCore::forget_links_to(const ActorCore& other) noexcept {
    EndObserver* found = nullptr;
    {
        WaitQueue::Lock lock(receivers_);
        found = take_out([&](const EndObserver& observer) { return observer.linked_to() == &other; });
    }
    destroy_all(found);
}

// The program has destroyed an actor that never ran.
void ActorCore::end_unstarted() noexcept {
    EndObserver* observers = nullptr;
    WaitQueue::Popped senders;
    {
        WaitQueue::Lock lock(receivers_);
        finishing_ = true;
        senders = shut();
        body_ = nullptr;
        error_ = nullptr;
        kind_ = ExitKind::stopped;
        reason_ = kept_text("it was destroyed before it was started");
    }
    WaitQueue::wake_all(senders);
    dropped_.store(drop_unread(), std::memory_order_relaxed);
    {
        WaitQueue::Lock lock(receivers_);
        observers = std::exchange(observers_, nullptr);
        phase_.store(Phase::ended, std::memory_order_release);
    }
    tell_everybody(observers);
}

void ActorCore::end_with_object() noexcept {
    if (owns_body_) return;  // this is its end
    if (!started()) return end_unstarted();
    const CancelShield shield;
    if (!told()) {
        stop("its Actor object was destroyed");
        if (Scheduler::current() == home_) {
            report(ReportKind::stuck_shutdown,
                   "an actor was destroyed by the event loop that it runs on, before its end: await async_join(), or "
                   "make it by spawn_actor()");
            return;
        }
        ThreadWaiter waiter;
        if (wait_with(waiter)) waiter.park();
    }
    if (thread_) thread_->join();
    thread_ = nullptr;
}

void ActorCore::end_with_base() noexcept {
    if (!owns_body_ && is_alive() && debug_enabled()) {
        try {
            report(
                ReportKind::stuck_shutdown,
                "actor '" + name() +
                    "' was still running when the members of its class were destroyed, which its run() may use: "
                    "make it as a hocket::ScopedActor, join it before, or call end() in the destructor of its class");
        } catch (const std::bad_alloc&) {
            report(ReportKind::stuck_shutdown,
                   "an actor was still running when the members of its class were destroyed");
        }
    }
    end_with_object();
}

void ActorCore::check_started() const {
    if (!started())
        throw InvalidStateError("hocket: actor '" + name() +
                                "' was not started, so that its end would never come; "
                                "call start() first");
}

bool ActorCore::block_until_ended(TimePoint deadline, std::source_location where) {
    check_started();
    check_thread_cancelled();
    if (told()) return true;
    ThreadWaiter waiter;
    WaitEdge edge;
    if (deadline == kNever) edge.enter(waiter, this, kOwnedKind, where);
    return !wait_with(waiter) || waiter.block(deadline, where) || told();
}

void ActorCore::rethrow() {
    retrieved_.store(true, std::memory_order_relaxed);
    if (kind_ == ExitKind::failed) std::rethrow_exception(error_);
}

void ActorCore::throw_dead() {
    std::string text = "hocket: actor '" + name() + "' takes no more messages: it ";
    if (ended()) {
        text += kind_ == ExitKind::finished ? "has ended" : "was stopped";
        if (kind_ == ExitKind::failed) text = "hocket: actor '" + name() + "' has failed: " + describe(error_);
    } else {
        text += stopping_.load(std::memory_order_relaxed) ? "is being stopped" : "was closed";
    }
    throw ActorExit(id_, text);
}

void ActorCore::throw_exit() {
    // A loop around receive() that catches every exception would otherwise hold its event loop for ever.
    constexpr std::uint8_t kPatience = 16;
    if (exits_seen_ >= kPatience) throw CancelledError("it went on calling receive() after ActorExit");
    ++exits_seen_;
    throw ActorExit(id_, "hocket: actor '" + name() + "' was closed and has read every message");
}

void ActorCore::throw_full() {
    throw MailboxFull("hocket: the mailbox of actor '" + name() + "' is full (" + std::to_string(limit_) +
                      " messages), and it refuses more");
}

void ActorCore::report_lost() const noexcept {
    try {
        std::string text =
            "actor '" + name() + "' ended with an exception that nobody got by join(): " + describe(error_);
        if (dropped() > 0) text += " (" + std::to_string(dropped()) + " messages unread)";
        report(ReportKind::lost_exception, text);
    } catch (...) {
        report(ReportKind::lost_exception, "an actor ended with an exception that nobody got by join()");
    }
}

}  // namespace detail
}  // namespace hocket
